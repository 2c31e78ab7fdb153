"""A SQLite database that really cannot grow, and one that really cannot be written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from waiting_room import db


@contextmanager
def full() -> Iterator[None]:
    """No page more fits into the database, as on a full disk; SQLite itself refuses. What is
    larger than a page (4,096 bytes) is surely refused."""
    _limit(1)
    try:
        yield
    finally:
        _limit(1_073_741_823)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process holds the database."""
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def _limit(pages: int) -> None:
    database = db.current()
    # The limit belongs to a connection, so every new one is given it.
    database.writing.dispose()
    with database.writing.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
