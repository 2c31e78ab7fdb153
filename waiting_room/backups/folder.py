"""The folder copies are kept in: whole files under telling names, and for how long."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from waiting_room import crypto
from waiting_room.errors import StorageRefused

DATA, KEYS = "data", "keys"
END, PART = ".backup", ".part"
STAMP = "%Y%m%dT%H%M%S.%fZ"
# All of the last hour, then one an hour, then one a day; an erasure must reach the last copy.
HOURLY_AFTER, DAILY_AFTER, GONE_AFTER = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
# The newest opens every copy of the data. One more, should a disk have spoilt it.
KEYS_KEPT = 2


def path_of(folder: Path, kind: str, made: datetime) -> Path:
    """Where a copy made at this moment lies."""
    return folder / f"{kind}-{made.astimezone(UTC):{STAMP}}{END}"


def made_at(file: Path) -> datetime | None:
    """When a copy was made, by its name; None for any other file."""
    with suppress(ValueError):
        stamp = file.name.removesuffix(END).partition("-")[2]
        return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    return None


def copies(folder: Path, kind: str) -> list[Path]:
    """Every copy of this kind, the newest first."""
    found = (file for file in folder.glob(f"{kind}-*{END}") if made_at(file))
    return sorted(found, key=lambda file: file.name, reverse=True)


@contextmanager
def written(file: Path) -> Iterator[BinaryIO]:
    """A private file that appears whole or not at all, whenever the process ends."""
    part = file.with_name(f"{file.name}.{os.getpid()}{PART}")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
        crypto.sync_folder(file.parent)
    except OSError as error:
        raise StorageRefused(f"{file}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def prune(folder: Path, *, wall: datetime) -> int:
    """Let go of copies that are too many or too old; returns how many."""
    dead = [part for part in folder.glob(f"*{END}.*{PART}") if _is_left_behind(part, wall=wall)]
    # Keys that were destroyed live on in old copies of the keys, so these go first.
    dead += copies(folder, KEYS)[KEYS_KEPT:]
    seen: set[str] = set()
    for file in copies(folder, DATA):
        slot = _slot(made_at(file) or wall, wall=wall)
        if slot in seen or not slot:
            dead.append(file)
        seen.add(slot)
    for file in dead:
        with suppress(OSError):
            file.unlink(missing_ok=True)
    return len(dead)


def _is_left_behind(part: Path, *, wall: datetime) -> bool:
    """A copy that was killed half-way: none takes a day."""
    with suppress(OSError):
        return part.stat().st_mtime < (wall - DAILY_AFTER).timestamp()
    return False


def _slot(made: datetime, *, wall: datetime) -> str:
    """Of copies with the same slot one is kept; of those without, none."""
    age = wall - made
    if age > GONE_AFTER:
        return ""
    rough = "%Y%m%d" if age > DAILY_AFTER else "%Y%m%dT%H" if age > HOURLY_AFTER else STAMP
    return f"{made:{rough}}"
