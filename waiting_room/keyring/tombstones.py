"""A list of destroyed keys outside the database: one id a line, no owner, no secret.

An older copy of the keys database brings destroyed keys back and has forgotten that they were
destroyed. This list has not.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from pathlib import Path

from waiting_room.errors import StorageRefused

FILE = "destroyed-keys.txt"


def read(file: Path) -> set[bytes]:
    """The ids of every key on the list. A line that was cut short by a crash is passed over."""
    found = set()
    if file.exists():
        for line in file.read_text("ascii", errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                found.add(bytes.fromhex(line))
    return found


def add(file: Path, key_ids: Collection[bytes]) -> None:
    """Add these keys, safely on disk when it returns."""
    if not key_ids:
        return
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as out:
            # The line break first: what a crash cut short must not spoil this line.
            out.write("".join(f"\n{key_id.hex()}" for key_id in sorted(key_ids)) + "\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise StorageRefused(f"{file.name} cannot be written: {error.strerror}") from error
