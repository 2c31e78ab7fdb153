"""Take a copy of the room while it serves: one moment of the data, then the keys that open it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import orjson
from sqlalchemy import Connection

from waiting_room import db, keyring, migrations
from waiting_room.backups import folder as folders
from waiting_room.backups import rows, sealed_file
from waiting_room.errors import StorageRefused
from waiting_room.models import Base


@dataclass(frozen=True)
class Taken:
    """The two files of one copy."""

    data: Path
    keys: Path
    rows: int
    size: int


def take(folder: Path, *, wall: datetime, breathe: Callable[[], None] = lambda: None) -> Taken:
    """Write the data and the keys of the room into this folder and let old copies go.

    Both appear whole or not at all; `breathe` is called between batches of rows. Raises
    StorageRefused, and then the folder is as it was.
    """
    if not folder.is_dir():
        # Never made by us: where the disk is missing, copies must not fill the one beneath it.
        raise StorageRefused(f"{folder} is not there; is its disk mounted?")
    data, keys = (folders.path_of(folder, kind, wall) for kind in (folders.DATA, folders.KEYS))
    ring = keyring.current()
    key_id, secret = ring.backup_secret()
    with ExitStack() as files:
        # Entered in this order, so that they appear in the other: never data without its keys.
        out = files.enter_context(folders.written(data))
        label = sealed_file.label_for(folders.DATA, key_id, made=wall)
        with db.snapshot() as connection:
            lines = rows.dump(connection, Base.metadata.sorted_tables, breathe=breathe)
            done = _write(out, label, secret, chain([_revision(connection)], lines))
        # After the data: a key is made before the first value that it seals.
        master = ring.master()
        out = files.enter_context(folders.written(keys))
        label = sealed_file.label_for(folders.KEYS, master.key_id, made=wall)
        with ring.looking() as connection:
            _write(
                out, label, master.secret, rows.dump(connection, keyring.COPIED, breathe=breathe)
            )
    folders.prune(folder, wall=wall)
    return Taken(data, keys, done, data.stat().st_size + keys.stat().st_size)


def _write(out: BinaryIO, label: sealed_file.Label, secret: bytes, lines: Iterable[bytes]) -> int:
    writer = sealed_file.Writer(out, label, secret)
    done = 0
    for line in lines:
        writer.write(line)
        done += line.startswith(b"[")
    writer.close()
    return done


def _revision(connection: Connection) -> bytes:
    """Which tables follow. A newer release has columns that we would leave behind."""
    revision = migrations.revision_of(connection)
    if revision is None or not migrations.knows(revision):
        raise StorageRefused("the database is of a newer release; let that release copy it")
    return orjson.dumps({"revision": revision})
