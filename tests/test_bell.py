"""A bell wakes who listens, from any thread, and disturbs nobody who has gone."""

from __future__ import annotations

import asyncio
import threading

from waiting_room import bell


def test_a_ring_from_another_thread_wakes_the_listener() -> None:
    async def listen() -> bool:
        listener = bell.Listener(bell.LETTERS, bell.ALERTS)
        threading.Thread(target=bell.ring, args=(bell.LETTERS,)).start()
        woken = await listener.wait(10)
        listener.close()
        return woken

    assert asyncio.run(listen())


def test_a_ring_before_waiting_is_not_lost_and_wakes_once() -> None:
    async def listen() -> list[bool]:
        listener = bell.Listener(bell.INBOX)
        bell.ring(bell.INBOX)
        bell.ring(bell.INBOX)
        answers = [await listener.wait(10), await listener.wait(0.01)]
        listener.close()
        return answers

    assert asyncio.run(listen()) == [True, False]


def test_another_bell_wakes_nobody() -> None:
    async def listen() -> bool:
        listener = bell.Listener(bell.INBOX)
        bell.ring(bell.LETTERS)
        return await listener.wait(0.01)

    assert not asyncio.run(listen())


def test_a_listener_whose_loop_has_ended_is_no_trouble() -> None:
    async def leave() -> None:
        bell.Listener(bell.INBOX)

    asyncio.run(leave())
    bell.ring(bell.INBOX)


def test_a_listener_told_to_end_as_the_bell_rings_ends() -> None:
    async def ends(moments: int) -> bool:
        listener = bell.Listener(bell.LETTERS)
        waiting = asyncio.create_task(listener.wait(10))
        await asyncio.sleep(0)
        bell.ring(bell.LETTERS)
        for _ in range(moments):
            await asyncio.sleep(0)
        told = waiting.cancel()
        await asyncio.wait({waiting})
        listener.close()
        # Told in time it is cancelled; too late, it had woken already.
        return waiting.cancelled() == told

    assert all(asyncio.run(ends(moments)) for moments in range(6))
