"""The rows of the keyring: wrapped keys, and which keys were destroyed. It opens nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    text,
    update,
)

from waiting_room import crypto, db

SCHEMA = "keyring"
LOCK_NUMBER = 7_242_338  # any number will do, as long as every process uses this one

_tables = MetaData(schema=SCHEMA)
_keys = Table(
    "data_key",
    _tables,
    Column("owner", String(80), primary_key=True),
    Column("key_id", LargeBinary, nullable=False),
    Column("master_id", String(16), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)
# By key and not by owner: a chat that writes again has a new key, which must live.
_destroyed = Table(
    "destroyed_key",
    _tables,
    Column("key_id", LargeBinary, primary_key=True),
    Column("destroyed_at", DateTime(timezone=True), nullable=False),
)
# What a backup of the keys holds.
COPIED = (_keys, _destroyed)
_changes = Table("change", _tables, Column("stamp", String(43), primary_key=True))


@dataclass(frozen=True)
class Wrapped:
    """A data key as it is stored: whose it is, and which master key opens it."""

    owner: str
    key_id: bytes
    master_id: str
    wrapped: bytes


class Store:
    """The keys of one room at rest. Raises StorageRefused when the database does not answer."""

    def __init__(self, url: str) -> None:
        self._database = db.Database(url)
        names = {SCHEMA: None} if self._database.is_sqlite else {SCHEMA: SCHEMA}
        self._writing = self._database.writing.execution_options(schema_translate_map=names)
        self._reading = self._database.reading.execution_options(schema_translate_map=names)
        with db.refusals(), self._writing.begin() as connection:
            if not self._database.is_sqlite:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_NUMBER})"))
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
            _tables.create_all(connection)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def find(self, owner: str) -> Wrapped | None:
        """The key of this owner."""
        with self.looking() as connection:
            return _found(connection, owner)

    def find_all(self, owners: Collection[str]) -> list[Wrapped]:
        """The keys of those of these owners who have one."""
        with self.looking() as connection:
            return _found_all(connection, owners)

    def masters(self) -> set[str]:
        """The master keys that are needed to open what is here."""
        with self.looking() as connection:
            return set(connection.execute(select(_keys.c.master_id).distinct()).scalars())

    def stamp(self) -> str | None:
        """Another text whenever a key was destroyed or wrapped anew."""
        with self.looking() as connection:
            return connection.execute(select(_changes.c.stamp)).scalar()

    def add(self, owners: Collection[str], make: Callable[[str], Wrapped]) -> list[Wrapped]:
        """The owners' keys, made now unless somebody was first; none is wrapped anew meanwhile."""
        with self.changing() as connection:
            found = _found_all(connection, owners)
            known = {key.owner for key in found}
            fresh = [make(owner) for owner in owners if owner not in known]
            if fresh:
                connection.execute(insert(_keys), [asdict(key) for key in fresh])
            return found + fresh

    def rewrap(self, master_id: str, wrap: Callable[[Wrapped], bytes]) -> int:
        """Wrap anew every key that another master key wrapped; returns how many."""
        with self.changing() as connection:
            old = connection.execute(select(_keys).where(_keys.c.master_id != master_id)).all()
            fresh = [{"whose": row.owner, "again": wrap(Wrapped(*row))} for row in old]
            if fresh:
                change = update(_keys).where(_keys.c.owner == bindparam("whose"))
                values = {"master_id": master_id, "wrapped": bindparam("again")}
                connection.execute(change.values(values), fresh)
            _tell_others(connection)
        return len(fresh)

    def destroyed(self) -> set[bytes]:
        """Every key that was ever destroyed."""
        with self.looking() as connection:
            return set(connection.execute(select(_destroyed.c.key_id)).scalars())

    def destroy(self, key_ids: Iterable[bytes], *, now: datetime) -> int:
        """Remove these keys and remember that; returns how many were still here."""
        with self.changing() as connection:
            known = set(connection.execute(select(_destroyed.c.key_id)).scalars())
            new = [{"key_id": k, "destroyed_at": now} for k in sorted(set(key_ids) - known)]
            if new:
                connection.execute(insert(_destroyed), new)
            dead = _keys.c.key_id.in_(select(_destroyed.c.key_id))
            gone = connection.execute(delete(_keys).where(dead)).rowcount
            if gone:
                _tell_others(connection)
        if gone:
            self._scrub()
        return gone

    def _scrub(self) -> None:
        """Leave no old page behind in SQLite's log after a key was destroyed."""
        if self._database.is_sqlite:
            raw = self._database.writing.raw_connection()
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raw.close()

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """A look at the keys as they are at one moment."""
        with db.refusals(), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """One at a time, over all processes: SQLite does so by itself."""
        with db.refusals(), self._writing.begin() as connection:
            if not self._database.is_sqlite:
                lock = f"LOCK TABLE {SCHEMA}.data_key IN SHARE ROW EXCLUSIVE MODE"
                connection.execute(text(lock))
            yield connection


def _found(connection: Connection, owner: str) -> Wrapped | None:
    row = connection.execute(select(_keys).where(_keys.c.owner == owner)).one_or_none()
    return Wrapped(*row) if row else None


def _found_all(connection: Connection, owners: Collection[str]) -> list[Wrapped]:
    rows = connection.execute(select(_keys).where(_keys.c.owner.in_(owners)))
    return [Wrapped(*row) for row in rows]


def _tell_others(connection: Connection) -> None:
    """Let other processes notice that keys changed."""
    connection.execute(delete(_changes))
    connection.execute(insert(_changes).values(stamp=crypto.new_token()))
