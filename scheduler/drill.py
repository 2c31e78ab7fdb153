"""The daily drill: starts it, and looks how it goes."""

from __future__ import annotations

from datetime import datetime

from waiting_room import db, outbox
from waiting_room.care import drills
from waiting_room.settings import Settings


class Robot:
    """Takes part in the drill where else a person would."""

    def __init__(self, settings: Settings) -> None:
        self._hour = settings.drills_at
        ways = {
            "email": (settings.smtp_url, settings.drill_email),
            "staff_telegram": (settings.staff_telegram_token, settings.drill_telegram),
            "telegram": (settings.telegram_token, ""),
        }
        self._places = {
            name: place or outbox.NOWHERE for name, (is_set, place) in ways.items() if is_set
        }

    def turn(self, now: datetime) -> int:
        """1 when a drill began or ended."""
        if self._hour is None:
            return 0
        with db.write(alone="drill") as session:
            ended = drills.look(session, now=now)
            began = drills.start_today(session, self._places, hour=self._hour, now=now)
        return int(began) or ended
