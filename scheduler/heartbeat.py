"""The dead-man switch: somebody outside hears from us only while everything is well."""

from __future__ import annotations

import logging
from datetime import datetime

from scheduler import outside
from waiting_room import beats, clock, db
from waiting_room.care import alerts
from waiting_room.settings import Settings

log = logging.getLogger(__name__)


class Watch:
    """Looks at the room once a minute and pings the outside watcher when all is well."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.heartbeat_url

    def beat(self, now: datetime) -> int:
        """1 when the watcher was told that all is well."""
        trouble = self.trouble(now)
        # Silence is the alarm: the watcher outside speaks up when it hears nothing from us.
        if trouble:
            log.error("not well: %s", "; ".join(trouble))
            return 0
        beats.note(beats.PROOF, wall=clock.wall())
        # Kept at once: the desk shows "not working" until it sees this proof.
        with db.write(alone="keep_beats") as session:
            beats.keep(session)
        return int(bool(self._url) and outside.tell(self._url))

    def trouble(self, now: datetime) -> list[str]:
        """What is wrong, in words for an administrator; empty when all is well."""
        with db.read() as session:
            late = alerts.overdue(session, now=now)
            silent = beats.silent(session, wall=clock.wall())
        found = [f"{late} alerts wait for a step that is overdue"] if late else []
        return found + [f"the loop {name} is silent" for name in silent]
