"""Copies are taken when they are due, tried again when they fail, and a full disk is told of."""

from __future__ import annotations

import shutil
import threading
from collections import namedtuple
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from scheduler import copying
from waiting_room import beats, clock, db, keyring, settings
from waiting_room.backups import folder, sealed_file
from waiting_room.backups.take import take
from waiting_room.errors import StorageRefused
from waiting_room.models import Alert
from waiting_room.settings import Settings

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A folder for copies."""
    place = tmp_path / "copies"
    place.mkdir()
    return place


@pytest.fixture(autouse=True)
def going_on() -> Iterator[None]:
    copying.stopping.clear()
    yield
    copying.stopping.clear()


def chosen(target: Path | None, **more: object) -> Settings:
    return settings.load(backup_folder=target, **more)


def copies_in(target: Path) -> int:
    return len(folder.copies(target, folder.DATA))


def move_back(name: str, by: timedelta) -> None:
    """As if that had been so much earlier."""
    with db.write() as session:
        beats.mark(session, name, beats.all_of(session)[name] - by)


def test_a_copy_is_taken_at_once_and_again_when_its_time_has_come(
    any_room: Path, target: Path, now: datetime
) -> None:
    copies = copying.Copies(chosen(target, backup_every=30))
    assert copies.copy(now) == 1
    assert copies.copy(now) == 0
    move_back(beats.BACKUP, timedelta(minutes=31))
    assert copies.copy(now) == 1
    assert copies_in(target) == 2


def test_without_a_folder_none_is_taken(room: Path, now: datetime) -> None:
    assert copying.Copies(chosen(None)).copy(now) == 0


def test_a_failure_is_kept_and_tried_again_soon(room: Path, target: Path, now: datetime) -> None:
    copies = copying.Copies(chosen(target / "missing"))
    with pytest.raises(StorageRefused, match="is its disk mounted"):
        copies.copy(now)
    assert copies.copy(now) == 0
    with db.read() as session:
        known = beats.all_of(session)
        assert beats.BACKUP_FAILED in known and beats.BACKUP not in known
        assert beats.silent(session, wall=clock.wall() + timedelta(hours=3)) == []
    move_back(beats.BACKUP_FAILED, copying.TRY_AGAIN)
    (target / "missing").mkdir()
    assert copies.copy(now) == 1


def test_a_process_that_is_to_end_does_not_wait_for_its_copy(
    room: Path, target: Path, now: datetime
) -> None:
    copying.stopping.set()
    assert copying.Copies(chosen(target)).copy(now) == 0
    assert list(target.iterdir()) == []


def test_patients_can_be_served_while_a_copy_is_taken(
    any_room: Path, target: Path, now: datetime
) -> None:
    done = threading.Event()
    written = 0

    def copy() -> None:
        copying.Copies(chosen(target)).copy(now)
        done.set()

    thread = threading.Thread(target=copy)
    thread.start()
    while not done.wait(0.001):
        with db.write() as session:
            beats.mark(session, "sample", clock.wall())
        written += 1
    thread.join()
    assert written > 0 and copies_in(target) == 1


@pytest.mark.parametrize(("free", "told"), [(14, 1), (16, 0)])
def test_little_space_is_told_once(
    room: Path, now: datetime, monkeypatch: pytest.MonkeyPatch, free: int, told: int
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100, 100 - free, free))
    space = copying.Space(chosen(None, data=room))
    assert [space.watch(now), space.watch(now)] == [told, told]
    with db.read() as session:
        assert len(session.scalars(select(Alert)).all()) == told


def test_a_newer_master_key_opens_older_copies(room: Path, target: Path, now: datetime) -> None:
    old = take(target, wall=clock.wall())
    keyring.rotate(keyring.current(), room / "master.key")
    new = take(target, wall=clock.wall())
    secret = keyring.current().backup_secret()[1]
    assert list(sealed_file.lines(old.data, secret))
    master = keyring.current().master()
    assert sealed_file.label_of(new.keys).key_id == master.key_id
    assert list(sealed_file.lines(new.keys, master.secret))
