"""One channel's queue at work: claims what is due, sends it, writes down what came of it.

Each channel has a lane of its own, so that a dead one delays no other. Crisis letters take no
place in the lane: however much stands in it, they are claimed, sent and marked at once.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from sqlalchemy.orm import Session

from waiting_room import bell, clock, db, leases, sending
from waiting_room.channels import settling
from waiting_room.channels.contract import Channel, Later, NotSent, Permanent, Unsure
from waiting_room.channels.settling import GROUP, Outcome
from waiting_room.errors import StorageRefused
from waiting_room.kill_points import reached
from waiting_room.leases import Held
from waiting_room.sending import Parcel

log = logging.getLogger(__name__)
T = TypeVar("T")

LOOK_EVERY = 1.0
# How long a routine letter that left may wait for others to be marked with it.
GATHER = 0.05
# Less than a letter's lease: nobody else may take it while it is still on its way.
SEND_WITHIN = 22.0
# Within the eight seconds that the process gives its parts to end.
LAST_MOMENTS = 6.0


class Lane:
    """One channel, its letters in flight, and those that landed and are not marked yet."""

    def __init__(self, name: str, channel: Channel) -> None:
        self.name = name
        self._channel = channel
        self._bell = f"lane {name}"
        self._flying: set[asyncio.Task[None]] = set()
        # Routine letters that are claimed and not marked: what a kill may repeat.
        self._routine = 0
        self._landed: list[Outcome] = []
        self._mark_at = 0.0
        self._held: Held

    async def run(self, stop: asyncio.Event, beat: Callable[[], None], held: Held) -> None:
        """Work whenever a letter is queued or lands, and once a second, until told to stop.

        `held`: no other process has this lane now. It may be cancelled, and run again.
        """
        listener = bell.Listener(bell.LETTERS, self._bell)
        self._held = held
        try:
            # What landed before we lost the lane is marked; the rest is not under way any more.
            await self._mark()
            work = asyncio.to_thread(self._take_over)
            await self._safely(work, "letters left on their way wait for their lease")
            while not stop.is_set():
                beat()
                await self._round()
                await listener.wait(self._pause())
            await self._finish()
        finally:
            listener.close()
            await self._let_go()

    def wake(self) -> None:
        """Look again now."""
        bell.ring(self._bell)

    async def _round(self) -> None:
        is_time = self._landed and clock.monotonic() >= self._mark_at
        # Each transaction waits for whoever writes now, so the last marks go with the next claim.
        marks = await self._mark(but_the_last=True) if is_time else []
        while parcels := await self._claim(marks):
            marks = []
            for parcel in parcels:
                self._launch(parcel)

    def _pause(self) -> float:
        rest = self._channel.resting or LOOK_EVERY
        mark = self._mark_at - clock.monotonic() if self._landed else LOOK_EVERY
        return max(0.0, min(LOOK_EVERY, rest, mark))

    async def _finish(self) -> None:
        """Told to stop: what is on its way may land; what does not is sent again after its lease"""
        if self._flying:
            await asyncio.wait(self._flying, timeout=LAST_MOMENTS)
        await self._let_go()
        await self._mark()

    async def _let_go(self) -> None:
        """Nothing stays under way: another process may be the one that sends from now on."""
        for task in (flying := set(self._flying)):
            task.cancel()
        if flying:
            await asyncio.wait(flying)
        self._routine = _routine(self._landed)

    def _is_ours(self, session: Session) -> bool:
        return leases.is_current(session, self._held)

    async def _claim(self, marks: list[Outcome]) -> list[Parcel]:
        room = self._channel.at_once - self._routine + _routine(marks)
        # A lane that is nearly full takes nothing routine, so that each claim is worth its
        # transaction; a crisis letter is claimed all the same.
        full = room <= self._channel.at_once // 4 or self._channel.resting > 0
        limit = GROUP if full else min(room, GROUP)
        work = asyncio.to_thread(self._take, limit, marks, only_crisis=full)
        found = await self._safely(work, "the letters stay queued")
        if not isinstance(found, Exception):
            self._routine -= _routine(marks)
            return found
        if marks:
            await self._write_down(marks)
        return []

    def _take(self, limit: int, marks: list[Outcome], *, only_crisis: bool) -> list[Parcel]:
        now = clock.now()
        due = sending.Due(self.name, now=now, wall=clock.wall(), only_crisis=only_crisis)
        # Nearly every look finds nothing: an idle lane must not take the write lock for it.
        if not marks:
            with db.read() as session:
                if not sending.waiting(session, due):
                    return []
        with db.write() as session:
            _settle(session, marks)
            parcels = sending.claim(session, due, limit=limit) if self._is_ours(session) else []
            reached("letters claimed", len(parcels))
        _tell(marks)
        reached("claim stored", len(parcels))
        return parcels

    def _take_over(self) -> None:
        # A crisis letter that a dead process held must not wait out its lease.
        with db.write() as session:
            if self._is_ours(session):
                sending.take_over(session, self.name, wall=clock.wall())

    def _launch(self, parcel: Parcel) -> None:
        self._routine += not parcel.is_crisis
        task = asyncio.create_task(self._fly(parcel))
        self._flying.add(task)
        task.add_done_callback(self._flying.discard)

    async def _fly(self, parcel: Parcel) -> None:
        found = await self._safely(self._deliver(parcel), "the letter is tried again")
        outcome = found if isinstance(found, Outcome) else Outcome(parcel, trouble=_fault(parcel))
        if parcel.is_crisis:
            # Alone and at once: after a kill, what was sent and not marked is sent again.
            await self._write_down([outcome])
        else:
            self._land(outcome)

    async def _deliver(self, parcel: Parcel) -> Outcome:
        if parcel.broken:
            return Outcome(parcel, trouble=Permanent(parcel.broken))
        try:
            async with asyncio.timeout(SEND_WITHIN):
                reached("letter in hand")
                give = self._channel.prove if parcel.is_drill else self._channel.send
                number = await give(parcel)
                reached("letter sent")
                return Outcome(parcel, number)
        except NotSent as not_sent:
            return Outcome(parcel, trouble=settling.judged(parcel, not_sent, now=clock.now()))
        except TimeoutError:
            return Outcome(parcel, trouble=Unsure("it took too long"))

    def _land(self, outcome: Outcome) -> None:
        if not self._landed:
            self._mark_at = clock.monotonic() + GATHER
            self.wake()
        self._landed.append(outcome)
        if len(self._landed) >= min(GROUP, self._routine):
            self._mark_at = 0.0
            self.wake()

    async def _mark(self, *, but_the_last: bool = False) -> list[Outcome]:
        landed, self._landed = self._landed, []
        groups = list(settling.groups(landed))
        last = groups.pop() if groups and but_the_last else []
        for group in groups:
            await self._write_down(group)
        return last

    async def _write_down(self, group: list[Outcome]) -> None:
        work = asyncio.to_thread(_store, group)
        failure = await self._safely(work, "what came of its letters is written down later")
        if failure is None:
            self._routine -= _routine(group)
            return
        # Not the storage's fault: then it is what follows from the outcome, and that is left out.
        refused = isinstance(failure, StorageRefused)
        self._landed += group if refused else [replace(one, bare=True) for one in group]
        self._mark_at = clock.monotonic() + LOOK_EVERY

    async def _safely(self, work: Awaitable[T], otherwise: str) -> T | Exception:
        """The outer edge of delivery: whatever breaks, the lane goes on."""
        try:
            return await work
        except Exception as error:
            # Only kind and place: the words of an error may be a person's, or hold a token.
            where = traceback.extract_tb(error.__traceback__)[-1]
            kind, line = type(error).__name__, f"{where.name} line {where.lineno}"
            log.error("channel %s: %s in %s; %s", self.name, kind, line, otherwise)
            return error


def _store(group: list[Outcome]) -> None:
    with db.write() as session:
        _settle(session, group)
    _tell(group)


def _settle(session: Session, group: list[Outcome]) -> None:
    settling.write_all_down(session, group, now=clock.now())
    reached("mark not stored", len(group))


def _tell(group: list[Outcome]) -> None:
    reached("mark stored", len(group))
    for outcome in group:
        end = type(outcome.trouble).__name__.lower() if outcome.trouble else "sent"
        sending.LETTERS.labels(outcome.parcel.channel, end).inc()
        if outcome.trouble is not None:
            log.warning("letter %s did not leave: %s", outcome.parcel.letter_id, outcome.trouble)


def _routine(group: list[Outcome]) -> int:
    return sum(not one.parcel.is_crisis for one in group)


def _fault(parcel: Parcel) -> NotSent:
    """A fault in our own code: tried for a while, in case it passes; then a person is told."""
    what = "a fault of our own"
    # It may have struck when the words had left.
    if parcel.is_crisis:
        return Unsure(what)
    return Permanent(what) if parcel.tries >= len(sending.RETRY) else Later(what)
