"""Two processes that send, and one is stopped with letters in its hands: its lease ends, the
other goes on, and the fence refuses what the first one writes when it wakes (F25)."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import func, select

from tests.fakes.bot_api import BotApi
from tests.faults import ledger, traffic
from tests.faults.conftest import Keep
from tests.faults.figures import Figures
from tests.faults.kept import KeptRoom
from tests.journeys.live import free_port
from waiting_room import db
from waiting_room.models import Lease, LetterRow

pytestmark = [pytest.mark.faults, pytest.mark.postgres]
LONGER_THAN_A_LEASE = 8.0


def second(room: KeptRoom) -> KeptRoom:
    """Another process of the same room."""
    other = KeptRoom(room.nursery, room.folder, room.api, room.mail, database=room.database)
    other.extra, other.log = dict(room.extra), room.folder / "second.log"
    other.port = free_port()
    other.url = f"http://127.0.0.1:{other.port}"
    return other


def settled(*states: str) -> int:
    """How many letters came to one of these ends."""
    with db.read() as session:
        mine = select(func.count()).where(LetterRow.state.in_(states))
        return session.scalar(mine) or 0


def changes_of_hands() -> int:
    """How often the lane went from one process to the other."""
    with db.read() as session:
        fence = select(func.max(Lease.fence)).where(Lease.name.like("%lane telegram%"))
        return (session.scalar(fence) or 0) - 1


def under_way(api: BotApi) -> bool:
    """Whether a letter is on the line and not answered yet."""
    calls = api.calls("sendMessage")
    return bool(calls) and calls[-1]["status"] == 0


def test_a_sender_that_wakes_too_late(keep: Keep, api: BotApi, figures: Figures) -> None:
    times = figures.size(short=1, long=50)
    room, robot = keep("postgresql"), traffic.crowd(api, chats=20 * times)
    other = second(room)
    api.suffers("slow_reply", method="sendMessage", seconds=0.3)
    room.start()
    other.start()
    rooms = [room, other]
    for number in range(times):
        robot.crowd([(traffic.FIRST + 20 * number + n, "hello") for n in range(20)])
        # Whoever has the lane: the one frozen is each in turn, and the other one goes on.
        room.wait(lambda: under_way(api))
        with rooms[number % 2].frozen():
            time.sleep(LONGER_THAN_A_LEASE)
        # One that woke before its lease was taken may not know whether its letter arrived.
        goal = 20 * (number + 1)
        room.wait(lambda: settled("sent", "uncertain") >= goal, seconds=60)  # noqa: B023
    sums = ledger.check(room, seconds=60, held=room.held | other.held)
    other.stop()
    extra, changes = sums.extra + sums.extra_crisis, changes_of_hands()
    passed = sums.inputs == 20 * times and changes >= times and extra <= 20 * times
    hands = f"the lane changed hands {changes} times, {settled('uncertain')} letters uncertain"
    figure = f"{times} × SIGSTOP {LONGER_THAN_A_LEASE:.0f} s, 20 letters under way, {hands}: {sums}"
    figures.note("F25", database="postgresql", figure=figure, passed=passed)
    assert passed
