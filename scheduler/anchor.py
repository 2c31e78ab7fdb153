"""The head of the audit chain, told to somebody outside: a chain cannot see its own tail cut."""

from __future__ import annotations

from datetime import datetime

from scheduler import outside
from waiting_room import audit, db
from waiting_room.settings import Settings


class Anchor:
    """Posts `<place>:<link>`, as `waiting-room audit verify --anchor` takes it."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.anchor_url

    def drop(self, now: datetime) -> int:
        """1 when the head was taken outside."""
        if not self._url:
            return 0
        with db.read() as session:
            place, link = audit.head(session)
        # An empty chain has nothing to hold anybody to.
        return int(place > 0 and outside.tell(self._url, f"{place}:{link}"))
