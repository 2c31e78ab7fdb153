"""Storage that says no: everything is refused in one word, and works again by itself."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.exc import InternalError

from tests.conftest import DATABASE
from tests.postgres import Postgres
from waiting_room import db
from waiting_room.errors import StorageRefused
from waiting_room.models import Lease

MEGABYTES = 8


def keep(now: datetime, name: str, size: int = 0) -> None:
    with db.write() as session:
        session.add(Lease(name=name, owner="x" * size, fence=0, until=now))


def kept() -> set[str]:
    with db.read() as session:
        return set(session.scalars(select(Lease.name)))


def whole(file: Path) -> bool:
    connection = sqlite3.connect(file)
    answer = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    return bool(answer == ("ok",))


def test_no_more_pages(room: Path, now: datetime) -> None:
    keep(now, "before")
    with db.write() as session:
        pages = session.scalar(text("PRAGMA page_count"))
        session.execute(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StorageRefused, match="full"):
        keep(now, "too much", size=500_000)
    with db.write() as session:
        session.execute(text("PRAGMA max_page_count = 100000"))
    keep(now, "after", size=500_000)
    assert kept() == {"before", "after"}
    assert whole(room / DATABASE)


def test_another_process_holds_the_file(
    room: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.1)
    db.connect(f"sqlite:///{room / DATABASE}")
    holder = sqlite3.connect(room / DATABASE, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StorageRefused, match="locked"):
        keep(now, "while held")
    holder.execute("ROLLBACK")
    holder.close()
    keep(now, "after")
    assert kept() == {"after"}


def test_a_damaged_file(room: Path, now: datetime) -> None:
    db.close()
    (room / DATABASE).write_bytes(b"no database at all, " * 1000)
    db.connect(f"sqlite:///{room / DATABASE}")
    with pytest.raises(StorageRefused, match="not a database"):
        keep(now, "never")
    with pytest.raises(StorageRefused, match="not a database"):
        kept()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield disk
    db.close()
    subprocess.run(["umount", "-l", str(disk)], check=True)


def found(disk: Path, now: datetime) -> None:
    db.connect(f"sqlite:///{disk / 'room.db'}")
    with db.write() as session:
        Lease.__table__.create(session.connection())  # type: ignore[attr-defined]
    keep(now, "before")


@pytest.mark.faults
def test_a_disk_that_turns_read_only(small_disk: Path, now: datetime) -> None:
    found(small_disk, now)
    db.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(OSError, match="Read-only"):
        (small_disk / "more").touch()
    db.connect(f"sqlite:///{small_disk / 'room.db'}")
    with pytest.raises(StorageRefused):
        keep(now, "never")
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    keep(now, "after")
    assert kept() == {"before", "after"}


@pytest.mark.faults
def test_a_full_disk(small_disk: Path, now: datetime) -> None:
    found(small_disk, now)
    ballast = small_disk / "ballast"
    with pytest.raises(OSError), ballast.open("wb", buffering=0) as out:
        while True:
            out.write(b"\0" * 4096)
    with pytest.raises(StorageRefused, match=r"full|disk I/O"):
        keep(now, "too much", size=200_000)
    assert kept() == {"before"}
    ballast.unlink()
    keep(now, "after", size=200_000)
    assert kept() == {"before", "after"}
    db.close()
    assert whole(small_disk / "room.db")


@pytest.mark.postgres
def test_a_server_that_turns_read_only(
    postgres: Postgres,
    fresh_database: Callable[..., str],
    now: datetime,
) -> None:
    url = fresh_database()
    db.connect(url)
    with db.write() as session:
        Lease.__table__.create(session.connection())  # type: ignore[attr-defined]
    keep(now, "before")
    with postgres.read_only(url):
        for _ in range(2):
            with pytest.raises(StorageRefused, match="read-only"):
                keep(now, "never")
        assert kept() == {"before"}
    keep(now, "after")
    assert kept() == {"before", "after"}
    with pytest.raises(InternalError, match="read-only"), db.read() as session:
        session.execute(delete(Lease))
    db.close()
