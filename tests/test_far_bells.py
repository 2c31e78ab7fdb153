"""What one process stores wakes the loops of another."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from waiting_room import bell, db, far_bells

pytestmark = pytest.mark.postgres
ELSEWHERE = "another:1:0123abcd"


def ring(name: str = bell.LETTERS, owner: str = ELSEWHERE) -> None:
    """As a process elsewhere does."""
    with _line() as line:
        line.execute("SELECT pg_notify('bell', %s)", [f"{owner} {name}"])


def _line() -> psycopg.Connection[tuple[object, ...]]:
    url = db.current().url.replace("+psycopg", "")
    return psycopg.connect(url, autocommit=True)


@asynccontextmanager
async def hearing(*names: str) -> AsyncIterator[bell.Listener]:
    """A loop that waits while bells from elsewhere are heard."""
    stop, listener = asyncio.Event(), bell.Listener(*names)
    heard = asyncio.create_task(far_bells.run(stop))
    # A line that is laid rings once, for what was rung before it stood.
    assert await listener.wait(10)
    try:
        yield listener
    finally:
        stop.set()
        listener.close()
        await heard


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        await asyncio.wait_for(story(), 60)

    asyncio.run(limited())


def test_a_bell_of_another_process_wakes_who_listens_to_it(postgres_room: Path) -> None:
    async def story() -> None:
        async with hearing(bell.LETTERS) as listener:
            await asyncio.to_thread(ring, bell.INBOX)
            assert not await listener.wait(0.3)
            await asyncio.to_thread(ring)
            assert await listener.wait(5)

    run(story)


def test_it_rings_when_what_it_is_about_is_stored_and_our_own_is_not_heard_twice(
    postgres_room: Path,
) -> None:
    async def story() -> None:
        with _line() as other:
            other.execute("LISTEN bell")
            async with hearing(bell.LETTERS) as listener:
                with contextlib.suppress(KeyError), db.write() as session:
                    db.ring(session, bell.ALERTS)
                    raise KeyError
                with db.write() as session:
                    db.ring(session, bell.LETTERS)
                    db.ring(session, bell.LETTERS)
                assert await listener.wait(5)
                assert not await listener.wait(0.5)
            heard = [note.payload.split()[1] for note in other.notifies(timeout=0.2)]
        assert heard == [bell.LETTERS]

    run(story)


def test_a_line_that_was_cut_is_laid_anew(postgres_room: Path) -> None:
    async def story() -> None:
        async with hearing(bell.LETTERS) as listener:
            with _line() as other:
                cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE %s"
                other.execute(cut, ["LISTEN%"])
            assert await listener.wait(10)
            await asyncio.to_thread(ring)
            assert await listener.wait(5)

    run(story)
