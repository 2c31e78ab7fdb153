"""The danger rules as the conversation meets them: one text in, one hit or nothing out."""

from __future__ import annotations

from pathlib import Path

import pytest

from waiting_room.care import danger
from waiting_room.care.colours import Colour
from waiting_room.errors import BadInput

FOLDER = Path(__file__).parents[2] / "content" / "danger-words"
RULES = danger.load(FOLDER)


def seen(text: str) -> tuple[str, str]:
    hit = danger.screen(text, RULES)
    return (str(hit.colour), hit.kind) if hit else ("none", "")


def test_every_example_of_the_folder_behaves_as_its_file_says() -> None:
    assert danger.check(FOLDER) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("I want to die", "life"),
        ("I think I'm having a heart attack", "medical"),
        ("he hits the kids", "child"),
        ("my husband beats me", "abuse"),
        ("I cut myself last night", "self-harm"),
    ],
)
def test_danger_is_red_and_says_what_kind(text: str, kind: str) -> None:
    assert seen(text) == ("red", kind)


def test_neglect_brings_a_person_without_alarm() -> None:
    assert seen("I haven't eaten for three days") == ("amber", "neglect")


def test_the_hit_names_the_words_and_the_rule() -> None:
    hit = danger.screen("hello there, I want to die tonight", RULES)
    assert hit is not None
    assert hit.matched == "want to die"
    assert hit.rule == "a wish to die"
    assert hit.colour is Colour.RED


def test_the_most_serious_of_several_is_given() -> None:
    assert seen("I feel hopeless, I haven't eaten for three days and I want to die")[1] == "life"


@pytest.mark.parametrize(
    "text",
    [
        "I don't want to die but I can't see a way through",
        "I'm not going to kill myself",
        "I would never kill myself",
        "I tried to kill myself when I was 19",
        "I used to self harm as a teenager",
        "my brother killed himself in 2015",
    ],
)
def test_said_not_or_said_of_the_past_is_a_doubt_and_not_nothing(text: str) -> None:
    assert seen(text) == ("amber", "doubt")


@pytest.mark.parametrize(
    "text",
    [
        "I can't stop thinking about killing myself",
        "I'm not ok. I want to die",
        "my husband left years ago and I want to die",
        "no, I want to die",
        "I tried to kill myself last night",
    ],
)
def test_a_not_that_belongs_to_other_words_softens_nothing(text: str) -> None:
    assert seen(text)[0] == "red"


@pytest.mark.parametrize(
    "text",
    [
        "my friend says she wants to die",
        "My son is threatening to kill himself",
        "my husband has taken an overdose please help",
    ],
)
def test_somebody_else_in_danger_counts_as_much(text: str) -> None:
    assert seen(text)[0] == "red"


def test_a_saying_does_not_hide_what_comes_after_it() -> None:
    assert seen("I nearly died laughing") == ("none", "")
    assert seen("I nearly died laughing, then I wanted to kill myself")[0] == "red"


def test_code_and_quotes_are_ordinary_text() -> None:
    assert seen("'; DROP TABLE patients;--") == ("none", "")
    assert seen("") == ("none", "")


def test_the_minimum_stands_alone_and_a_file_cannot_silence_it(tmp_path: Path) -> None:
    assert danger.screen("I want to kill myself", danger.BUILT_IN)
    quiet = "# x\n\n## Harmless\n\n- kill myself\n- want to die\n"
    (tmp_path / "en-x.md").write_text(quiet, encoding="utf-8")
    hit = danger.screen("I want to kill myself", danger.load(tmp_path))
    assert hit is not None
    assert (hit.colour, hit.kind) == (Colour.AMBER, "doubt")


def test_a_broken_folder_leaves_the_rules_in_use_as_they_were(tmp_path: Path) -> None:
    before = danger.current()
    with pytest.raises(BadInput):
        danger.use(danger.load(tmp_path / "nowhere"))
    assert danger.current() is before


def test_rules_in_use_can_be_changed() -> None:
    before = danger.current()
    danger.use(danger.BUILT_IN)
    assert danger.current() is danger.BUILT_IN
    danger.use(before)


def test_a_rule_may_name_the_page_to_show() -> None:
    hit = danger.screen("my partner strangled me on Friday", RULES)
    assert hit is not None
    assert RULES.page_of(hit) == "crisis/abuse"
