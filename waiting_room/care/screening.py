"""Screens words for danger, wherever they came in. A screen that breaks counts as a hit."""

from __future__ import annotations

import logging

from waiting_room.care import danger
from waiting_room.care.colours import Colour

log = logging.getLogger(__name__)
FAILED = danger.Hit(Colour.AMBER, "screening failed", "", "")
URGENCY = (Colour.RED, Colour.AMBER)


def screen(text: str) -> danger.Hit | None:
    """The most serious hit in these words, or None."""
    try:
        return danger.screen(text, danger.current()) if text else None
    except Exception:
        # A screen that breaks must not hide a cry for help: its failure counts as a hit.
        log.exception("screening failed; these words raise an alert instead")
        return FAILED


def worst(texts: list[str]) -> danger.Hit | None:
    """The most serious hit in any of these texts, each read for itself."""
    hits = [hit for hit in map(screen, texts) if hit is not None]
    return min(hits, key=lambda hit: URGENCY.index(hit.colour), default=None)
