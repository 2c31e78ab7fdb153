"""The pages we ship pass their own check, on a fixed day, so the calendar breaks no build."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from waiting_room import library
from waiting_room.library.help_lines import HelpLine
from waiting_room.library.shelf import Shelf

CONTENT = Path(__file__).parents[2] / "content"
SHIPPED = date(2026, 11, 23)


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    """The shipped pages."""
    return library.read(CONTENT, today=SHIPPED)


def test_no_shipped_page_has_an_error(shelf: Shelf) -> None:
    assert [problem for problem in shelf.problems if problem.severity == "error"] == []


def test_every_shipped_page_is_shown_in_every_way(shelf: Shelf) -> None:
    for page in shelf.pages.values():
        values = {name: "Sample" for name in page.placeholders}
        assert "{" not in library.to_text(page, values).replace("{{", "")
        assert library.to_html(page, values).count("<") >= bool(page.body)
        assert all(len(text) <= 4096 for text, _ in library.to_telegram(page, values))


def test_the_lines_for_danger_are_shipped(shelf: Shelf) -> None:
    pages = [page for page in shelf.pages.values() if page.folder == "help-lines"]
    numbers = {HelpLine.from_page(page).number for page in pages}
    assert {"999", "116 123"} <= numbers
    assert any(number.startswith("111") for number in numbers)
