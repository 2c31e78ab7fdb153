"""kill -9 at each named point, sends taking 300 ms: the next start carries on (P3, P7; F3)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from sqlalchemy import select

from tests.fakes.bot_api import BotApi
from tests.faults import ledger, stories
from tests.faults.conftest import BOTH, Keep, by_webhook
from tests.faults.figures import Figures
from tests.faults.kept import KeptRoom
from tests.faults.stories import Scene
from waiting_room import db
from waiting_room.models import CheckIn, LetterRow, Message

pytestmark = pytest.mark.faults
SEND_TAKES, ANOTHER_AFTER, PATIENCE = 0.3, 2.0, 60.0
Chains = Mapping[tuple[str, ...], Callable[[Scene], Any]]


def walk(scene: Scene, chains: Chains) -> None:
    """The room stands still, is told where to die, and dies there while somebody acts."""
    room = scene.room
    for chain, act in chains.items():
        room.wait(lambda: ledger.is_settled(room), seconds=PATIENCE)
        # An orderly end, so that the next one need not wait for the leases of the dead.
        room.stop()
        room.fates += chain
        room.start()
        goal = room.deaths + len(chain)
        until = time.monotonic() + PATIENCE
        while room.deaths < goal:
            assert time.monotonic() < until, f"never came to {chain}"
            act(scene)
            # Once more, in case the first was served by the process before.
            wait_a_while(lambda goal=goal: room.deaths >= goal, ANOTHER_AFTER)  # type: ignore[misc]


def wait_a_while(ask: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not ask() and time.monotonic() < until:
        time.sleep(0.02)


def tick(scene: Scene, chains: Chains) -> None:
    """The room dies in its first ticks, which find what came due while it was down."""
    room = scene.room
    for chain, prepare in chains.items():
        with room.down():
            prepare(scene)
            room.fates += chain
            goal = room.deaths + len(chain)
        room.wait(lambda goal=goal: room.deaths >= goal, seconds=PATIENCE)  # type: ignore[misc]
        room.wait(lambda: room.is_up)


def some(chains: Chains, first: int, every: int) -> Chains:
    """One of so many."""
    return dict(list(chains.items())[first::every])


def once_each(scene: Scene) -> None:
    """What the ledger of Telegram does not see: forms, check-ins and knocks, each once."""
    with db.read() as session:
        said = Counter(str(m.text) for m in session.scalars(select(Message)))
        assert {said[words] for words in scene.said_in_browsers} <= {1}
        asked = list(session.scalars(select(CheckIn)))
        letters = list(session.scalars(select(LetterRow)))
    assert all(row.state != "planned" for row in asked)
    assert len({row.patient_id for row in asked}) == len(asked)
    knocks = Counter(one.address_id for one in letters if one.page == "staff/knock-mail")
    assert set(knocks.values()) <= {1}
    questions = Counter(one.dedupe for one in letters if one.dedupe)
    assert set(questions.values()) <= {1}


def live_through(room: KeptRoom, points: Iterable[Chains], rounds: int) -> ledger.Sums:
    """All of it in one room, so often; nothing is lost, and only what was being sent is sent
    again."""
    acts, ticks, by_hook = points
    scene = Scene(room)
    room.api.suffers("slow_reply", method="sendMessage", seconds=SEND_TAKES)
    room.start()
    for _ in range(rounds):
        walk(scene, acts)
        tick(scene, ticks)
    if by_hook:
        room.stop()
        room.extra |= by_webhook(room)
        room.start()
        room.wait(lambda: scene.robot.calls("setWebhook"))
        for _ in range(rounds):
            walk(scene, by_hook)
    sums = ledger.check(room, held=room.held, dead=scene.in_pieces)
    once_each(scene)
    return sums


@pytest.mark.parametrize("database", BOTH)
def test_the_room_dies_at_each_named_point(
    keep: Keep, api: BotApi, figures: Figures, database: str
) -> None:
    # The short form takes a quarter on the one database and another quarter on the other.
    quarter = 2 if database == "postgresql" else 0
    first, every = figures.size(short=(quarter, 4), long=(0, 1))
    parts = (stories.ACTS, stories.TICKS, stories.BY_WEBHOOK)
    chains = [some(part, first, every) for part in parts]
    points = sum(len(chain) for part in chains for chain in part)
    rounds = figures.size(short=1, long=5)
    sums = live_through(keep(database), chains, rounds)
    figures.note("F3", database=database, figure=f"{points} points × {rounds}: {sums}", passed=True)
