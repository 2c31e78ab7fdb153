"""The machine's clock against our own stopwatch: it may be put forward or back under our feet.

By hand, by a time server, after a sleep. APScheduler sleeps by that clock, so this cannot be one of
its ticks: put back by an hour, it would not tick for one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import datetime, timedelta

from apscheduler.schedulers.base import BaseScheduler
from sqlalchemy.orm import Session

from waiting_room import beats, clock, db
from waiting_room.care import alerts
from waiting_room.care.colours import Colour
from waiting_room.care.put_back import put_back
from waiting_room.errors import StorageRefused

log = logging.getLogger(__name__)
LOOK_EVERY = 1.0
NOTICED, ALARMING = timedelta(seconds=5), timedelta(seconds=60)
KIND = "clock jumped"


class Drift:
    """How far the clock has moved from the stopwatch, since that was last dealt with."""

    def __init__(self, ticking: BaseScheduler) -> None:
        self._ticking = ticking
        self._ahead = self._now()

    async def run(self, stop: asyncio.Event) -> None:
        """Look every second, until told to stop."""
        # What happened while nobody looked shows in the beats.
        await asyncio.to_thread(_dealt_with, timedelta())
        while not stop.is_set():
            beats.note("clock", wall=clock.wall())
            await asyncio.to_thread(self.look)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await stop.wait()

    def look(self) -> timedelta:
        """By how much the clock jumped; then rows are set right and every tick runs at once."""
        jumped = self._now() - self._ahead
        if abs(jumped) < NOTICED:
            return timedelta()
        log.warning("the clock moved by %.0f s against the stopwatch", jumped.total_seconds())
        if not _dealt_with(jumped):
            return timedelta()
        self._ahead += jumped
        for job in self._ticking.get_jobs():
            job.modify(next_run_time=clock.wall())
        return jumped

    def _now(self) -> timedelta:
        return timedelta(seconds=clock.wall().timestamp() - clock.monotonic())


def _dealt_with(jumped: timedelta) -> bool:
    try:
        with db.write(alone="clock") as session:
            _set_right(session, jumped, now=clock.now(), wall=clock.wall())
    except StorageRefused as refusal:
        log.error("storage refuses while the clock jumps: %s", refusal)
        return False
    return True


def _set_right(session: Session, jumped: timedelta, *, now: datetime, wall: datetime) -> None:
    # Only the first of several processes finds beats that are to come.
    ahead = beats.put_back(session, wall=wall)
    if ahead:
        put_back(session, by=max(ahead, -jumped), now=now, wall=wall)
    if max(abs(jumped), ahead) > ALARMING:
        alerts.raise_once(session, alerts.Cause(Colour.AMBER, KIND), now=now)
