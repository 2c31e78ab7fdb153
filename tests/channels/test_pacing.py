"""Turns are even, spaced for each chat, urgent first; nothing leaves before a pause is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from waiting_room.channels.pacing import Pacer, Resting

CRISIS, ROUTINE = 0, 2


class Clock:
    """A clock that jumps when somebody sleeps; each sleep wakes a little late, as real ones do."""

    def __init__(self, late: float = 0.0) -> None:
        self.now, self.late = 1_000.0, late

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        # Whoever was given a turn goes first, at the time of the turn.
        for _ in range(3):
            await asyncio.sleep(0)
        self.now += seconds + self.late


def paced(
    work: Callable[[Pacer, Clock], Coroutine[Any, Any, Any]],
    *,
    late: float = 0.0,
    **figures: float,
) -> Any:
    """Run some work with a pacer on a clock of its own."""
    clock = Clock(late)
    return asyncio.run(work(Pacer(time=clock.time, sleep=clock.sleep, **figures), clock))


async def times(pacer: Pacer, clock: Clock, chats: list[str]) -> list[float]:
    """When each of these got its turn, all asking at once."""

    async def one(chat: str) -> float:
        await pacer.turn(chat, urgency=ROUTINE)
        return clock.now

    return list(await asyncio.gather(*(one(chat) for chat in chats)))


@pytest.mark.parametrize("late", [0.0, 0.001])
def test_many_chats_get_nearly_all_of_the_limit_and_never_more(late: float) -> None:
    chats = [str(number) for number in range(300)]
    at = paced(lambda pacer, clock: times(pacer, clock, chats), late=late)
    rate = (len(at) - 1) / (at[-1] - at[0])
    assert 29.7 <= rate <= 30
    assert all(later - at[i] > 1.0 for i, later in enumerate(at[30:]))


def test_one_chat_gets_one_a_second_and_others_do_not_wait_for_it() -> None:
    at = paced(lambda pacer, clock: times(pacer, clock, ["a", "a", "a", "b"]))
    assert at[1] - at[0] >= 1 and at[2] - at[1] >= 1
    assert at[3] - at[0] < 0.1


def test_after_a_calm_nothing_leaves_in_a_burst() -> None:
    async def work(pacer: Pacer, clock: Clock) -> list[float]:
        await pacer.turn("a", urgency=ROUTINE)
        clock.now += 60
        return await times(pacer, clock, ["b", "c", "d"])

    at = paced(work)
    assert at[1] - at[0] > 0.03 and at[2] - at[1] > 0.03


def test_crisis_goes_before_everybody_who_stood_there_earlier() -> None:
    async def work(pacer: Pacer, clock: Clock) -> list[str]:
        order: list[str] = []

        async def one(name: str, urgency: int) -> None:
            await pacer.turn(name, urgency=urgency)
            order.append(name)

        routine = [asyncio.create_task(one(f"r{i}", ROUTINE)) for i in range(100)]
        while len(order) < 3:
            await asyncio.sleep(0)
        await one("crisis", CRISIS)
        for task in routine:
            task.cancel()
        return order

    assert paced(work).index("crisis") <= 4


def test_a_pause_sends_the_routine_home_and_lets_none_in_before_its_end() -> None:
    async def work(pacer: Pacer, clock: Clock) -> None:
        await pacer.turn("a", urgency=ROUTINE)
        waiting = asyncio.create_task(pacer.turn("a", urgency=ROUTINE))
        await asyncio.sleep(0)
        pacer.rest(30)
        with pytest.raises(Resting):
            await waiting
        clock.now += 29
        with pytest.raises(Resting) as refused:
            await pacer.turn("b", urgency=ROUTINE)
        assert refused.value.seconds == pytest.approx(1)
        clock.now += 1.5
        assert pacer.resting == 0
        await pacer.turn("b", urgency=ROUTINE)

    paced(work)


def test_a_pause_neither_stops_nor_sends_home_what_is_urgent() -> None:
    async def work(pacer: Pacer, clock: Clock) -> float:
        await pacer.turn("a", urgency=ROUTINE)
        waiting = asyncio.create_task(pacer.turn("a", urgency=CRISIS))
        await asyncio.sleep(0)
        pacer.rest(30)
        start = clock.now
        await waiting
        await pacer.turn("b", urgency=CRISIS)
        return clock.now - start

    assert paced(work) < 1.5


def test_whoever_stops_waiting_costs_no_turn() -> None:
    async def work(pacer: Pacer, clock: Clock) -> float:
        start = clock.now
        gone = [asyncio.create_task(pacer.turn(str(i), urgency=ROUTINE)) for i in range(50)]
        await asyncio.sleep(0)
        for task in gone:
            task.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        await pacer.turn("last", urgency=ROUTINE)
        return clock.now - start

    assert paced(work) < 0.1


def test_the_memory_of_chats_does_not_grow() -> None:
    async def work(pacer: Pacer, clock: Clock) -> int:
        for number in range(5_000):
            await pacer.turn(str(number), urgency=ROUTINE)
        return len(pacer._chats)

    assert paced(work, per_second=1_000) < 2_100
