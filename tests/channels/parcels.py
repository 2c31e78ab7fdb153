"""Parcels made by hand, for a channel on its own."""

from __future__ import annotations

from typing import Any

from tests.conftest import WEDNESDAY
from waiting_room.library import Page
from waiting_room.sending import Parcel


def page(body: str, **meta: Any) -> Page:
    """A page with these words."""
    return Page("test/page", "en", "digest", "A title", "", body, meta)


def parcel(place: int | str, body: str = "Hello **there**", **changes: Any) -> Parcel:
    """A routine letter to this place."""
    fields: dict[str, Any] = {
        "letter_id": "letter-1",
        "fence": 1,
        "channel": "telegram",
        "place": str(place),
        "page": page(body),
        "values": {},
        "choices": [],
        "keys": "",
        "priority": 1,
        "tries": 1,
        "made_at": WEDNESDAY,
        "is_repeat": False,
    }
    return Parcel(**fields | changes)


def offer(label: str, token: str = "", url: str = "") -> dict[str, str]:
    """A button as the outbox keeps it."""
    return {"label": label, "token": token, "url": url}
