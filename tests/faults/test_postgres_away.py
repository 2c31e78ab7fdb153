"""PostgreSQL restarts under load (F20), and a line dies between COMMIT and its answer (F21)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.fakes.bot_api import BotApi
from tests.fakes.tcp_proxy import TcpProxy
from tests.faults import ledger, traffic
from tests.faults.conftest import Keep
from tests.faults.figures import Figures
from tests.postgres import Postgres

pytestmark = [pytest.mark.faults, pytest.mark.postgres]
SERVING_WITHIN = 10.0


@pytest.fixture
def through() -> Iterator[Callable[[str], TcpProxy]]:
    """Put a proxy before a database."""
    with ExitStack() as stack:
        yield lambda url: stack.enter_context(TcpProxy(url))


def test_postgresql_restarts_under_load(
    keep: Keep, api: BotApi, postgres: Postgres, figures: Figures
) -> None:
    restarts = figures.size(short=2, long=20)
    room, robot = keep("postgresql"), traffic.crowd(api, chats=60)
    room.start()
    took, held = list[float](), set[tuple[str, int]]()
    with traffic.Writing(robot, 30 * restarts, per_second=10):
        for number in range(restarts):
            time.sleep(0.5)
            postgres.halt("fast" if number % 2 else "immediate")
            time.sleep(0.5)
            postgres.resume()
            back = time.monotonic()
            # A lane that could not renew its lease let go of these.
            held |= ledger.in_hand()
            before = ledger.heard()
            robot.crowd([(traffic.FIRST + 50, f"are you back {number}")])
            room.wait(lambda before=before: ledger.heard() > before)  # type: ignore[misc]
            took.append(time.monotonic() - back)
    sums = ledger.check(room, seconds=120, held=held)
    passed = sums.inputs == 31 * restarts and max(took) <= SERVING_WITHIN and not room.deaths
    figure = f"{restarts} restarts, serving {max(took):.1f} s after (≤ 10 s): {sums}"
    figures.note("F20", database="postgresql", figure=figure, passed=passed)
    assert passed


def test_a_line_dies_between_commit_and_its_answer(
    through: Callable[[str], TcpProxy], keep: Keep, api: BotApi, figures: Figures
) -> None:
    cuts = figures.size(short=5, long=100)
    updates = 20 * cuts
    room, robot = keep("postgresql"), traffic.crowd(api)
    proxy = through(room.database)
    room.database = proxy.url
    room.start()
    proxy.cut_after_commits(cuts, share=0.2)
    with traffic.Writing(robot, updates, per_second=20) as writing:
        room.wait(lambda: proxy.cuts >= cuts or not writing.goes_on, seconds=30 * cuts)
    sums = ledger.check(room, seconds=120)
    passed = proxy.cuts >= cuts and sums.inputs == updates
    figure = f"{proxy.cuts} lines cut after COMMIT and before its answer: {sums}"
    figures.note("F21", database="postgresql", figure=figure, passed=passed)
    assert passed
