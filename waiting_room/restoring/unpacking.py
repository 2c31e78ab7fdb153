"""From two sealed files to open keys and a filled database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson
from sqlalchemy.exc import DataError, IntegrityError

from waiting_room import crypto, db, keyring, migrations
from waiting_room.backups import folder, rows, sealed_file
from waiting_room.care import aftermath
from waiting_room.errors import BadInput, StartRefused

DESTROYED = "destroyed_key"
Masters = dict[str, crypto.MasterKey]


@dataclass(frozen=True)
class Copy:
    """A copy of the data, of the keys if there is one, and every copy of keys that lies beside."""

    data: Path
    keys: Path | None
    made: datetime
    key_id: str
    beside: tuple[Path, ...] = ()


def find(data: Path, keys: Path | None = None) -> Copy:
    """The copy this file belongs to; its keys are the newest beside it unless told."""
    label = _labelled(data, folder.DATA)
    beside = folder.copies(data.absolute().parent, folder.KEYS)
    keys = keys or (beside[0] if beside else None)
    if keys is not None:
        _labelled(keys, folder.KEYS)
    return Copy(data, keys, label.made, label.key_id, tuple(beside))


def bring_keys(copy: Copy, key_file: Path, *, url: str, graves: Path) -> None:
    """Have the keys of the copy at this address, unless keys are there already."""
    masters = {key.key_id: key for key in crypto.read_key_file(key_file)}
    if not masters:
        raise StartRefused(f"key file {key_file}: missing; make it from the recovery sheet")
    # Before any key is used: what was destroyed after the copy was made stays destroyed. Newer keys
    # know of it, also when older ones were asked for.
    for file in {*copy.beside, *filter(None, [copy.keys])}:
        if file == copy.keys or sealed_file.label_of(file).key_id in masters:
            keyring.bury(graves, _destroyed(file, masters))
    with keyring.filling(url) as empty:
        if empty is not None and copy.keys is None:
            raise BadInput("keys", "no keys-….backup lies beside it; name one with --keys")
        if empty is not None and copy.keys is not None:
            rows.load(empty, _lines_of_keys(copy.keys, masters), schema=keyring.SCHEMA)


def check_whole(copy: Copy) -> None:
    """Read the data to its end with the keys in use, so that nothing is begun with a copy that is
    not whole, or of another room."""
    if keyring.current().backup_secret()[0] != copy.key_id:
        raise BadInput("file", f"{copy.data.name}: the keys are those of another room")
    lines = _lines_of_data(copy)
    if not migrations.knows(_revision(next(lines))):
        raise BadInput("file", f"{copy.data.name}: made by a newer release; update the software")
    for _ in lines:
        pass


def fill(copy: Copy, *, now: datetime, moving: bool = False) -> int:
    """Put every row into the connected, empty database; returns how many. Letters are held in the
    same breath: a room that can be served never sends old ones."""
    lines = _lines_of_data(copy)
    migrations.upgrade(to=_revision(next(lines)))
    try:
        with db.write() as session:
            done = rows.load(session.connection(), lines)
            if not moving:
                aftermath.hold_letters(session, now=now)
    except (DataError, IntegrityError) as error:
        why = str(error.orig).partition("\n")[0]
        raise BadInput("file", f"{copy.data.name}: a row does not fit here: {why}") from error
    migrations.upgrade()
    return done


def _destroyed(file: Path, masters: Masters) -> list[bytes]:
    known = rows.read(_lines_of_keys(file, masters))
    return [row["key_id"] for head, row in known if head.table == DESTROYED]


def _lines_of_data(copy: Copy) -> Iterator[bytes]:
    return sealed_file.lines(copy.data, keyring.current().backup_secret()[1])


def _lines_of_keys(file: Path, masters: Masters) -> Iterator[bytes]:
    needed = sealed_file.label_of(file).key_id
    if needed not in masters:
        have = " and ".join(masters)
        raise StartRefused(f"{file.name}: needs master key {needed}; the key file holds {have}")
    return sealed_file.lines(file, masters[needed].secret)


def _labelled(file: Path, kind: str) -> sealed_file.Label:
    label = sealed_file.label_of(file)
    if label.kind != kind:
        raise BadInput(
            "file", f"{file.name}: this holds {label.kind}; the file of {kind} is needed"
        )
    return label


def _revision(line: bytes) -> str:
    return str(orjson.loads(line)["revision"])
