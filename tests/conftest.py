"""A whole room for a test: real database, real keys, real words, and a clock that stands still.

Tables and words are made once a run; each test gets a copy, which takes milliseconds.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest

from tests.faults.figures import (  # noqa: F401 - a fixture and hooks
    figures,
    pytest_runtest_logreport,
    pytest_sessionstart,
    pytest_terminal_summary,
)
from tests.postgres import Postgres, fresh_database, postgres  # noqa: F401 - fixtures
from tests.rooms import chosen  # noqa: F401 - fixture
from waiting_room import clock, db, keyring, library, migrations
from waiting_room.care import danger, providers
from waiting_room.library import Shelf

ROOT = Path(__file__).parent.parent
TODAY = date(2026, 11, 25)
WEDNESDAY = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
"""A Wednesday in staffed hours, no holiday, no clock change."""
KEYS, KEY_FILE, DATABASE = "keys.db", "master.key", "waiting-room.db"


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


def open_room(folder: Path, url: str, *, sample: bool = False, keys: str = "") -> None:
    """Connect keys, database, words and danger rules."""
    keys = keys or f"sqlite:///{folder / KEYS}"
    keyring.use(keyring.open_at(keys, folder / KEY_FILE, sample=sample))
    db.connect(url)
    library.use(shelf())
    danger.use(rules())


def found_room(folder: Path, url: str, *, sample: bool = False, keys: str = "") -> None:
    """Make the tables, publish the words, and put a provider in place."""
    open_room(folder, url, sample=sample, keys=keys)
    migrations.upgrade()
    with db.write() as session:
        library.publish(session, shelf(), now=WEDNESDAY, today=TODAY)
        providers.found(session, now=WEDNESDAY, name="Sample Provider")
    close_room()


def close_room() -> None:
    """Let go of everything `open_room` took."""
    db.close()
    keyring.current().close()
    keyring.use(None)


def sqlite_url(folder: Path) -> str:
    """The address of a room's SQLite database."""
    return f"sqlite:///{folder / DATABASE}"


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a room on SQLite, to be copied."""
    folder = tmp_path_factory.mktemp("founded")
    found_room(folder, sqlite_url(folder))
    return folder


@pytest.fixture(scope="session")
def founded_postgres(
    postgres: Postgres,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, str]:
    """A folder with the keys of a room, and its PostgreSQL database, to be copied."""
    folder = tmp_path_factory.mktemp("founded-postgres")
    url = postgres.create()
    found_room(folder, url)
    return folder, url


@pytest.fixture
def room(tmp_path: Path, founded: Path, now: datetime) -> Iterator[Path]:
    """A room on SQLite; gives its data folder."""
    shutil.copytree(founded, tmp_path, dirs_exist_ok=True)
    open_room(tmp_path, sqlite_url(tmp_path))
    yield tmp_path
    close_room()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def any_room(request: pytest.FixtureRequest, tmp_path: Path, now: datetime) -> Iterator[Path]:
    """The same room on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("room")
        return
    yield request.getfixturevalue("postgres_room")


@pytest.fixture
def postgres_room(
    tmp_path: Path,
    founded_postgres: tuple[Path, str],
    fresh_database: Callable[..., str],  # noqa: F811
    now: datetime,
) -> Iterator[Path]:
    """A room on PostgreSQL; gives its data folder."""
    folder, template = founded_postgres
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    open_room(tmp_path, fresh_database(template))
    yield tmp_path
    close_room()
