"""One process at a time; the next carries on when the first cannot, and never before."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from waiting_room import clock, db, leases
from waiting_room.errors import StorageRefused
from waiting_room.leases import Held

NAME = "poller patients 0123456789ab"
# Short, so that a test lasts no longer than it must.
SECONDS = 2.4


def take(owner: str, *, seconds: float = 60) -> int | None:
    with db.write() as session:
        return leases.take(session, NAME, owner=owner, seconds=seconds)


def release(owner: str) -> None:
    with db.write() as session:
        leases.release(session, NAME, owner=owner)


def is_current(fence: int) -> bool:
    with db.write() as session:
        return leases.is_current(session, Held(NAME, fence, 0))


def test_one_holds_it_and_renews_it_the_others_are_refused(any_room: Path) -> None:
    assert take("a") == 1
    assert take("b") is None
    assert take("a") == 1


def test_the_fence_grows_with_every_change_of_owner_and_only_then(any_room: Path) -> None:
    assert take("a", seconds=-1) == 1
    assert take("a", seconds=-1) == 1
    assert take("b") == 2
    release("b")
    assert take("c") == 3
    assert [is_current(fence) for fence in (1, 2, 3)] == [False, False, True]


def test_only_its_owner_releases_it(any_room: Path) -> None:
    take("a")
    release("b")
    assert take("b") is None


def test_of_many_that_ask_at_once_one_gets_it(any_room: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda number: take(f"owner {number}"), range(8)))
    assert sorted(filter(None, found)) == [1]


@pytest.mark.postgres
def test_time_is_the_databases(postgres_room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take("a", seconds=60)
    later = clock.wall().replace(year=2040)
    monkeypatch.setattr(clock, "wall", lambda: later)
    assert take("b") is None


def test_nobody_reads_the_token_out_of_a_name() -> None:
    token = "7000000001:AAsamplePatientsTokenForTests00"
    name = leases.name_of("lane staff_telegram", token)
    assert len(name) <= 40
    assert "7000000001" not in name
    assert name != leases.name_of("lane staff_telegram", token[:-1])


class Worker:
    """Work that is never to be done twice at once; it can be told to break."""

    def __init__(self) -> None:
        self.working = self.most = 0
        self.begun: list[Held] = []
        self.started = asyncio.Event()

    async def __call__(self, held: Held) -> None:
        self.working += 1
        self.most = max(self.most, self.working)
        self.begun.append(held)
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.working -= 1

    async def again(self) -> Held:
        """The next time it begins."""
        await asyncio.wait_for(self.started.wait(), 10)
        self.started.clear()
        return self.begun[-1]


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        await asyncio.wait_for(story(), 30)

    asyncio.run(limited())


@contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Storage says no to every lease."""
    with monkeypatch.context() as patch:

        def refuse(*_: object, **__: object) -> None:
            raise StorageRefused("the database is away")

        patch.setattr(leases, "take", refuse)
        yield


def stood_by(worker: Worker, stop: asyncio.Event, **more: bool) -> asyncio.Task[None]:
    return asyncio.create_task(leases.alone(NAME, worker, stop, seconds=SECONDS, **more))


@pytest.mark.postgres
def test_a_dead_holder_is_followed_when_its_time_is_up(postgres_room: Path) -> None:
    async def story() -> None:
        stop, worker = asyncio.Event(), Worker()
        take("dead", seconds=SECONDS)
        died = clock.monotonic()
        running = stood_by(worker, stop)
        held = await worker.again()
        assert held.fence == 2
        assert SECONDS - 0.1 <= clock.monotonic() - died <= SECONDS + leases.LOOK_EVERY + 1
        running.cancel()
        await asyncio.wait({running})
        # Told to end, it let others have it at once.
        assert take("next") == 3

    run(story)


@pytest.mark.postgres
def test_it_is_renewed_for_as_long_as_the_work_lasts(postgres_room: Path) -> None:
    async def story() -> None:
        stop, worker = asyncio.Event(), Worker()
        running = stood_by(worker, stop)
        held = await worker.again()
        for _ in range(10):
            await asyncio.sleep(SECONDS / 5)
            assert await asyncio.to_thread(take, "another") is None
        assert (worker.begun, held.sure) == ([held], True)
        running.cancel()
        await asyncio.wait({running})

    run(story)


