"""Copies of the room in time, and a word while there is still room on the disk."""

from __future__ import annotations

import shutil
import threading
from datetime import datetime, timedelta

from waiting_room import beats, clock, db, leases
from waiting_room.backups.take import take
from waiting_room.care import alerts
from waiting_room.care.colours import Colour
from waiting_room.errors import StorageRefused
from waiting_room.settings import Settings

LITTLE_SPACE = "little space left"
ENOUGH = 0.15
TRY_AGAIN = timedelta(minutes=5)
# Seconds; longer than a copy of the largest room takes, so that two processes never copy at once.
WORK, LONGEST = "backup", 1800

# Beside patients a copy works half of the time, and never for long without a break.
LONGEST_BREAK = 0.05
stopping = threading.Event()


class Leaving(Exception):
    """The process is to end; the next one takes the copy."""


class Breath:
    """Leaves the processor to others for as long as it was used."""

    def __init__(self) -> None:
        self._began = clock.monotonic()

    def __call__(self) -> None:
        """Between two batches of rows."""
        if stopping.wait(min(clock.monotonic() - self._began, LONGEST_BREAK)):
            raise Leaving
        self._began = clock.monotonic()


class Copies:
    """Takes a copy when one is due; of several processes one does."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.backup_folder
        self._every = timedelta(minutes=settings.backup_every)

    def copy(self, now: datetime) -> int:
        """1 when a copy was taken."""
        wall = clock.wall()
        # A look first: nearly always none is due, and a look holds nobody up.
        if self._folder is None or not self._is_due(wall) or not leases.ours(WORK, seconds=LONGEST):
            return 0
        try:
            take(self._folder, wall=wall, breathe=Breath())
        except Leaving:
            return 0
        except StorageRefused:
            _mark(beats.BACKUP_FAILED, clock.wall())
            raise
        # When it was begun and not when it ended: this is the moment the copy shows.
        _mark(beats.BACKUP, wall)
        # The next copy must not wait for this process, should it die.
        leases.let_go(WORK)
        return 1

    def _is_due(self, wall: datetime) -> bool:
        with db.read() as session:
            known = beats.all_of(session)
        waits = {beats.BACKUP: self._every, beats.BACKUP_FAILED: min(self._every, TRY_AGAIN)}
        pauses = [(known[name], wait) for name, wait in waits.items() if name in known]
        # A moment that is still to come was kept by a clock that was wrong.
        return not any(timedelta(0) <= wall - last < wait for last, wait in pauses)


def _mark(name: str, at: datetime) -> None:
    with db.write() as session:
        beats.mark(session, name, at)


class Space:
    """Looks at the disks of the room and of its copies."""

    def __init__(self, settings: Settings) -> None:
        places = (settings.data, settings.backup_folder)
        # A demo is thrown away; whose disk it is on is not its business.
        self._places = [] if settings.env == "demo" else [place for place in places if place]

    def watch(self, now: datetime) -> int:
        """An alert, once, when less than 15 % is free: a full disk stores no message."""
        usages = [shutil.disk_usage(place) for place in self._places if place.exists()]
        if all(usage.free >= ENOUGH * usage.total for usage in usages):
            return 0
        with db.write(alone="watch_space") as session:
            alerts.raise_once(session, alerts.Cause(Colour.AMBER, LITTLE_SPACE), now=now)
        return 1
