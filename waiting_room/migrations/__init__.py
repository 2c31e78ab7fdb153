"""Brings the database to this release's tables, once, under a lock, and only ever expands.

Release N runs on the tables of N and N+1; what is no longer needed goes one release later. SQLite
copies itself beside the file before it is changed.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from waiting_room import db
from waiting_room.errors import StartRefused

FOLDER = Path(__file__).parent
LOCK_NUMBER = 7_242_337  # any number will do, as long as every process uses this one


def is_founded() -> bool:
    """Whether the connected database has tables of ours already."""
    return _revision(db.current()) is not None


def revision_of(connection: Connection) -> str | None:
    """Which tables these are."""
    return MigrationContext.configure(connection).get_current_revision()


def knows(revision: str, folder: Path = FOLDER) -> bool:
    """Whether this release has heard of these tables."""
    return revision in {each.revision for each in _script(folder).walk_revisions()}


def fits() -> bool:
    """Whether this code can work on the tables as they are: its own, or those of a newer release,
    which only adds. Tables of an older one are a copy that somebody put back."""
    return _revision(db.current()) not in _older()


@cache
def _older() -> set[str | None]:
    script = _script(FOLDER)
    known = {each.revision for each in script.walk_revisions()}
    return {None, *known} - {script.get_current_head()}


def upgrade(folder: Path = FOLDER, *, to: str = "head") -> bool:
    """Upgrade the connected database; True when something changed.

    All or nothing: a kill in the middle leaves the tables as they were. Raises StartRefused when
    the tables are of a newer release than this code knows.
    """
    database, config = db.current(), _config(folder)
    with db.refusals(), _alone(database):
        have = _revision(database)
        if have == _script(folder).get_current_head():
            return False
        if have is not None and not knows(have, folder):
            raise StartRefused(f"the database is of a newer release ({have}); update the software")
        if have is not None and database.is_sqlite:
            _copy_aside(database, have)
        with _changing(database) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, to)
    return True


def _config(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder))
    return config


def _script(folder: Path) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(folder))


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
