"""The dead-man switch: somebody outside hears from us only while everything is well."""

from __future__ import annotations

import logging
import urllib.error
import urllib.request
from datetime import datetime

from waiting_room import beats, clock, db
from waiting_room.care import alerts
from waiting_room.settings import Settings

log = logging.getLogger(__name__)
SECONDS = 5


class Watch:
    """Looks at the room once a minute and pings the outside watcher when all is well."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.heartbeat_url

    def beat(self, now: datetime) -> int:
        """1 when the watcher was told that all is well."""
        trouble = self.trouble(now)
        if trouble:
            log.error("not well: %s", "; ".join(trouble))
            return 0
        beats.note("proof of life", wall=clock.wall())
        # Kept at once: the desk shows "not working" until it sees this proof.
        with db.write() as session:
            beats.keep(session)
        return self._ping() if self._url else 0

    def trouble(self, now: datetime) -> list[str]:
        """What is wrong, in words for an administrator; empty when all is well."""
        with db.read() as session:
            late = alerts.overdue(session, now=now)
        return [f"{late} alerts wait for a step that is overdue"] if late else []

    def _ping(self) -> int:
        try:
            with urllib.request.urlopen(self._url, timeout=SECONDS) as answer:
                return int(answer.status < 400)
        except (urllib.error.URLError, TimeoutError):
            # The watcher's own trouble is not ours: it will call us when it misses the ping.
            log.warning("the outside watcher does not answer")
            return 0
