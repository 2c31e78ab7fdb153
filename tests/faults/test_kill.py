"""kill -9 at any moment, polling: nothing is lost and nothing happens twice (P1, P2; F1)."""

from __future__ import annotations

import random

import pytest

from tests.fakes.bot_api import BotApi
from tests.faults import ledger, traffic
from tests.faults.conftest import BOTH, Keep
from tests.faults.figures import Figures

pytestmark = pytest.mark.faults
PER_SECOND = 40


@pytest.mark.parametrize("database", BOTH)
def test_random_kills_while_updates_flow(
    keep: Keep, api: BotApi, figures: Figures, database: str
) -> None:
    rounds, updates, kills = figures.size(short=(1, 150, 5), long=(10, 600, 10))
    dice = random.Random(20261125)
    room, robot = keep(database), traffic.crowd(api)
    room.start()
    for number in range(rounds):
        start = number * updates
        with traffic.Writing(robot, updates, per_second=PER_SECOND, start=start) as writing:
            # So that the last kill still meets somebody who writes.
            traffic.kills(room, kills, dice=dice, longest=updates / PER_SECOND / kills - 0.4)
            assert rounds == 1 or writing.goes_on or number
    sums = ledger.check(room, kills=room.deaths)
    passed = sums.inputs == rounds * updates and room.deaths == rounds * kills
    figure = f"{room.deaths} kills by polling: {sums}"
    figures.note("F1", database=database, figure=figure, passed=passed)
    assert passed
