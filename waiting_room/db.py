"""One door, one transaction: `with write() as session` changes, `with read() as session` cannot.

Nothing below a door commits. On SQLite a writer takes the lock first (BEGIN IMMEDIATE), because a
transaction that reads first and writes later can lose somebody else's change.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DatabaseError, DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.orm import Session

from waiting_room import bell, process, watchdog
from waiting_room.errors import NotFound, StartRefused, StorageRefused

SQLITE = "sqlite:///"
BUSY_SECONDS = 5
BELLS = "bells"
NUL = "(0x00)"
"""PostgreSQL can neither keep nor look for such a text; SQLite looks and finds nothing."""
CHANNEL = "bell"
TELL = text(f"SELECT pg_notify('{CHANNEL}', :words)")
# PostgreSQL's code for a write on a standby, or on a server that was told to be read-only.
TAKES_NO_WRITES = "25006"
ALONE = text("SELECT pg_advisory_xact_lock(hashtext(:name))")


class Database:
    """The two engines of one room: one that writes and one that cannot."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self.writing = _sqlite(self.file, read_only=False) if self.is_sqlite else _postgres(url)
        self.reading = _sqlite(self.file, read_only=True) if self.is_sqlite else _looking(self)
        # SQLite has one writer at a time anyway; queueing here is fairer than its busy waiting.
        self.turn = threading.Lock()

    @property
    def file(self) -> Path:
        """Where SQLite keeps it."""
        return Path(self.url.removeprefix(SQLITE))

    def close(self) -> None:
        """Let go of every connection."""
        self.writing.dispose()
        self.reading.dispose()


_database: Database | None = None
_held = threading.local()


def connect(url: str) -> Database:
    """Make this the database of the process."""
    global _database
    close()
    _database = Database(url)
    return _database


def current() -> Database:
    """The database of the process."""
    if _database is None:
        raise RuntimeError("the database is not connected yet")
    return _database


def close() -> None:
    """Forget the database of the process."""
    global _database
    if _database is not None:
        _database.close()
        _database = None


@contextmanager
def write(*, alone: str = "") -> Iterator[Session]:
    """A transaction that may change things: committed at the end, or nothing happened.

    `alone` names a piece of work that no other process does meanwhile, as on SQLite always.
    Opened and closed in one thread, so a web endpoint opens it in its body and never as a
    dependency: those run in other threads, and waiting there for the lock could stop them all.
    Raises StorageRefused when the database did not take it.
    """
    database = current()
    with _only_write(), _turn(database), watchdog.watched():
        # Rows stay readable after the commit: doors show what was just stored without asking again.
        session = Session(database.writing, expire_on_commit=False)
        with refusals(), session, session.begin():
            if alone and not database.is_sqlite:
                session.execute(ALONE, {"name": alone})
            yield session
            if not database.is_sqlite:
                _tell_others(session)
    # After the lock is given back: what is woken here may want to write at once.
    for name in session.info.get(BELLS, ()):
        bell.ring(name)


@contextmanager
def read() -> Iterator[Session]:
    """A look at the room as it is at one moment. The database itself refuses any change here."""
    session = Session(current().reading, expire_on_commit=False, autoflush=False)
    with refusals(), session:
        yield session


@contextmanager
def snapshot() -> Iterator[Connection]:
    """The room at one moment, for as long as it takes to copy it. Nobody waits for it meanwhile."""
    with refusals(), current().reading.connect() as connection:
        if not current().is_sqlite:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        yield connection


def ring(session: Session, name: str) -> None:
    """Ring this bell, in every process, once the transaction is safely stored, and only then."""
    session.info.setdefault(BELLS, set()).add(name)


def _tell_others(session: Session) -> None:
    # In the transaction: the database passes it on when, and only when, this is stored.
    for name in session.info.get(BELLS, ()):
        session.execute(TELL, {"words": f"{process.OWNER} {name}"})


