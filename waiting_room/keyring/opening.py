"""Opening the keyring, and a new master key: what one process at a time may do to the key file."""

from __future__ import annotations

import fcntl
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import Connection

from waiting_room import clock, crypto
from waiting_room.errors import StartRefused
from waiting_room.keyring import tombstones
from waiting_room.keyring.ring import Keyring
from waiting_room.keyring.store import Store


def open_at(
    url: str,
    key_file: Path,
    *,
    sample: bool = False,
    founded: bool = False,
    graves: Path | None = None,
) -> Keyring:
    """Open (on the first run: make) the keyring; raises StartRefused when the key is not right.

    `founded` says that there is data already, so that its keys must be there too. `graves` is the
    list of destroyed keys; it lies beside the key file unless told.
    """
    with _alone(key_file), ExitStack() as refused:
        store = Store(url)
        refused.callback(store.close)
        _check(store.masters(), crypto.read_key_file(key_file), key_file, founded=founded)
        if not key_file.exists():
            _first_key(key_file, sample=sample)
        keyring = Keyring(store, key_file, graves or key_file.with_name(tombstones.FILE))
        _prove(keyring, key_file)
        _finish_rotation(keyring, key_file)
        keyring.apply_tombstones(now=clock.wall())
        # Nothing refused: the store stays open for as long as the keyring does.
        refused.pop_all()
    return keyring


def try_at(url: str, key_file: Path, *, graves: Path) -> Keyring:
    """The keys of a copy, to be looked at only: the key file of the room stays as it is."""
    keyring = Keyring(Store(url), key_file, graves)
    keyring.apply_tombstones(now=clock.wall())
    return keyring


@contextmanager
def filling(url: str) -> Iterator[Connection | None]:
    """An empty database of keys, to be filled from a copy; None when it holds keys already."""
    store = Store(url)
    try:
        if store.masters():
            yield None
            return
        with store.changing() as connection:
            yield connection
    finally:
        store.close()


def bury(graves: Path, key_ids: Collection[bytes]) -> None:
    """Add to the list of destroyed keys what a copy knows of it; opening then destroys them."""
    tombstones.add(graves, set(key_ids) - tombstones.read(graves))


def rotate(keyring: Keyring, key_file: Path) -> tuple[str, int]:
    """A new master key: every data key is wrapped again, nothing else is rewritten.

    The file keeps the old key until the next start finds nothing wrapped with it, so that neither
    a kill half-way nor a running process that has not noticed yet can lose anything.
    """
    with _alone(key_file):
        old = crypto.read_key_file(key_file)
        if not old:
            raise StartRefused(f"key file {key_file.name}: missing; it cannot be rotated")
        new = crypto.new_master_key(sample=old[0].sample)
        # The file before the database: a key that wrapped something must be on disk already.
        crypto.write_key_file(key_file, [new, *old])
        crypto.write_recovery_sheet(sheet_of(key_file), new, key_file=key_file)
        return new.key_id, keyring.rewrap()


def sheet_of(key_file: Path) -> Path:
    """Where the page to print is written."""
    return key_file.with_name("recovery-sheet.txt")


def _check(
    needed: set[str], masters: list[crypto.MasterKey], key_file: Path, *, founded: bool
) -> None:
    if founded and not needed:
        raise StartRefused(
            "the database of keys is empty, so the data cannot be read; "
            "restore it from its backup or set WAITING_ROOM_KEYS_URL"
        )
    if needed and not masters:
        raise StartRefused(
            f"key file {key_file.name}: missing; without it the data cannot be read. "
            "Restore it from the recovery sheet or set WAITING_ROOM_KEY_FILE"
        )
    if not needed <= {key.key_id for key in masters}:
        raise StartRefused(
            f"key file {key_file.name}: this is not the key the data was sealed with"
        )


def _first_key(key_file: Path, *, sample: bool) -> None:
    first = crypto.new_master_key(sample=sample)
    # The sheet first: a key that is in use is always on it.
    crypto.write_recovery_sheet(sheet_of(key_file), first, key_file=key_file)
    crypto.write_key_file(key_file, [first])


def _prove(keyring: Keyring, key_file: Path) -> None:
    try:
        keyring.fingerprint("start")
    except crypto.CannotOpen:
        raise StartRefused(f"key file {key_file.name}: the key does not fit the data") from None


def _finish_rotation(keyring: Keyring, key_file: Path) -> None:
    masters = crypto.read_key_file(key_file)
    if len(masters) < 2:
        return
    if keyring.rewrap():
        # Killed half-way, perhaps before the sheet was written.
        crypto.write_recovery_sheet(sheet_of(key_file), masters[0], key_file=key_file)
    crypto.write_key_file(key_file, masters[:1])


@contextmanager
def _alone(key_file: Path) -> Iterator[None]:
    try:
        key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = key_file.with_name(f"{key_file.name}.lock").open("w")
    except OSError:
        # A folder nobody may write to: then nobody can change the key file either.
        yield
        return
    with handle:
        # A lock file beside it, because the key file itself is replaced by another when it is
        # written.
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