@pytest.mark.postgres
def test_what_cannot_be_renewed_ends_before_others_may_begin(
    postgres_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        stop, worker = asyncio.Event(), Worker()
        running = stood_by(worker, stop)
        await worker.again()
        with refusing(monkeypatch):
            since = clock.monotonic()
            while worker.working:
                await asyncio.sleep(0.01)
            assert clock.monotonic() - since <= SECONDS - leases.PUT_DOWN + 0.5
        # Storage is back, nobody else came: it carries on.
        await worker.again()
        assert (worker.most, len(worker.begun)) == (1, 2)
        running.cancel()
        await asyncio.wait({running})

    run(story)


@pytest.mark.postgres
def test_work_that_storage_must_not_end_goes_on_unsure_until_somebody_else_has_it(
    postgres_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        stop, worker = asyncio.Event(), Worker()
        running = stood_by(worker, stop, through_outage=True)
        held = await worker.again()
        with refusing(monkeypatch):
            while held.sure:
                await asyncio.sleep(0.05)
            await asyncio.sleep(SECONDS)
            assert worker.working == 1
        while not held.sure:
            await asyncio.sleep(0.05)
        assert worker.begun == [held]
        await asyncio.to_thread(release, leases.process.OWNER)
        assert await asyncio.to_thread(take, "another") == held.fence + 1
        while worker.working:
            await asyncio.sleep(0.05)
        assert not held.sure
        running.cancel()
        await asyncio.wait({running})

    run(story)


@pytest.mark.postgres
def test_work_that_does_not_hear_the_first_time_ends_all_the_same(
    postgres_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deaf(Worker):
        async def __call__(self, held: Held) -> None:
            with contextlib.suppress(asyncio.CancelledError):
                await super().__call__(held)
            await super().__call__(held)

    async def story() -> None:
        stop, worker = asyncio.Event(), Deaf()
        running = stood_by(worker, stop)
        first = await worker.again()
        with refusing(monkeypatch):
            await worker.again()
            assert worker.begun == [first, first]
            while worker.working:
                await asyncio.sleep(0.01)
        # Else it would keep a lease for which it does nothing.
        await worker.again()
        assert worker.begun[-1] is not first
        running.cancel()
        while not running.done():
            await asyncio.wait({running}, timeout=0.1)

    run(story)


@pytest.mark.postgres
def test_work_that_breaks_lets_go_and_says_so(postgres_room: Path) -> None:
    async def breaks(_: Held) -> None:
        raise ZeroDivisionError

    async def story() -> None:
        with pytest.raises(ZeroDivisionError):
            await leases.alone(NAME, breaks, asyncio.Event())
        assert take("another") == 2

    run(story)


def test_on_sqlite_the_lock_file_is_the_lease(room: Path) -> None:
    async def once(held: Held) -> None:
        assert held.sure

    take("dead")
    run(lambda: leases.alone(NAME, once, asyncio.Event()))
    assert leases.ours(NAME, seconds=9)


@pytest.mark.postgres
def test_a_tick_for_all_is_one_process_work_for_so_long(postgres_room: Path) -> None:
    take("another", seconds=60)
    assert not leases.ours(NAME, seconds=9)
    release("another")
    assert leases.ours(NAME, seconds=9)
    assert take("another") is None


def test_what_a_killed_process_of_this_machine_held_is_free_at_once(any_room: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    here = leases.process.OWNER.split(":")[2]
    for holder, is_free in (
        (f"node:{dead.pid}:{here}:abcd", True),
        (f"node:{os.getpid()}:{here}:abcd", False),
        (f"node:{dead.pid}:elsewhere:abcd", False),
        ("somebody", False),
    ):
        assert take(holder) is not None
        assert (take("b") is not None) == is_free, holder
        release(holder)
        release("b")
