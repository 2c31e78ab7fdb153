"""Where pages stand and where a page is used."""

from __future__ import annotations

from waiting_room.library import help_lines, linked_pages
from waiting_room.library.page import Page
from waiting_room.library.publishing import NEVER_LOST
from waiting_room.library.shelf import Shelf

# What an editor changes most stands first.
FIRST = ("self-care", "help-lines", "crisis", "conversation", "check-ins")
IN_CHAT = {
    "self-care": "Patients find it under Self-care and when they search in their own words.",
    "help-lines": "Patients see it under Help lines while the line is open, and on the web page.",
    "crisis": "The room shows it at once when somebody may be in danger.",
    "check-ins": "The room asks it in check-ins.",
    "staff": "The room sends it to staff and referrers.",
    "search": "Nobody reads it: it tells the search which words mean the same.",
    "web": "It stands on the public web pages.",
}
OTHERWISE = "The room says it in the chat."


def by_folder(shelf: Shelf) -> dict[str, list[Page]]:
    """Every live page by folder, those most often changed first."""
    found: dict[str, list[Page]] = {folder: [] for folder in FIRST}
    for page in sorted(shelf.pages.values(), key=lambda page: (page.folder, page.name)):
        found.setdefault(page.folder, []).append(page)
    return {folder: pages for folder, pages in found.items() if pages}


def uses(shelf: Shelf, name: str) -> list[str]:
    """Sentences that say who comes across this page, and from where."""
    language, _, key = name.partition("/")
    folder = key.partition("/")[0]
    linking = [
        f"“{page.title}” links to it."
        for page in shelf.pages.values()
        if page.language == language and key in linked_pages(page)
    ]
    kept = "The room needs it, so it cannot be taken away." if folder in NEVER_LOST else ""
    line = "It is hidden after the day it expires." if folder == help_lines.FOLDER else ""
    return [each for each in (IN_CHAT.get(folder, OTHERWISE), line, *linking, kept) if each]
