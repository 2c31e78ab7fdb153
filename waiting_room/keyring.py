"""Data keys by owner, wrapped by the master key, in a database of their own.

Destroying an owner's key makes every value sealed for them unreadable, in this database and in any
copy of it taken before. That is why the keys do not live beside the data (DESIGN: sealing).
"""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Engine,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    event,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError, OperationalError

from waiting_room import clock, crypto
from waiting_room.errors import StartRefused, StorageRefused

HASHES, AUDIT, STAFF = "hashes", "audit", "staff"
CACHE_LIMIT = 20_000
LOOK_AGAIN_SECONDS = 1.0

_tables = MetaData()
data_keys = Table(
    "data_key",
    _tables,
    Column("owner", String(80), primary_key=True),
    Column("key_id", LargeBinary, nullable=False),
    Column("master_id", String(16), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)
tombstones = Table(
    "tombstone",
    _tables,
    Column("owner", String(80), primary_key=True),
    Column("destroyed_at", DateTime(timezone=True), nullable=False),
)
changes = Table("change", _tables, Column("stamp", String(40), primary_key=True))


class Keyring:
    """The keys of one room, with a small memory so that a message costs no look-up."""

    def __init__(self, engine: Engine, key_file: Path) -> None:
        self._engine = engine
        self._key_file = key_file
        self._read_masters()
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
        return self._key(owner, make=True).seal(plain, bound_to=bound_to)

    def unseal(self, owner: str, sealed: bytes, *, bound_to: str) -> bytes | None:
        """Open a value; None when the owner's key was destroyed."""
        try:
            key = self._key(owner, make=False)
        except KeyError:
            return None
        if key.key_id != crypto.key_id_of(sealed):
            return None
        return key.unseal(sealed, bound_to=bound_to)

    def fingerprint(self, *parts: str) -> str:
        """A keyed hash for looking somebody up without reading anybody."""
        return crypto.keyed_hash(self._raw(HASHES), *parts)

    def signature(self, *parts: str) -> str:
        """A keyed hash for the audit chain, under a key of its own."""
        return crypto.keyed_hash(self._raw(AUDIT), *parts)

    def destroy(self, owner: str, *, now: datetime) -> None:
        """Make everything sealed for this owner unreadable, here and in every copy of the data."""
        with self._engine.begin() as connection:
            connection.execute(delete(data_keys).where(data_keys.c.owner == owner))
            connection.execute(delete(tombstones).where(tombstones.c.owner == owner))
            connection.execute(insert(tombstones).values(owner=owner, destroyed_at=now))
            _tell_others(connection)
        self._forget()
        _scrub(self._engine)

    def apply_tombstones(self) -> int:
        """After a restore: destroy again every key that had been destroyed; returns how many."""
        buried = select(tombstones.c.owner).where(~tombstones.c.owner.like("chat:%"))
        with self._engine.begin() as connection:
            found = connection.execute(delete(data_keys).where(data_keys.c.owner.in_(buried)))
        self._forget()
        return found.rowcount

    def rewrap(self) -> int:
        """Wrap with the current master key whatever an older one wrapped. Data stays as it is."""
        self._read_masters()
        new, done = self._current, 0
        old = select(data_keys).where(data_keys.c.master_id != new.key_id)
        with self._engine.begin() as connection:
            for row in connection.execute(old).all():
                plain = self._masters[row.master_id].unwrap(row.wrapped, owner=row.owner)
                fresh = {"wrapped": new.wrap(plain, owner=row.owner), "master_id": new.key_id}
                where = data_keys.c.owner == row.owner
                connection.execute(update(data_keys).where(where).values(fresh))
                done += 1
            _tell_others(connection)
        return done

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _key(self, owner: str, *, make: bool) -> crypto.DataKey:
        self._look_for_changes()
        if owner in self._memory:
            return self._memory[owner]
        with self._lock:
            key_id, plain = self._find(owner) or (self._make(owner) if make else _missing(owner))
            if len(self._memory) >= CACHE_LIMIT:
                self._memory.clear()
            self._memory[owner] = crypto.data_key(key_id, plain)
            return self._memory[owner]

    def _raw(self, owner: str) -> bytes:
        if owner not in self._raw_memory:
            with self._lock:
                _, plain = self._find(owner) or self._make(owner)
                self._raw_memory[owner] = plain
        return self._raw_memory[owner]

    def _find(self, owner: str) -> tuple[bytes, bytes] | None:
        try:
            with self._engine.connect() as connection:
                query = select(data_keys).where(data_keys.c.owner == owner)
                row = connection.execute(query).one_or_none()
        except OperationalError as error:
            raise StorageRefused("the keys cannot be read") from error
        if row is None:
            return None
        if row.master_id not in self._masters:
            self._read_masters()
        return row.key_id, self._masters[row.master_id].unwrap(row.wrapped, owner=owner)

    def _make(self, owner: str) -> tuple[bytes, bytes]:
        key_id, plain = crypto.new_data_key()
        row = {
            "owner": owner,
            "key_id": key_id,
            "master_id": self._current.key_id,
            "wrapped": self._current.wrap(plain, owner=owner),
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(data_keys).values(row))
        except IntegrityError:
            # Another process was first: its key is the owner's key.
            return self._find(owner) or _missing(owner)
        except OperationalError as error:
            raise StorageRefused("a key could not be stored") from error
        return key_id, plain

    def _look_for_changes(self) -> None:
        """Notice within a second that another process destroyed a key."""
        if clock.monotonic() - self._looked_at < LOOK_AGAIN_SECONDS:
            return
        self._looked_at = clock.monotonic()
        try:
            with self._engine.connect() as connection:
                stamp = connection.execute(select(changes.c.stamp)).scalar()
        except OperationalError:
            return
        if stamp != self._stamp:
            self._stamp = stamp
            self._read_masters()
            self._memory.clear()

    def _read_masters(self) -> None:
        masters = crypto.read_key_file(self._key_file)
        if masters:
            self._masters = {key.key_id: key for key in masters}
            self._current = masters[0]

    def _forget(self) -> None:
        with self._lock:
            self._memory.clear()


def _missing(owner: str) -> tuple[bytes, bytes]:
    raise KeyError(owner.partition(":")[0])


def _tell_others(connection: Connection) -> None:
    """Let other processes notice that keys changed."""
    connection.execute(delete(changes))
    connection.execute(insert(changes).values(stamp=crypto.new_token()[:40]))


def _scrub(engine: Engine) -> None:
    """Leave no old page behind in SQLite's log after a key was destroyed."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


_current: Keyring | None = None


def current() -> Keyring:
    """The keyring of this process."""
    if _current is None:
        raise RuntimeError("the keyring is not open yet")
    return _current


def use(keyring: Keyring | None) -> None:
    """Make this the keyring of the process."""
    global _current
    _current = keyring


def open_at(url: str, key_file: Path, *, sample: bool = False) -> Keyring:
    """Open (on the first run: make) the keyring; raises StartRefused when the key is not right."""
    engine = _engine(url)
    masters = crypto.read_key_file(key_file)
    known = _masters_in_use(engine)
    if not masters and known:
        raise StartRefused(
            f"key file {key_file.name}: missing; without it the data cannot be read. "
            "Restore it from the recovery sheet or set WAITING_ROOM_KEY_FILE"
        )
    if not masters:
        _first_key(key_file, sample=sample)
    elif not known <= {key.key_id for key in masters}:
        raise StartRefused(
            f"key file {key_file.name}: this is not the key the data was sealed with"
        )
    keyring = Keyring(engine, key_file)
    try:
        keyring.fingerprint("start")
    except crypto.CannotOpen:
        raise StartRefused(f"key file {key_file.name}: the key does not fit the data") from None
    _finish_rotation(keyring, key_file)
    return keyring


def rotate(keyring: Keyring, key_file: Path) -> tuple[str, int]:
    """A new master key: every data key is wrapped again, nothing else is rewritten.

    The file keeps the old key until the next start finds nothing wrapped with it, so that neither
    a kill half-way nor a running process that has not noticed yet can lose anything.
    """
    old = crypto.read_key_file(key_file)
    new = crypto.new_master_key(sample=old[0].sample)
    crypto.write_key_file(key_file, [new, *old])
    done = keyring.rewrap()
    crypto.write_recovery_sheet(key_file.with_name("recovery-sheet.txt"), new, key_file=key_file)
    return new.key_id, done


def _first_key(key_file: Path, *, sample: bool) -> None:
    first = crypto.new_master_key(sample=sample)
    crypto.write_key_file(key_file, [first])
    sheet = key_file.with_name("recovery-sheet.txt")
    crypto.write_recovery_sheet(sheet, first, key_file=key_file)


def _finish_rotation(keyring: Keyring, key_file: Path) -> None:
    masters = crypto.read_key_file(key_file)
    if len(masters) > 1:
        keyring.rewrap()
        crypto.write_key_file(key_file, masters[:1])


def _masters_in_use(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(select(data_keys.c.master_id).distinct()).scalars())


def _engine(url: str) -> Engine:
    if url.startswith("postgresql"):
        engine = create_engine(url, pool_pre_ping=True)
        with engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA IF NOT EXISTS keyring"))
        engine = engine.execution_options(schema_translate_map={None: "keyring"})
    else:
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"timeout": 5})
        event.listen(engine, "connect", _prepare_sqlite)
    _tables.create_all(engine)
    return engine


def _prepare_sqlite(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
