"""Brings the database to this release's tables, once, under a lock, and only ever expands.

Release N runs on the tables of N and N+1; what is no longer needed goes one release later. SQLite
copies itself beside the file before it is changed.
"""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from waiting_room import db
from waiting_room.errors import StartRefused

FOLDER = Path(__file__).parent
LOCK_NUMBER = 7_242_337  # any number will do, as long as every process uses this one


def is_founded() -> bool:
    """Whether the connected database has tables of ours already."""
    return _revision(db.current()) is not None


def revision_of(connection: Connection) -> str | None:
    """Which tables these are."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def knows(revision: str, folder: Path = FOLDER) -> bool:
    """Whether this release has heard of these tables."""
    return revision in _steps(folder)


def fits() -> bool:
    """Whether this code can work on the tables as they are: its own, or those of a newer release,
    which only adds. Tables of an older one are a copy that somebody put back."""
    return _revision(db.current()) not in _older()


@cache
def _older() -> set[str | None]:
    return {None, *_steps(FOLDER)} - {_head(FOLDER)}


def upgrade(folder: Path = FOLDER, *, to: str = "head") -> bool:
    """Upgrade the connected database; True when something changed.

    All or nothing: a kill in the middle leaves the tables as they were. Raises StartRefused when
    the tables are of a newer release than this code knows.
    """
    database = db.current()
    with db.refusals(), _alone(database):
        have = _revision(database)
        if have == _head(folder):
            return False
        if have is not None and not knows(have, folder):
            raise StartRefused(f"the database is of a newer release ({have}); update the software")
        if have is not None and database.is_sqlite:
            _copy_aside(database, have)
        with _changing(database) as connection:
            _climb(folder, connection, to)
    return True


def _climb(folder: Path, connection: Connection, to: str) -> None:
    # Only now: it is large, and almost every start finds the tables as they should be.
    config = import_module("alembic.config").Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(folder))
    import_module("alembic.command").upgrade(config, to)


def _steps(folder: Path) -> dict[str, str]:
    """Each step of this release and the one before it, "" for the first."""
    texts = [file.read_text(encoding="utf-8") for file in (folder / "versions").glob("*.py")]
    return {_said("revision", each): _said("down_revision", each) for each in texts}


def _said(name: str, text: str) -> str:
    found = re.search(rf'^{name}\b.*= "(.+)"$', text, re.MULTILINE)
    return found[1] if found else ""


def _head(folder: Path) -> str:
    steps = _steps(folder)
    (head,) = steps.keys() - steps.values()
    return head


def _revision(database: db.Database) -> str | None:
    with db.refusals(), database.reading.connect() as connection:
        return revision_of(connection)


def _copy_aside(database: db.Database, revision: str) -> None:
    copy = database.file.with_name(f"{database.file.stem}.before-{revision}.db")
    copy.unlink(missing_ok=True)
    raw = database.writing.raw_connection()
    try:
        raw.cursor().execute("VACUUM INTO ?", (str(copy),))
    finally:
        raw.close()
    copy.chmod(0o600)


@contextmanager
def _changing(database: db.Database) -> Iterator[Connection]:
    """One transaction for every step."""
    with database.writing.connect() as connection:
        if not database.is_sqlite:
            with connection.begin():
                # A table of a big room may take longer to change than a patient may wait.
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                yield connection
            return
        # SQLite changes a table by making it anew; its references must not notice.
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                if connection.execute(text("PRAGMA foreign_key_check")).first():
                    raise StartRefused("the upgrade would break references; nothing was changed")
        finally:
            raw.execute("PRAGMA foreign_keys=ON")


@contextmanager
def _alone(database: db.Database) -> Iterator[None]:
    """One process at a time, on either kind of database."""
    if database.is_sqlite:
        with database.file.with_suffix(".migrating").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        return
    # A session's lock outside any transaction, so that waiting for it holds nothing up.
    engine = database.writing.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text(f"SELECT pg_advisory_lock({LOCK_NUMBER})"))
        try:
            yield
        finally:
            connection.execute(text(f"SELECT pg_advisory_unlock({LOCK_NUMBER})"))
            connection.execute(text("RESET statement_timeout"))
