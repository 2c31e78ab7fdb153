"""The same live room as the journeys have, to be killed, filled and cut off; and rooms that a
supervisor starts again, on either database."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import conftest
from tests.conftest import WEDNESDAY, close_room, found_room
from tests.fakes.bot_api import BotApi
from tests.fakes.smtp import MailServer
from tests.faults.kept import KeptRoom
from tests.faults.nursery import Nursery
from tests.journeys import live
from tests.journeys.conftest import api, demo_room, mail, served  # noqa: F401 - fixtures
from tests.postgres import Postgres

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
Keep = Callable[..., KeptRoom]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The half hour of soaking begins first; all else runs beside it."""
    items.sort(key=lambda item: item.get_closest_marker("soak") is None)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where rooms start quickly."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture(scope="session")
def demo_postgres(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The keys and the PostgreSQL database of a room where time may jump, to be copied."""
    folder = tmp_path_factory.mktemp("demo-postgres")
    url = postgres.create()
    found_room(folder, url, sample=True)
    return folder, url


@pytest.fixture
def few_words(tmp_path: Path) -> Path:
    """A folder with one page, read in no time; the others stay as they were published."""
    words = tmp_path / "words" / "en" / "crisis"
    words.mkdir(parents=True)
    shutil.copy(conftest.ROOT / "content/en/crisis/now.md", words)
    return tmp_path / "words"


@pytest.fixture
def keep(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    api: BotApi,  # noqa: F811
    mail: MailServer,  # noqa: F811
    nursery: Nursery,
    few_words: Path,
) -> Iterator[Callable[..., KeptRoom]]:
    """Furnish a room on this database and put it under a supervisor; the caller starts it."""
    kept: list[KeptRoom] = []

    def keep(database: str, **extra: str) -> KeptRoom:
        if kept:
            # The test looks into one room at a time.
            close_room()
        folder, url = tmp_path / f"room{len(kept)}", ""
        source = request.getfixturevalue("demo_room")
        if database == "postgresql":
            source, template = request.getfixturevalue("demo_postgres")
            url = request.getfixturevalue("fresh_database")(template)
        live.copy_founded(source, folder)
        room = KeptRoom(nursery, folder, api, mail, database=url)
        quiet = {"WAITING_ROOM_LOG_LEVEL": "INFO", "WAITING_ROOM_CONTENT": str(few_words)}
        room.extra |= quiet | extra
        room.team = live.furnish(room, WEDNESDAY)
        kept.append(room)
        return room

    yield keep
    for room in kept:
        room.stop()
    if kept:
        close_room()


def by_webhook(room: KeptRoom) -> dict[str, str]:
    """The settings of a room to which Telegram brings its updates."""
    return {
        "WAITING_ROOM_TELEGRAM_MODE": "webhook",
        "WAITING_ROOM_TELEGRAM_SECRET": "a-secret-for-tests",
        "WAITING_ROOM_PUBLIC_URL": room.url,
    }
