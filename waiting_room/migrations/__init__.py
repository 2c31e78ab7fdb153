"""Brings the database to this release's tables, once, under a lock, and only ever expands.

Release N runs on the tables of N and N+1; what is no longer needed goes one release later. SQLite
copies itself beside the file before it is changed.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
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


def upgrade() -> bool:
    """Upgrade the connected database; True when something changed.

    Raises StartRefused when the tables are of a newer release than this code knows.
    """
    database = db.current()
    with _alone(database), database.writing.connect() as connection:
        have, want = _revision(connection), _script().get_current_head()
        if have == want:
            return False
        known = {revision.revision for revision in _script().walk_revisions()}
        if have is not None and have not in known:
            raise StartRefused(f"the database is of a newer release ({have}); update the software")
    with _alone(database):
        if have is not None and database.is_sqlite:
            _copy_aside(database, str(have))
        with database.writing.connect() as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    return True


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _copy_aside(database: db.Database, revision: str) -> None:
    file = Path(database.url.removeprefix("sqlite:///"))
    copy = file.with_name(f"{file.stem}.before-{revision}.db")
    copy.unlink(missing_ok=True)
    raw = database.reading.raw_connection()
    try:
        raw.cursor().execute("VACUUM INTO ?", (str(copy),))
    finally:
        raw.close()
    copy.chmod(0o600)


@contextmanager
def _alone(database: db.Database) -> Iterator[None]:
    """One process at a time, on either kind of database."""
    if not database.is_sqlite:
        with database.writing.connect() as connection:
            connection.execute(text(f"SELECT pg_advisory_lock({LOCK_NUMBER})"))
            try:
                yield
            finally:
                connection.execute(text(f"SELECT pg_advisory_unlock({LOCK_NUMBER})"))
        return
    file = Path(database.url.removeprefix("sqlite:///")).with_suffix(".migrating")
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
