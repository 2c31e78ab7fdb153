"""The outside world for channels: a fake Telegram with two bots and a mail server, all real."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from tests.conftest import WEDNESDAY
from tests.fakes.bot_api import BotApi, Robot, Telephone
from tests.fakes.smtp import MailServer
from waiting_room import clock, db
from waiting_room.channels.contract import Channel
from waiting_room.channels.delivery import Delivery
from waiting_room.channels.email import EmailChannel
from waiting_room.channels.pacing import Pacer
from waiting_room.channels.telegram import TelegramChannel
from waiting_room.models import LetterRow
from waiting_room.settings import Settings

TOKEN = "123456:sample-token-of-the-patients-bot"
STAFF_TOKEN = "654321:sample-token-of-the-staff-bot"
ADDRESS = "https://room.example.org"
ALEX, SAM, KIM = 7_234_567_890, 7_234_567_891, 7_234_567_892


@pytest.fixture
def api() -> Iterator[BotApi]:
    with BotApi(seed=7) as api:
        yield api


@pytest.fixture
def robot(api: BotApi) -> Robot:
    return api.bot(TOKEN)


@pytest.fixture
def staff_robot(api: BotApi) -> Robot:
    return api.bot(STAFF_TOKEN, username="sample_staff_bot")


@pytest.fixture
def alex(robot: Robot) -> Telephone:
    return robot.chat(ALEX, first_name="Sample Alex")


@pytest.fixture
def sam(staff_robot: Robot) -> Telephone:
    return staff_robot.chat(SAM, first_name="Sample Sam")


@pytest.fixture
def kim(staff_robot: Robot) -> Telephone:
    return staff_robot.chat(KIM, first_name="Sample Kim")


@pytest.fixture
def post() -> Iterator[MailServer]:
    with MailServer() as post:
        yield post


def room_time() -> float:
    """Real seconds, and those by which a test moved the clock."""
    return clock.monotonic() + (clock.now() - WEDNESDAY).total_seconds()


def bot(api: BotApi, token: str, *, pacer: Pacer | None = None) -> TelegramChannel:
    """A bot in a hurry: it waits 0.4 s for answers, and keeps no pace unless asked to."""
    return TelegramChannel(
        token,
        api=api.url,
        address=ADDRESS,
        protect=token == TOKEN,
        pacer=pacer or Pacer(1_000, chat_gap=0, time=room_time),
        read=0.4,
    )


@pytest.fixture
def channels(api: BotApi, post: MailServer) -> dict[str, Channel]:
    return {
        "telegram": bot(api, TOKEN),
        "staff_telegram": bot(api, STAFF_TOKEN),
        "email": EmailChannel(
            post.url, sender="room@example.org", address=ADDRESS, connect=0.4, answer=0.4
        ),
    }


@contextmanager
def delivering(channels: Mapping[str, Channel]) -> Iterator[None]:
    """Delivery at work in a thread, as beside the rest of a process."""
    stop = asyncio.Event()
    loop = asyncio.new_event_loop()
    delivery = Delivery(Settings(), channels=channels)
    thread = threading.Thread(target=loop.run_until_complete, args=(delivery.run(stop),))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def states(channel: str = "") -> list[tuple[str, str]]:
    """(page, state) of every letter, oldest first."""
    query = select(LetterRow).order_by(LetterRow.id)
    with db.read() as session:
        rows = session.scalars(query.where(LetterRow.channel == channel) if channel else query)
        return [(row.page, row.state) for row in rows]
