"""What one process does at a time while the others stand by: it holds a lease that ends by itself.

A lease is a row, taken and renewed by one statement. The fence grows with every change of owner: a
process that was stopped and wakes too late is refused, where it asks `is_current` in the
transaction that counts. On SQLite one process serves anyway, and its lock file is the lease.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import Interval, case, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from waiting_room import clock, db, process
from waiting_room.errors import StorageRefused
from waiting_room.models import Lease

log = logging.getLogger(__name__)
T = TypeVar("T")

# A holder that died is followed within these two.
LASTING = 6.0
LOOK_EVERY = 1.0
# No fence: storage does not say who has it.
UNKNOWN = 0
# Nor where no other process serves.
SOLE = -1
# So long before others may begin the work must end: it has something to put down.
PUT_DOWN = 1.0
# Threads of their own: however busy all others are, a lease is renewed in time.
_hands = ThreadPoolExecutor(8, thread_name_prefix="lease")


@dataclass
class Held:
    """A lease of this process, and until when (by its own stopwatch) nobody else can have it."""

    name: str
    fence: int
    until: float

    @property
    def sure(self) -> bool:
        """False once it could not be renewed in time."""
        return clock.monotonic() < self.until


Work = Callable[[Held], Awaitable[object]]


def take(session: Session, name: str, *, owner: str = "", seconds: float = LASTING) -> int | None:
    """Take this lease or renew it: its fence, or None while somebody else holds it."""
    fence = _take(session, name, owner or process.OWNER, seconds)
    holder = None if fence else session.scalar(select(Lease.owner).where(Lease.name == name))
    # Killed on this machine: what it had need not be waited for.
    if holder and process.is_gone(holder):
        release(session, name, owner=holder)
        fence = _take(session, name, owner or process.OWNER, seconds)
    return fence


def _take(session: Session, name: str, owner: str, seconds: float) -> int | None:
    now, until = _moments(session, seconds)
    fresh = _insert(session).values(name=name, owner=owner, fence=1, until=until)
    mine = Lease.owner == owner
    taken = fresh.on_conflict_do_update(
        index_elements=["name"],
        set_={"owner": owner, "until": until, "fence": Lease.fence + case((mine, 0), else_=1)},
        where=or_(mine, Lease.until < now),
    )
    fence: int | None = session.scalar(taken.returning(Lease.__table__.c.fence))
    return fence


def release(session: Session, name: str, *, owner: str = "") -> None:
    """Let others have it now. The row stays, because its fence must never begin anew."""
    _, until = _moments(session, -1)
    mine = update(Lease).where(Lease.name == name, Lease.owner == (owner or process.OWNER))
    session.execute(mine.values(until=until))


def is_current(session: Session, held: Held) -> bool:
    """Whether nobody took this lease after us, nor will until this transaction has ended."""
    if held.fence == SOLE:
        return True
    ours = select(Lease.fence).where(Lease.name == held.name, Lease.fence == held.fence)
    return session.scalar(ours.with_for_update(read=True)) is not None


def needed() -> bool:
    """Whether several processes may serve this room."""
    return not db.current().is_sqlite


def ours(name: str, *, seconds: float) -> bool:
    """Whether a piece of work is ours for so long: for ticks, which one process does for all."""
    if not needed():
        return True
    with db.write() as session:
        return take(session, name, seconds=seconds) is not None


def let_go(name: str) -> None:
    """This work is done; another process may do it next."""
    # Storage that refuses lets nobody else take it either, and it ends by itself.
    with contextlib.suppress(StorageRefused), db.write() as session:
        release(session, name)


def name_of(work: str, token: str) -> str:
    """The name of a lease on what one bot may do once; nobody can read the token out of it."""
    return f"{work} {hashlib.sha256(token.encode()).hexdigest()[:12]}"


async def alone(
    name: str,
    work: Work,
    stop: asyncio.Event,
    *,
    through_outage: bool = False,
    seconds: float = LASTING,
) -> None:
    """Do this work whenever no other process does, until told to stop.

    It is cancelled before others may begin. `through_outage` is for work that storage must not
    end: it goes on until storage says that somebody else has it, and minds `Held.sure` itself.
    """
    if not needed():
        await work(Held(name, SOLE, float("inf")))
        return
    while not stop.is_set():
        asked = clock.monotonic()
        fence = await _in_hand(_ask, name, seconds)
        if not fence:
            await _stand_by(stop)
            continue
        log.info("%s: this process has it now", name)
        held = Held(name, fence, asked + seconds - PUT_DOWN)
        await _hold(held, work, seconds, through_outage=through_outage)


async def _stand_by(stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LOOK_EVERY):
            await stop.wait()


async def _hold(held: Held, work: Work, seconds: float, *, through_outage: bool) -> None:
    working = asyncio.ensure_future(work(held))
    keeping = asyncio.create_task(_keep(held, seconds, through_outage=through_outage))
    try:
        await asyncio.wait({working, keeping}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            log.error("%s: lost; another process may have it now", held.name)
    finally:
        await _end(keeping)
        await _end(working)
        await _in_hand(let_go, held.name)
    for task in (working, keeping):
        if not task.cancelled():
            task.result()


async def _end(task: asyncio.Future[Any]) -> None:
    """Cancel it until it ends: work that lived on without its lease would do nothing, for ever."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=PUT_DOWN / 2)


async def _keep(held: Held, seconds: float, *, through_outage: bool) -> None:
    """Renew in time; returns once that is not possible any more."""
    while True:
        asked = clock.monotonic()
        try:
            # Storage that says nothing at all must not keep it longer than storage that refuses.
            async with asyncio.timeout_at(None if through_outage else held.until):
                await asyncio.sleep(seconds / 3 if held.sure else LOOK_EVERY)
                asked = clock.monotonic()
                fence = await _in_hand(_ask, held.name, seconds)
        except TimeoutError:
            return
        if fence == UNKNOWN:
            continue
        if fence != held.fence:
            held.until = asked
            return
        held.until = asked + seconds - PUT_DOWN


async def _in_hand(act: Callable[..., T], *given: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(_hands, act, *given)


def _ask(name: str, seconds: float) -> int | None:
    try:
        with db.write() as session:
            return take(session, name, seconds=seconds)
    except StorageRefused:
        return UNKNOWN


def _moments(session: Session, seconds: float) -> tuple[Any, Any]:
    """Now, and so many seconds later: by the clock that all who share this database share."""
    span = timedelta(seconds=seconds)
    if session.get_bind().dialect.name == "sqlite":
        return clock.wall(), clock.wall() + span
    return func.clock_timestamp(), func.clock_timestamp() + literal(span, Interval)


def _insert(session: Session) -> Any:
    kinds = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
    return kinds[session.get_bind().dialect.name](Lease)
