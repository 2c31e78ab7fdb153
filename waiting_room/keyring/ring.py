"""Seals and opens with the keys of one room, and remembers those in use."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from waiting_room import clock, crypto
from waiting_room.errors import StartRefused, StorageRefused
from waiting_room.keyring import tombstones
from waiting_room.keyring.store import Store, Wrapped

HASHES, AUDIT, STAFF, BACKUP = "hashes", "audit", "staff", "backup"
# Twice as many people as the largest room we plan for.
CACHE_LIMIT = 20_000
LOOK_AGAIN_SECONDS = 1.0


class Keyring:
    """The keys of one room, with a small memory so that a message costs no look-up.

    A key that cannot be read raises StorageRefused. Only a key that was destroyed opens to None.
    """

    def __init__(self, store: Store, key_file: Path, graves: Path) -> None:
        self._store = store
        self._key_file = key_file
        self._graves = graves
        self._use(crypto.read_key_file(key_file))
        self._memory: dict[str, crypto.DataKey] = {}
        self._raw_memory: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._stamp: str | None = None
        self._looked_at = -LOOK_AGAIN_SECONDS

    @property
    def sample(self) -> bool:
        """Whether the master key was made for the demo."""
        return self._current.sample

    def seal(self, owner: str, plain: bytes, *, bound_to: str) -> bytes:
        """Seal for this owner, making their key if they have none."""
        key = self._key(owner) or self._make(owner)
        return key.seal(plain, bound_to=bound_to)

    def unseal(self, owner: str, sealed: bytes, *, bound_to: str) -> bytes | None:
        """Open a value; None when the key that sealed it was destroyed."""
        key = self._key(owner)
        if key is None or key.key_id != crypto.key_id_of(sealed):
            return None
        return key.unseal(sealed, bound_to=bound_to)

    def ready(self, owners: Iterable[str], *, make: bool = False) -> None:
        """Fetch many keys at once, so that sealing and opening need not ask for each; with `make`
        those who have none are given one."""
        self._look_for_changes()
        missing = {owner for owner in owners if owner not in self._memory}
        if not missing:
            return
        with self._lock:
            found = self._store.find_all(missing)
            without = missing - {row.owner for row in found}
            if make and without:
                found += self._store.add(without, self._fresh)
            for row in found:
                self._remembered(row)

    def fingerprint(self, *parts: str) -> str:
        """A keyed hash for looking somebody up without reading anybody."""
        return crypto.keyed_hash(self._raw(HASHES), *parts)

    def signature(self, *parts: str) -> str:
        """A keyed hash for the audit chain, under a key of its own."""
        return crypto.keyed_hash(self._raw(AUDIT), *parts)

    def backup_secret(self) -> tuple[str, bytes]:
        """The id and the key that seal copies of the data: the room's own, so that a new master key
        opens older copies too."""
        row = self._store.find(BACKUP) or self._store.add([BACKUP], self._fresh)[0]
        return row.key_id.hex(), self._unwrapped(row)

    def master(self) -> crypto.MasterKey:
        """The key on the recovery sheet, which seals copies of the keys."""
        self._look_at_file()
        return self._current

    def looking(self) -> AbstractContextManager[Connection]:
        """The rows of the keys at one moment, to be copied."""
        return self._store.looking()

    def destroyed(self) -> set[bytes]:
        """The ids of every key that was ever destroyed."""
        return self._store.destroyed()

    def destroy(self, *owners: str, now: datetime) -> None:
        """Make everything sealed for these owners unreadable, here and in every copy of the
        data."""
        found = {row.key_id for row in map(self._store.find, owners) if row is not None}
        if found:
            # Written down first: what a kill leaves undone here, the next start does.
            tombstones.add(self._graves, found)
            self._store.destroy(found, now=now)
        self._forget()

    def apply_tombstones(self, *, now: datetime) -> int:
        """Destroy again every key an older copy brought back; returns how many came back."""
        in_file, in_table = tombstones.read(self._graves), self._store.destroyed()
        tombstones.add(self._graves, in_table - in_file)
        done = self._store.destroy(in_file, now=now)
        self._forget()
        return done

    def rewrap(self) -> int:
        """Wrap with the current master key whatever an older one wrapped. Data stays as it is."""
        self._use(crypto.read_key_file(self._key_file))
        current = self._current

        def again(row: Wrapped) -> bytes:
            return current.wrap(self._unwrapped(row), owner=row.owner)

        return self._store.rewrap(current.key_id, again)

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()

    def _key(self, owner: str) -> crypto.DataKey | None:
        self._look_for_changes()
        known = self._memory.get(owner)
        if known is not None:
            return known
        with self._lock:
            row = self._store.find(owner)
            return self._remembered(row) if row else None

    def _make(self, owner: str) -> crypto.DataKey:
        with self._lock:
            return self._remembered(*self._store.add([owner], self._fresh))

    def _remembered(self, row: Wrapped) -> crypto.DataKey:
        # All at once: which one was used longest ago is not worth knowing, they come back one by
        # one.
        if len(self._memory) >= CACHE_LIMIT:
            self._memory.clear()
        key = crypto.data_key(row.key_id, self._unwrapped(row))
        self._memory[row.owner] = key
        return key

    def _raw(self, owner: str) -> bytes:
        known = self._raw_memory.get(owner)
        if known is None:
            with self._lock:
                row = self._store.find(owner) or self._store.add([owner], self._fresh)[0]
                known = self._raw_memory[owner] = self._unwrapped(row)
        return known

    def _fresh(self, owner: str) -> Wrapped:
        # Called while nobody can rewrap: the file's key is the one to use. The key in memory may
        # be an older one, which is dropped from the file at the next start.
        self._look_at_file()
        key_id, plain = crypto.new_data_key()
        master = self._current
        return Wrapped(owner, key_id, master.key_id, master.wrap(plain, owner=owner))

    def _unwrapped(self, row: Wrapped) -> bytes:
        if row.master_id not in self._masters:
            self._look_at_file()
        if row.master_id not in self._masters:
            raise StorageRefused(f"the key file lacks master key {row.master_id}")
        return self._masters[row.master_id].unwrap(row.wrapped, owner=row.owner)

    def _look_for_changes(self) -> None:
        """Notice within a second that another process destroyed a key or wrapped them anew."""
        if clock.monotonic() - self._looked_at < LOOK_AGAIN_SECONDS:
            return
        self._looked_at = clock.monotonic()
        try:
            stamp = self._store.stamp()
        except StorageRefused:
            return
        if stamp != self._stamp:
            self._look_at_file()
            self._forget()
            self._stamp = stamp

    def _look_at_file(self) -> None:
        try:
            self._use(crypto.read_key_file(self._key_file))
        except StartRefused:
            # It is wrong only now, in the middle of serving: the keys in memory are still good.
            return

    def _use(self, masters: list[crypto.MasterKey]) -> None:
        if masters:
            self._masters = {key.key_id: key for key in masters}
            self._current = masters[0]

    def _forget(self) -> None:
        with self._lock:
            self._memory.clear()
