"""What an editor is asked to say more plainly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from waiting_room import library
from waiting_room.library.page import Problem

TODAY = date(2026, 11, 23)
WritePage = Callable[..., Path]


def warned(folder: Path, rule: str) -> list[Problem]:
    return [problem for problem in library.check(folder, today=TODAY) if problem.rule == rule]


@pytest.fixture
def plainer(write: WritePage) -> None:
    """Two words that editors want to avoid."""
    front = "title: Plain words\ninstead:\n  utilise: use\n  prior to: before"
    write("en/editors/plain-words", "Avoid utilise.", front)


def test_a_hard_word_is_named_where_it_stands_with_a_plainer_one(
    folder: Path, write: WritePage, plainer: None
) -> None:
    write(
        "en/self-care/sleep", "Rest well.\n\nYou can utilise a lamp prior to bed, and utilise it."
    )
    found = warned(folder, "jargon")
    assert [(p.file, p.line, p.severity) for p in found] == [
        ("en/self-care/sleep.md", 6, "warning"),
        ("en/self-care/sleep.md", 6, "warning"),
    ]
    assert "use" in found[0].message + found[1].message


def test_a_name_and_another_language_are_left_alone(
    folder: Path, write: WritePage, plainer: None
) -> None:
    write("en/self-care/sleep", "The Utilise Centre helps.")
    write("cy/self-care/sleep", "utilise", "title: Cwsg")
    assert warned(folder, "jargon") == []


PASSIVE = (
    "Your form is sent to us. It is read by the team. A letter will be written. You are asked."
)


def test_sentences_that_hide_who_does_it_are_pointed_out(folder: Path, write: WritePage) -> None:
    write("en/self-care/sleep", PASSIVE)
    [problem] = warned(folder, "passive")
    assert problem.severity == "warning"
    assert "4 sentences" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "You are tired. You are worried. You are allowed to rest. You feel sad.",
        "We read your form. We write to you. The letter was sent. You choose. You rest. You walk.",
    ],
)
def test_feelings_and_one_in_many_are_left_alone(folder: Path, write: WritePage, text: str) -> None:
    write("en/self-care/sleep", text)
    assert warned(folder, "passive") == []


def test_a_translation_says_when_the_english_page_has_changed(
    folder: Path, write: WritePage
) -> None:
    english = library.read(folder, today=TODAY).pages["en", "self-care/sleep"]
    write("cy/self-care/sleep", front=f"title: Cwsg\ntranslated_from: '{english.digest[:8]}'")
    old = "The English page has changed since"
    assert not [p for p in warned(folder, "translation") if old in p.message]
    write("en/self-care/sleep", "Other words.")
    [problem] = [p for p in warned(folder, "translation") if old in p.message]
    assert problem.file == "cy/self-care/sleep.md"
    changed = library.read(folder, today=TODAY).pages["en", "self-care/sleep"].digest
    assert changed[:8] in problem.message
