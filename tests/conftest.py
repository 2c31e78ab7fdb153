"""A whole room for a test: real database, real keys, real content, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest

from tests.postgres import fresh_database, postgres  # noqa: F401 - fixtures
from waiting_room import clock, db, keyring, library, migrations
from waiting_room.care import danger, providers
from waiting_room.library import Shelf

ROOT = Path(__file__).parent.parent
TODAY = date(2026, 11, 25)
WEDNESDAY = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
"""A Wednesday in staffed hours, no holiday, no clock change."""


@cache
def shelf() -> Shelf:
    """The words that ship, read once."""
    return library.read(ROOT / "content", today=TODAY)


@cache
def rules() -> danger.Rules:
    """The danger rules that ship, read once."""
    return danger.load(ROOT / "content" / "danger-words")


@pytest.fixture
def now() -> Iterator[datetime]:
    """Care time stands still at Wednesday 10am."""
    clock.stand_still(WEDNESDAY)
    yield WEDNESDAY
    clock.stand_still(None)


def open_room(tmp_path: Path, url: str) -> None:
    """Connect keys, database, words and danger rules, with a provider in place."""
    keyring.use(keyring.open_at(f"sqlite:///{tmp_path}/keys.db", tmp_path / "master.key"))
    db.connect(url)
    migrations.upgrade()
    library.use(shelf())
    danger.use(rules())
    with db.write() as session:
        library.publish(session, ROOT / "content", by="test", now=WEDNESDAY, today=TODAY)
        providers.found(session, now=WEDNESDAY, name="Sample Provider")


def close_room() -> None:
    """Let go of everything `open_room` took."""
    db.close()
    keyring.current().close()
    keyring.use(None)


@pytest.fixture
def room(tmp_path: Path, now: datetime) -> Iterator[Path]:
    """A room on SQLite; gives its data folder."""
    open_room(tmp_path, f"sqlite:///{tmp_path}/waiting-room.db")
    yield tmp_path
    close_room()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def any_room(request: pytest.FixtureRequest, tmp_path: Path, now: datetime) -> Iterator[Path]:
    """The same room on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        open_room(tmp_path, f"sqlite:///{tmp_path}/waiting-room.db")
        yield tmp_path
        close_room()
        return
    open_room(tmp_path, request.getfixturevalue("fresh_database")())
    yield tmp_path
    close_room()
