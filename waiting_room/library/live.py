"""The pages this process shows now. They change as a whole, never one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from waiting_room.errors import NotFound
from waiting_room.library import labels
from waiting_room.library.page import FALLBACK_LANGUAGE, Page
from waiting_room.library.shelf import Shelf

PHRASES = "conversation/phrases"


@dataclass(frozen=True)
class Current:
    """A shelf and the id of the published set it came from; "" when it came from a folder."""

    shelf: Shelf
    set_id: str = ""


# Every letter asks for a page, so the pages are in memory and the database only names the set.
_current = Current(Shelf())


def use(shelf: Shelf, *, set_id: str = "") -> None:
    """Show these pages from now on. One assignment, so no reader sees half of it."""
    global _current
    _current = Current(shelf, set_id)


def current() -> Current:
    """What is shown at this moment; hold it while several answers must agree."""
    return _current


def page(key: str, language: str = FALLBACK_LANGUAGE) -> Page:
    """The page in this language, else in English. Raises NotFound."""
    pages = _current.shelf.pages
    for spoken in _languages(language):
        if (spoken, key) in pages:
            return pages[spoken, key]
    raise NotFound(f"there is no page {key}")


def pages_in(folder: str, language: str = FALLBACK_LANGUAGE) -> list[Page]:
    """The pages of a folder by title; those not translated are in English."""
    found: dict[str, Page] = {}
    shelf = _current.shelf
    # English first, then over it what is translated: nothing is missing, nothing is there twice.
    for spoken in reversed(_languages(language)):
        found |= {
            key: page
            for (its_language, key), page in shelf.pages.items()
            if its_language == spoken and page.folder == folder
        }
    return sorted(found.values(), key=lambda page: (page.title.casefold(), page.key))


def find(query: str, language: str = FALLBACK_LANGUAGE, *, most: int = 10) -> list[Page]:
    """The self-care pages and help lines that answer these words, best first."""
    spoken = next((one for one in _languages(language) if one in languages()), FALLBACK_LANGUAGE)
    return _current.shelf.index(spoken).search(query, most=most)


def label(name: str, language: str = FALLBACK_LANGUAGE) -> str:
    """The words of a button. A label nobody wrote is its name, so no button is ever empty."""
    pages = _current.shelf.pages
    for spoken in _languages(language):
        words = labels.one(pages.get((spoken, labels.PAGE)), name)
        if words:
            return words
    return labels.readable(name)


def phrase(name: str, language: str = FALLBACK_LANGUAGE, **values: str) -> str:
    """Part of a sentence, such as "within 15 minutes", that fills a blank of another page."""
    found = page(PHRASES, language).meta.get("phrases")
    words = str(found.get(name, "")) if isinstance(found, dict) else ""
    for blank, value in values.items():
        # Plain text that fills a blank of a page; the page's own reading makes it safe.
        words = words.replace("{" + blank + "}", value)
    return words or labels.readable(name)


def all_labels() -> Mapping[str, str]:
    """Every label of every language, normalised, and the key it stands for."""
    return _current.shelf.label_keys


def languages() -> list[str]:
    """The languages there are pages in, English first."""
    return _current.shelf.languages


def _languages(language: str) -> list[str]:
    # A phone that says cy-GB is served Welsh.
    return list(dict.fromkeys([language, language.partition("-")[0], FALLBACK_LANGUAGE]))
