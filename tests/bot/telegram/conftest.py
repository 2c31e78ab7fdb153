"""A fake Telegram with one bot and two people, and a poller that runs beside the test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.telegram.patience import Pace
from bot.telegram.poller import Poller
from tests.fakes.bot_api import BotApi, Robot, Telephone
from waiting_room import clock, db, settings
from waiting_room.care import conversations
from waiting_room.channels.telegram import TelegramChannel
from waiting_room.models import InboxUpdate, Message
from waiting_room.settings import Settings

TOKEN = "123456:sample-token-of-the-room"
QUICK = Pace(poll=5, answer=0.3, first=0.02, longest=0.1, conflict=0.02, suspicious=0.1)
Polling = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def api(now: datetime) -> Iterator[BotApi]:
    with BotApi(seed=7, now=lambda: clock.now().timestamp()) as api:
        api.tune(conflict_pause=0.01, haste=0.01)
        yield api


@pytest.fixture
def robot(api: BotApi) -> Robot:
    return api.bot(TOKEN)


@pytest.fixture
def alex(robot: Robot) -> Telephone:
    return robot.chat(7_234_567_890, first_name="Sample Alex")


@pytest.fixture
def bea(robot: Robot) -> Telephone:
    return robot.chat(7_234_567_891, first_name="Sample Bea")


@pytest.fixture
def ours(api: BotApi, room: Path) -> Settings:
    return settings.load(data=room, telegram_token=TOKEN, telegram_api=api.url)


@pytest.fixture
def polling(ours: Settings) -> Polling:
    """Runs the poller for the length of a block, with the real channel to speak through."""

    @contextmanager
    def run() -> Iterator[None]:
        stop, started = threading.Event(), threading.Event()
        stopping: list[Callable[[], object]] = []

        async def poll() -> None:
            told, loop = asyncio.Event(), asyncio.get_running_loop()
            stopping.append(lambda: loop.call_soon_threadsafe(told.set))
            speaker = channel(ours)
            poller = Poller("patients", TOKEN, ours, speaker=speaker, pace=QUICK, beat=started.set)
            await poller.run(told)
            await speaker.close()

        thread = threading.Thread(target=asyncio.run, args=(poll(),))
        thread.start()
        assert started.wait(5)
        try:
            yield
        finally:
            stop.set()
            stopping[0]()
            thread.join(10)
            assert not thread.is_alive()

    return run


def channel(ours: Settings) -> TelegramChannel:
    return TelegramChannel(TOKEN, api=ours.telegram_api, address=ours.address, protect=False)


def stored() -> dict[int, str]:
    """The updates on disk and their state."""
    with db.read() as session:
        return {row.update_id: row.state for row in session.scalars(select(InboxUpdate))}


def heard(chat: Telephone) -> list[str]:
    """What took effect in a chat, in order."""
    with db.read() as session:
        hashed = conversations.chat_hash("telegram", str(chat.id))
        rows = select(Message).where(Message.chat_hash == hashed).order_by(Message.id)
        return [row.text for row in session.scalars(rows)]
