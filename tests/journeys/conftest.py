"""A live room for each story, on both databases where a story asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import browser, desktop, phone  # noqa: F401 - fixtures
from tests.conftest import WEDNESDAY, found_room, sqlite_url
from tests.fakes.bot_api import BotApi
from tests.fakes.smtp import MailServer
from tests.journeys import live
from tests.journeys.live import LiveRoom
from tests.journeys.touring import demo, looker  # noqa: F401 - fixtures
from waiting_room.models import Staff


@pytest.fixture
def api() -> Iterator[BotApi]:
    with BotApi(seed=7) as api:
        yield api


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture(scope="session")
def demo_room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a room whose key is a sample: only in such a room may time jump."""
    folder = tmp_path_factory.mktemp("demo")
    found_room(folder, sqlite_url(folder), sample=True)
    return folder


@pytest.fixture
def served(
    demo_room: Path, tmp_path: Path, api: BotApi, mail: MailServer
) -> Iterator[tuple[LiveRoom, dict[str, Staff]]]:
    """A room on SQLite that is being served, with a team on its rungs."""
    live.copy_founded(demo_room, tmp_path)
    room = LiveRoom(tmp_path, api, mail)
    team = live.furnish(room, WEDNESDAY)
    room.start()
    yield room, team
    room.stop()
    live.conftest.close_room()
