"""The words on buttons: one page a language, a key and its words a line."""

from __future__ import annotations

from collections.abc import Mapping

from waiting_room.library.page import Page

PAGE = "conversation/labels"


def normalise_label(text: str) -> str:
    """The same label however it was typed: no capitals, no stray spaces."""
    # Phones put a capital first and a space last by themselves.
    return " ".join(text.split()).casefold()


def of(page: Page | None) -> Mapping[str, str]:
    """The labels a page holds; none when it is missing or holds none."""
    found = page.meta.get("labels") if page else None
    if not isinstance(found, dict):
        return {}
    return {str(name): str(words).strip() for name, words in found.items() if words}


def one(page: Page | None, name: str) -> str:
    """One of these labels; empty when there is none."""
    found = page.meta.get("labels") if page else None
    words = found.get(name) if isinstance(found, dict) else None
    return str(words).strip() if words else ""


def readable(name: str) -> str:
    """What a button says when nobody wrote its label: better strange words than no button."""
    return name.replace("_", " ").replace("-", " ").capitalize()
