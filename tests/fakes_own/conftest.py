"""A fake Telegram with one bot and one person, fresh for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.bot_api import BotApi, Robot, Telephone

TOKEN = "123456:sample-token-of-the-room"


@pytest.fixture
def api() -> Iterator[BotApi]:
    with BotApi(seed=7) as api:
        yield api


@pytest.fixture
def robot(api: BotApi) -> Robot:
    return api.bot(TOKEN)


@pytest.fixture
def alex(robot: Robot) -> Telephone:
    return robot.chat(7_234_567_890, first_name="Sample Alex", language_code="en")
