"""Which copies are kept, and that none is ever half a file."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from waiting_room.backups import folder
from waiting_room.errors import StorageRefused

NOW = datetime(2026, 11, 25, 10, 30, tzinfo=UTC)


def copy(place: Path, made: datetime, kind: str = folder.DATA) -> Path:
    file = folder.path_of(place, kind, made)
    with folder.written(file) as out:
        out.write(b"sample")
    return file


def test_all_of_an_hour_then_hourly_then_daily_then_none(tmp_path: Path) -> None:
    days = 24 * 60
    for minutes in (*range(0, 2 * days, 10), *range(2 * days, 40 * days, 240)):
        copy(tmp_path, NOW - timedelta(minutes=minutes))
    folder.prune(tmp_path, wall=NOW)
    ages = [NOW - (folder.made_at(file) or NOW) for file in folder.copies(tmp_path, folder.DATA)]
    assert sum(age <= timedelta(hours=1) for age in ages) == 7
    assert sum(timedelta(hours=1) < age <= timedelta(days=1) for age in ages) == 24
    assert len(ages) == 7 + 24 + 30
    assert max(ages) <= timedelta(days=30)
    assert folder.prune(tmp_path, wall=NOW) == 0


def test_only_the_newest_keys_are_kept_so_that_an_erasure_reaches_the_last_copy(
    tmp_path: Path,
) -> None:
    made = [copy(tmp_path, NOW - timedelta(hours=n), folder.KEYS) for n in range(5)]
    folder.prune(tmp_path, wall=NOW)
    assert folder.copies(tmp_path, folder.KEYS) == made[:2]


def test_other_files_are_left_alone_and_old_pieces_go(tmp_path: Path) -> None:
    names = ("data-mine.backup", "notes.txt", "data-20261125T103000Z.backup.1.part")
    for name in names:
        (tmp_path / name).write_text("x")
    old = (NOW - timedelta(days=2)).timestamp()
    os.utime(tmp_path / names[2], (old, old))
    folder.prune(tmp_path, wall=NOW)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(names[:2])


def test_a_file_appears_whole_private_or_not_at_all(tmp_path: Path) -> None:
    file = copy(tmp_path, NOW)
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ZeroDivisionError), folder.written(tmp_path / "b") as out:
        out.write(b"half")
        raise ZeroDivisionError
    with pytest.raises(StorageRefused, match="No space left"), folder.written(tmp_path / "c"):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == [file]
