"""The pages shown now: languages fall back to English, labels are never empty."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from waiting_room import library
from waiting_room.errors import NotFound
from waiting_room.library import live
from waiting_room.library.shelf import Shelf

WritePage = Callable[..., Path]

TODAY = date(2026, 11, 23)


@pytest.fixture
def shown(folder: Path, write: WritePage) -> None:
    """An English and a half Welsh library, in use."""
    write("cy/self-care/sleep", front="title: Cysgu")
    write("en/conversation/labels", "", front="title: x\nlabels: {help_now: Help now, ok: I'm OK}")
    write("cy/conversation/labels", "", front="title: x\nlabels: {help_now: Help nawr}")
    library.use(library.read(folder, today=TODAY))


def test_a_page_is_in_the_language_asked_for(shown: None) -> None:
    assert library.page("self-care/sleep", "cy").title == "Cysgu"
    assert library.page("self-care/sleep", "cy-GB").title == "Cysgu"


@pytest.mark.parametrize("language", ["en", "cy", "pl", "", "zz-ZZ"])
def test_a_page_nobody_translated_is_in_english(shown: None, language: str) -> None:
    assert library.page("self-care/worry", language).title == "Worry"


def test_no_page_of_that_name_is_refused_by_name(shown: None) -> None:
    with pytest.raises(NotFound, match="self-care/nowhere"):
        library.page("self-care/nowhere")


def test_a_folder_is_by_title_in_the_language_or_english(shown: None) -> None:
    assert [p.title for p in library.pages_in("self-care", "cy")] == ["Cysgu", "Worry"]
    assert [p.title for p in library.pages_in("self-care")] == ["Sleep", "Worry"]
    assert library.pages_in("nothing") == []


def test_labels_fall_back_to_english_and_then_to_their_name(shown: None) -> None:
    assert library.label("help_now", "cy") == "Help nawr"
    assert library.label("ok", "cy") == "I'm OK"
    assert library.label("say_more", "cy") == "Say more"


def test_a_label_of_any_language_is_understood_however_it_is_typed(shown: None) -> None:
    known = library.all_labels()
    assert known[library.normalise_label("  HELP   Nawr ")] == "help_now"
    assert known[library.normalise_label("i'm ok")] == "ok"


def test_english_is_the_first_language(shown: None) -> None:
    assert library.languages() == ["en", "cy"]


def test_an_empty_shelf_has_no_pages_and_no_faults() -> None:
    assert library.languages() == []
    assert library.all_labels() == {}
    assert library.label("help_now") == "Help now"


def test_a_page_names_the_pages_it_points_to(folder: Path, write: WritePage) -> None:
    write("en/self-care/sample", "[a](self-care/sleep) [b](https://example.org) [c](crisis/now)")
    library.use(library.read(folder, today=TODAY))
    page = library.page("self-care/sample")
    assert library.linked_pages(page) == ["self-care/sleep", "crisis/now"]


def test_pages_change_all_at_once(shown: None) -> None:
    before = live.current()
    library.use(Shelf())
    assert before.shelf.pages and not live.current().shelf.pages
