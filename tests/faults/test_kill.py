"""kill -9 at any moment: nothing is lost and nothing happens twice (P1, P2; F1, F2)."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from sqlalchemy import func, select

from tests.fakes.bot_api import BotApi
from tests.fakes.bot_api.driver import Robot
from tests.journeys import live
from tests.journeys.live import LiveRoom
from waiting_room import db
from waiting_room.models import InboxUpdate, Message, Staff
from waiting_room.models.inbox import WAITING

pytestmark = pytest.mark.faults
Served = tuple[LiveRoom, dict[str, Staff]]
UPDATES, KILLS, CHATS = 600, 10, 40
BURST = 100


def crowd(api: BotApi) -> Robot:
    """Everybody who will write, each with a phone."""
    robot = api.bot(live.PATIENTS_TOKEN)
    for number in range(CHATS):
        robot.chat(7_100_000_000 + number, first_name="Sample")
    return robot


def texts(number: int) -> list[tuple[int, str]]:
    """Harmless words from many chats, each different from all others."""
    return [(7_100_000_000 + n % CHATS, f"my day number {n}") for n in range(number)]


def stored() -> Counter[str]:
    """What took effect: the words of every message row, and how often."""
    with db.read() as session:
        return Counter(str(m.text) for m in session.scalars(select(Message)))


def waiting() -> int:
    with db.read() as session:
        query = select(func.count()).select_from(InboxUpdate)
        return session.scalar(query.where(InboxUpdate.state == WAITING)) or 0


def check_ledger(room: LiveRoom, number: int) -> None:
    """Inputs issued = inbox rows = effects, each once."""
    room.wait(lambda: sum(stored().values()) >= number and waiting() == 0, seconds=60)
    effects = stored()
    assert {text for _, text in texts(number)} <= set(effects), "lost"
    assert set(effects.values()) == {1}, "doubled"


def test_ten_kills_while_600_updates_flow_by_polling(served: Served, api: BotApi) -> None:
    room, _ = served
    dice = random.Random(20261125)
    robot = crowd(api)
    words = texts(UPDATES)
    for round_ in range(KILLS):
        robot.crowd(words[round_ * 60 : (round_ + 1) * 60])
        goal = round_ * 60 + dice.randrange(1, 60)
        # The moment is random: after so many effects of this round, wherever the room is then.
        room.wait(lambda goal=goal: sum(stored().values()) >= goal, seconds=30)  # type: ignore[misc]
        room.kill()
        room.start()
    check_ledger(room, UPDATES)


def test_a_kill_in_the_middle_of_a_burst_by_webhook(served: Served, api: BotApi) -> None:
    room, _ = served
    room.stop()
    room.extra = {
        "WAITING_ROOM_TELEGRAM_MODE": "webhook",
        "WAITING_ROOM_TELEGRAM_SECRET": "a-secret-for-tests",
        "WAITING_ROOM_PUBLIC_URL": room.url,
    }
    api.tune(haste=0.05)
    room.start()
    robot = crowd(api)
    room.wait(lambda: robot.calls("setWebhook"))
    robot.crowd(texts(BURST))
    room.wait(lambda: sum(stored().values()) >= 10)
    room.kill()
    room.start()
    check_ledger(room, BURST)
