"""kill -9 at any moment, polling: nothing is lost and nothing happens twice (P1, P2; F1)."""

from __future__ import annotations

import random
import time

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
    rounds, kills, each = figures.size(short=(1, 5, 40), long=(10, 10, 60))
    dice = random.Random(20261125)
    room, robot = keep(database), traffic.crowd(api)
    room.start()
    for number in range(rounds * kills):
        with traffic.Writing(robot, each, per_second=PER_SECOND, start=number * each):
            # A moment nobody chose, while people write.
            time.sleep(dice.uniform(0, each / PER_SECOND))
            room.kill()
    sums = ledger.check(room, held=room.held)
    passed = sums.inputs == rounds * kills * each and room.deaths == rounds * kills
    figure = f"{room.deaths} kills by polling: {sums}"
    figures.note("F1", database=database, figure=figure, passed=passed)
    assert passed