@contextmanager
def _only_write() -> Iterator[None]:
    # A second write here would wait for the lock that its own thread holds, until it gave up.
    if getattr(_held, "writing", False):
        raise RuntimeError("one door, one transaction: a write is already open in this thread")
    _held.writing = True
    try:
        yield
    finally:
        _held.writing = False


@contextmanager
def _turn(database: Database) -> Iterator[None]:
    if not database.is_sqlite:
        yield
        return
    if not database.turn.acquire(timeout=6 * BUSY_SECONDS):
        raise StorageRefused("another writer holds the database")
    try:
        yield
    finally:
        database.turn.release()


@contextmanager
def refusals() -> Iterator[None]:
    """Say in one word of ours what drivers say in many: the storage did not take it."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise StorageRefused(_reason(error)) from error
    except PoolExhausted as error:
        raise StorageRefused("every connection is in use") from error
    except DataError as error:
        if NUL in str(error.orig):
            raise NotFound("no row holds a NUL") from error
        raise
    except DBAPIError as error:
        # SQLite says plain DatabaseError of a file that is damaged, or none of its own.
        if error.connection_invalidated or type(error) is DatabaseError:
            raise StorageRefused(_reason(error)) from error
        raise


def _reason(error: DBAPIError) -> str:
    # The driver's words only: SQLAlchemy adds the statement and its values, which are personal.
    words = str(error.orig).splitlines() if error.orig else []
    return words[0] if words else type(error).__name__


def _postgres(url: str) -> Engine:
    try:
        engine = create_engine(
            url,
            pool_pre_ping=True,
            pool_size=10,
            pool_timeout=BUSY_SECONDS,
            hide_parameters=True,
            connect_args={
                "connect_timeout": BUSY_SECONDS,
                "tcp_user_timeout": 2000 * BUSY_SECONDS,
                "options": f"-c statement_timeout={BUSY_SECONDS}s "
                # A machine that is lost in the middle of its work must not hold locks for hours.
                f"-c idle_in_transaction_session_timeout={2 * BUSY_SECONDS}s",
            },
        )
    except ModuleNotFoundError:
        raise StartRefused(
            "PostgreSQL needs more: pip install virtual-waiting-room[postgres]"
        ) from None
    event.listen(engine, "handle_error", _without_values)
    event.listen(engine, "handle_error", _let_go_of_a_standby)
    return engine


def _looking(database: Database) -> Engine:
    """Reads on PostgreSQL see one moment, as they do on SQLite, and cannot write."""
    return database.writing.execution_options(
        postgresql_readonly=True, isolation_level="REPEATABLE READ"
    )


def _without_values(context: ExceptionContext) -> None:
    """PostgreSQL adds a line with the values of the row to some errors. Drop it."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).partition("\n")[0], *error.args[1:])


def _let_go_of_a_standby(context: ExceptionContext) -> None:
    """A server that takes no writes for now is one that does not answer: ask for another."""
    options = context.connection.get_execution_options() if context.connection else {}
    if "postgresql_readonly" not in options:
        state = getattr(context.original_exception, "sqlstate", "")
        context.is_disconnect = context.is_disconnect or state == TAKES_NO_WRITES


def _sqlite(file: Path, *, read_only: bool) -> Engine:
    file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        f"{SQLITE}{file}",
        connect_args={"timeout": BUSY_SECONDS},
        pool_size=20,
        pool_timeout=BUSY_SECONDS,
        # The one used last goes first: each connection has a page cache of its own to fill.
        pool_use_lifo=True,
        hide_parameters=True,
    )
    pragmas = ["journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"]
    # There are twenty that read: two megabytes for each are more than all else that grows.
    pragmas += ["query_only=ON", "cache_size=-256"] if read_only else []
    start = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    def prepare(connection: Any, _record: object) -> None:
        # The driver must not begin by itself: we say BEGIN IMMEDIATE, and savepoints work.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    def begin(connection: Connection) -> None:
        connection.execute(text(start))

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine
