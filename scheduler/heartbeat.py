"""The dead-man switch: somebody outside hears from us only while every promise is kept."""

from __future__ import annotations

import logging
from datetime import datetime

from scheduler import outside
from waiting_room import beats, clock, db, leases
from waiting_room.care import alerts, promises
from waiting_room.care.colours import Colour
from waiting_room.settings import Settings

log = logging.getLogger(__name__)
# One bad round may be the moment after a restart. This many, of 20 seconds, are not.
ROUNDS = 6
KIND = "a promise is broken"
# Longer than the minute between two looks, so that it stays with one process while that lives.
LOOKS_FOR = 70.0


class Watch:
    """Looks at the room three times a minute and pings the outside watcher when all is well."""

    def __init__(self, settings: Settings) -> None:
        self._url, self._loops = settings.heartbeat_url, beats.required(settings)
        self._bad_rounds = 0

    def beat(self, now: datetime) -> int:
        """1 when the watcher was told that all is well; 0 also when another process looks."""
        if not leases.ours("watch", seconds=LOOKS_FOR):
            return 0
        trouble = self.trouble(now)
        # Silence is the alarm: the watcher outside speaks up when it hears nothing from us.
        if trouble:
            log.error("not well: %s", "; ".join(trouble))
            self._call_somebody(now)
            return 0
        self._bad_rounds = 0
        beats.note(beats.PROOF, wall=clock.wall())
        # Kept at once: the desk shows "not working" until it sees this proof.
        with db.write(alone="keep_beats") as session:
            beats.keep(session)
        return int(bool(self._url) and outside.tell(self._url))

    def trouble(self, now: datetime) -> list[str]:
        """What is wrong, in words for an administrator; empty when all is well."""
        wall = clock.wall()
        with db.read() as session:
            broken = promises.audit(session, promises.Moment(now, wall))
            missing = beats.missing(session, self._loops, wall=wall)
        found = [f"broken: {name} ({', '.join(ids)})" for name, ids in broken.items()]
        return found + [f"the loop {name} is silent" for name in missing]

    def _call_somebody(self, now: datetime) -> None:
        self._bad_rounds += 1
        if self._bad_rounds < ROUNDS:
            return
        with db.write(alone="heartbeat") as session:
            alerts.raise_once(session, alerts.Cause(Colour.AMBER, KIND), now=now)
