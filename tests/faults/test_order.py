"""Copies of an update (F5); a chat out of order, and numbers that begin anew (F6)."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import select

from tests.fakes.bot_api import BotApi
from tests.faults import ledger, traffic
from tests.faults.conftest import BOTH, Keep
from tests.faults.figures import Figures
from waiting_room import db
from waiting_room.models import Message

pytestmark = pytest.mark.faults
DRAINS_WITHIN, LOWER = 10.0, 1_000


def out_of_order() -> int:
    """How many messages took effect before one that was written earlier in the same chat."""
    with db.read() as session:
        rows = list(session.scalars(select(Message).order_by(Message.at, Message.id)))
    faults, newest = 0, dict[str, int]()
    for row in rows:
        number = int(row.channel_message_id)
        faults += number < newest.get(row.chat_hash, 0)
        newest[row.chat_hash] = max(number, newest.get(row.chat_hash, 0))
    return faults


@pytest.mark.parametrize("database", BOTH)
def test_copies_order_and_numbers(keep: Keep, api: BotApi, figures: Figures, database: str) -> None:
    updates = figures.size(short=200, long=5_000)
    room, robot = keep(database), traffic.crowd(api, chats=20)
    room.start()
    with robot.suffering("duplicates", share=0.2), robot.suffering("reorder", window=10):
        with traffic.Writing(robot, updates, per_second=100, chats=20):
            pass
        sums = ledger.check(room, seconds=120)
    book = robot.ledger
    handed, copies = sum(book["handed"].values()), 0
    copies = handed - len(book["handed"])
    figure = f"{copies} copies among {handed} updates: {sums}"
    passed = copies >= updates // 20 and sums.extra == 0
    figures.note("F5", database=database, figure=figure, passed=passed)
    assert passed
    before, faults = len(book["issued"]), out_of_order()
    # As after a week without updates.
    robot.restart_ids(LOWER)
    with traffic.Writing(robot, updates // 4, per_second=200, chats=20, start=updates):
        pass
    said = time.monotonic()
    sums = ledger.check(room, seconds=60)
    drained = time.monotonic() - said
    faults += out_of_order()
    passed = faults == 0 and drained <= DRAINS_WITHIN and sums.inputs == before + updates // 4
    took = f"lower numbers drained in {drained:.1f} s (≤ 10 s)"
    figure = f"window of 10: {faults} order faults; {took}"
    figures.note("F6", database=database, figure=figure, passed=passed)
    assert faults == 0 and sums.inputs == before + updates // 4
    assert drained <= 5 * DRAINS_WITHIN
