"""What editors should see to, page by page: what nobody checked, what is late, what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from waiting_room.library import help_lines
from waiting_room.library.draft import is_nobody
from waiting_room.library.help_lines import HelpLine
from waiting_room.library.page import FALLBACK_LANGUAGE, Page
from waiting_room.library.shelf import Shelf

# Long enough to find somebody who reads it, or rings the line.
SOON = timedelta(days=60)
CHECKED_BY = ("reviewed_by", "reviewers", "verified_by")


def report(shelf: Shelf, *, today: date) -> Mapping[str, list[str]]:
    """The pages that need somebody, by what they need. The most urgent need comes first."""
    pages = sorted(shelf.pages.values(), key=lambda page: page.name)
    lines = [HelpLine.from_page(page) for page in pages if page.folder == help_lines.FOLDER]
    return {
        "help line expired": [line.page.name for line in lines if line.expired(today)],
        "help line expires within 60 days": [
            f"{line.page.name} ({line.expires})" for line in lines if _soon(line.expires, today)
        ],
        "review overdue": [_dated(page) for page in pages if _overdue(page, today)],
        "review due within 60 days": [
            _dated(page) for page in pages if _soon(page.meta.get("review_by"), today)
        ],
        "checked by nobody yet": [page.name for page in pages if _is_unchecked(page)],
        "not translated": list(_untranslated(shelf)),
        "English page changed since it was translated": list(_outdated(shelf)),
    }


def _soon(day: object, today: date) -> bool:
    return isinstance(day, date) and today <= day <= today + SOON


def _overdue(page: Page, today: date) -> bool:
    by = page.meta.get("review_by")
    return isinstance(by, date) and by < today


def _dated(page: Page) -> str:
    return f"{page.name} ({page.meta['review_by']})"


def _is_unchecked(page: Page) -> bool:
    said = [page.meta.get(field) for field in CHECKED_BY]
    names = [name for one in said for name in (one if isinstance(one, list) else [one])]
    return any(is_nobody(name) for name in names)


def _untranslated(shelf: Shelf) -> Iterator[str]:
    english = {key for language, key in shelf.pages if language == FALLBACK_LANGUAGE}
    for language in shelf.languages:
        for key in sorted(english - {key for spoken, key in shelf.pages if spoken == language}):
            yield f"{language}/{key}"


def _outdated(shelf: Shelf) -> Iterator[str]:
    for (language, key), page in sorted(shelf.pages.items()):
        english, said = shelf.pages.get((FALLBACK_LANGUAGE, key)), page.meta.get("translated_from")
        if english and said and not english.digest.startswith(str(said)):
            yield f"{language}/{key}"
