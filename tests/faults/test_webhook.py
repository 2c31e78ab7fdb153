"""Updates by webhook: "200" only once stored, through kills and rolling restarts (F2); strangers
without the secret cost nothing (F38)."""

from __future__ import annotations

import asyncio
import random
import time

import aiohttp
import pytest

from tests.fakes.bot_api import BotApi
from tests.faults import ledger, traffic
from tests.faults.conftest import BOTH, Keep, by_webhook
from tests.faults.figures import Figures
from tests.faults.kept import KeptRoom

pytestmark = pytest.mark.faults
BURST, INSIDE = 100, 0.05
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
CANARY = "Sample words nobody may read"
ANSWERED_WITHIN = 0.2


def serve(keep: Keep, api: BotApi, database: str, **extra: str) -> KeptRoom:
    """A room to which the fake Telegram brings its updates, quick to try again."""
    api.tune(haste=0.02)
    room, robot = keep(database, **extra), traffic.crowd(api)
    room.extra |= by_webhook(room)
    room.start()
    room.wait(lambda: robot.calls("setWebhook"))
    return room


@pytest.mark.parametrize("database", BOTH)
def test_a_kill_in_the_middle_of_a_burst(
    keep: Keep, api: BotApi, figures: Figures, database: str
) -> None:
    bursts, dice = figures.size(short=2, long=50), random.Random(7)
    room, robot = serve(keep, api, database), traffic.crowd(api)
    for number in range(bursts):
        room.wait(lambda: room.is_up)
        robot.crowd([(traffic.FIRST + n % 40, f"burst {number} day {n}") for n in range(BURST)])
        time.sleep(dice.uniform(0, INSIDE))
        room.kill()
    sums = ledger.check(room, seconds=120, held=room.held)
    passed = sums.inputs == bursts * BURST and room.deaths == bursts
    figure = f"{bursts} bursts of {BURST}, each with a kill inside 50 ms: {sums}"
    figures.note("F2", database=database, figure=figure, passed=passed)
    assert passed


@pytest.mark.parametrize("database", BOTH)
def test_rolling_restarts_under_load(
    keep: Keep, api: BotApi, figures: Figures, database: str
) -> None:
    restarts = figures.size(short=2, long=20)
    updates = 40 * restarts
    room, robot = serve(keep, api, database), traffic.crowd(api)
    drained = []
    with traffic.Writing(robot, updates, per_second=30):
        for _ in range(restarts):
            time.sleep(0.5)
            asked = time.monotonic()
            room.stop()
            drained.append(time.monotonic() - asked)
            room.start()
    sums = ledger.check(room, seconds=90)
    passed = sums.inputs == updates and sums.extra + sums.extra_crisis == 0 and max(drained) <= 10
    slowest = f"drained in {max(drained):.1f} s (≤ 10 s)"
    figure = f"{restarts} SIGTERM restarts under load, {slowest}: {sums}"
    figures.note("F2", database=database, figure=figure, passed=passed)
    assert passed


def update(number: int) -> dict[str, object]:
    """A message as Telegram brings it."""
    person = {"id": traffic.FIRST, "is_bot": False, "first_name": "Sample"}
    chat = {"id": traffic.FIRST, "type": "private"}
    words = {"message_id": number, "date": int(time.time()), "text": f"my day {number}"}
    return {"update_id": 900_000 + number, "message": {"chat": chat, "from": person, **words}}


async def flood(room: KeptRoom, strangers: int, real: int) -> tuple[set[int], list[float]]:
    """So many strangers side by side with so many real updates: what the strangers were
    answered, and how long each real one took."""
    url = f"{room.url}/telegram/patients"
    body = {**update(0), "words": CANARY}
    answers: set[int] = set()
    took: list[float] = []

    async def knock(number: int) -> None:
        wrong = {} if number % 2 else {SECRET_HEADER: "a-guess"}
        for _ in range(strangers // 10):
            async with web.post(url, json=body, headers=wrong) as answer:
                answers.add(answer.status)

    async def bring() -> None:
        right = {SECRET_HEADER: room.extra["WAITING_ROOM_TELEGRAM_SECRET"]}
        for number in range(1, real + 1):
            asked = time.monotonic()
            async with web.post(url, json=update(number), headers=right) as answer:
                assert answer.status == 200
            took.append(time.monotonic() - asked)

    async with aiohttp.ClientSession() as web:
        await asyncio.gather(bring(), *(knock(number) for number in range(10)))
    return answers, took


@pytest.mark.parametrize("database", BOTH)
def test_strangers_without_the_secret(
    keep: Keep, api: BotApi, figures: Figures, database: str
) -> None:
    strangers, real = figures.size(short=(500, 50), long=(10_000, 500))
    # All that could be logged is.
    room = serve(keep, api, database, WAITING_ROOM_LOG_LEVEL="DEBUG")
    answers, took = asyncio.run(flood(room, strangers, real))
    p99 = sorted(took)[int(len(took) * 0.99) - 1]
    silent = CANARY not in room.log.read_text()
    passed = answers == {403} and silent and p99 <= ANSWERED_WITHIN
    beside = f"real updates beside them p99 {p99 * 1000:.0f} ms (≤ 200 ms)"
    figure = f"{strangers} strangers: 403, nothing of theirs in the log; {beside}"
    figures.note("F38", database=database, figure=figure, passed=passed)
    assert answers == {403} and silent
    assert p99 <= 5 * ANSWERED_WITHIN
