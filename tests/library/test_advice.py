"""What an editor should see to: overdue, unreviewed, hard to read, not translated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from waiting_room import library
from waiting_room.library import readability

WritePage = Callable[..., Path]

TODAY = date(2026, 11, 23)


def warnings(folder: Path, file: str) -> list[tuple[str, int]]:
    """Rule and line of each warning about a file."""
    problems = library.check(folder, today=TODAY)
    return [(p.rule, p.line) for p in problems if p.file == file and p.severity == "warning"]


@pytest.mark.parametrize("day, overdue", [("2026-11-22", True), ("2026-11-23", False)])
def test_a_late_review_is_named(folder: Path, write: WritePage, day: str, overdue: bool) -> None:
    write("en/self-care/sleep", front=f"title: Sleep\nreview_by: {day}")
    assert warnings(folder, "en/self-care/sleep.md") == ([("overdue", 3)] if overdue else [])


def test_a_late_review_does_not_hide_the_page(folder: Path, write: WritePage) -> None:
    write("en/self-care/sleep", front="title: Sleep\nreview_by: 2020-01-01")
    assert ("en", "self-care/sleep") in library.read(folder, today=TODAY).pages


def test_nobody_yet_is_named(folder: Path, write: WritePage) -> None:
    write("en/self-care/sleep", front="title: Sleep\nreviewed_by: Nobody yet")
    assert warnings(folder, "en/self-care/sleep.md") == [("unreviewed", 3)]


def test_an_expired_help_line_is_named(folder: Path, write: WritePage) -> None:
    front = "title: x\nname: x\nnumber: '020 7946 0001'\nhours: always\nnation: uk\nsource: x"
    write("en/help-lines/sample", front=f"{front}\nexpires: 2026-11-22")
    assert warnings(folder, "en/help-lines/sample.md") == [("expired", 8)]


def test_a_long_sentence_is_named_with_its_line(folder: Path, write: WritePage) -> None:
    write("en/self-care/sleep", "Short one.\n\n" + "word " * 25 + "end.\n\nShort.")
    assert warnings(folder, "en/self-care/sleep.md") == [("sentence", 6)]


def test_25_words_are_not_too_many(folder: Path, write: WritePage) -> None:
    write("en/self-care/sleep", "word " * 24 + "end.")
    assert warnings(folder, "en/self-care/sleep.md") == []


def test_hard_words_are_named(folder: Path, write: WritePage) -> None:
    hard = "Contemporaneous interdisciplinary recommendations necessitate consideration. " * 6
    write("en/self-care/sleep", hard)
    assert warnings(folder, "en/self-care/sleep.md") == [("reading-age", 4)]


def test_the_reading_age_is_the_published_formula() -> None:
    # 4 letters a word, 5 words a sentence: 4.71 * 4 + 0.5 * 5 - 21.43 = -0.09, the first grade.
    assert readability.reading_age("word word word word word. " * 8) == 5
    # 6 letters a word, 10 words a sentence: 28.26 + 5 - 21.43 = 11.83, the twelfth grade.
    assert readability.reading_age(("letter " * 9 + "letter. ") * 4) == 17


def test_too_few_words_have_no_reading_age() -> None:
    assert readability.reading_age("Interdisciplinary recommendations.") is None


def test_addresses_do_not_make_a_page_hard() -> None:
    link = "[Read this](https://example.org/a/very/long/address/that/nobody/reads). "
    assert readability.reading_age(link * 20) == readability.reading_age("Read this. " * 20)


def test_a_missing_translation_is_named(folder: Path, write: WritePage) -> None:
    write("cy/self-care/sleep", front="title: Cwsg")
    assert warnings(folder, "cy/self-care/worry.md") == [("translation", 1)]
    assert warnings(folder, "cy/self-care/sleep.md") == []


def test_a_translation_that_lost_a_placeholder_is_named(folder: Path, write: WritePage) -> None:
    write("en/self-care/sleep", "Hello {first_name}.")
    write("cy/self-care/sleep", "Helo.")
    assert warnings(folder, "cy/self-care/sleep.md") == [("translation", 1)]


def test_a_label_that_means_two_things_in_two_languages_is_named(
    folder: Path, write: WritePage
) -> None:
    write("en/conversation/labels", "", front="title: x\nlabels: {stop: Stop}")
    write("cy/conversation/labels", "", front="title: x\nlabels: {bus_stop: stop}")
    assert ("labels", 1) in warnings(folder, "en/conversation/labels.md")
