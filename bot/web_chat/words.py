"""The words around the chat: the layout's own, and those of the web chat's page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from waiting_room import library
from waiting_room.library import Page

PAGE = "conversation/web-chat"
BUTTONS = ("help_now", "sign_out", "leave_page", "privacy", "menu")


def words(language: str) -> Mapping[str, str]:
    """Every word the templates ask for; what is not translated yet is in English."""
    buttons = {name: library.label(name, language) for name in BUTTONS}
    return {**_of(library.page(PAGE)), **_of(library.page(PAGE, language)), **buttons}


@lru_cache(maxsize=32)
def _of(page: Page) -> Mapping[str, str]:
    found = page.meta.get("words")
    named = found.items() if isinstance(found, dict) else ()
    return {"title": page.title, **{str(name): str(words) for name, words in named}}
