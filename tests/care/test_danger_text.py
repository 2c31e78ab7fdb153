"""Words however they were disguised, and any text at all without an error."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.care.test_danger import RULES
from waiting_room.care import danger
from waiting_room.care.colours import Colour
from waiting_room.care.danger_letters import plain
from waiting_room.care.danger_text import read, simple

PLAIN = ["I want to die", "I am going to kill myself", "thinking about suicide", "he hits me"]
UNSEEN = st.sampled_from(["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u0301"])


def red(text: str) -> bool:
    hit = danger.screen(text, RULES)
    return hit is not None and hit.colour == Colour.RED


@pytest.mark.parametrize(
    "text",
    [
        "thinking about s u i c i d e",
        "thinking about s.u.i.c.i.d.e",
        "thinking about s-u-i-c-i-d-e",
        "thinking about su1c1de",
        "thinking about su*cide",
        "thinking about sucide",
        "thinking about suicde",
        "thinking about $uicide",
        "I want to dieeee",
        "I want 2 die",
        "i wanna d!e",
        "i wnat to die",
        "i want to d i e",
        "im going to kil myself",
        "killmyself",
        "k i l l m y s e l f",
        "kms",
        "gonna unalive myself",
        "I wаnt to diе",  # Cyrillic a and e
        "𝐈 𝐰𝐚𝐧𝐭 𝐭𝐨 𝐝𝐢𝐞",
        "🅸 🆆🅰🅽🆃 🆃🅾 🅳🅸🅴",
        "I want\nto die",
        "I want to… die",
        "I WANT TO DIE!!!",
    ],
)
def test_disguised_words_are_read(text: str) -> None:
    assert red(text)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(text: str) -> None:
    danger.screen(text, RULES)


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(categories=["Cs", "Cf", "Mn", "So", "Lo", "Ll"]), max_size=200))
def test_half_characters_marks_and_pictures_are_read_too(text: str) -> None:
    danger.screen(text, RULES)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PLAIN), st.lists(st.tuples(st.integers(0, 40), UNSEEN), max_size=12))
def test_unseen_characters_lose_no_hit(text: str, marks: list[tuple[int, str]]) -> None:
    for place, mark in marks:
        text = text[:place] + mark + text[place:]
    assert red(text)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(PLAIN), st.sets(st.integers(0, 30)))
def test_full_width_letters_lose_no_hit(text: str, wide: set[int]) -> None:
    turned = (
        chr(ord(c) + 0xFEE0) if n in wide and "!" <= c <= "~" else c for n, c in enumerate(text)
    )
    assert red("".join(turned))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(PLAIN), st.text("abc xyz,", max_size=40), st.text("abc xyz,", max_size=40))
def test_words_around_it_lose_no_hit(text: str, before: str, after: str) -> None:
    assert danger.screen(f"{before}. {text}. {after}", RULES)


def test_an_accent_or_a_stroke_is_no_other_letter() -> None:
    assert plain("Żółw Ŵyn ﬁn") == "zolw wyn fin"


def test_short_forms_are_written_out() -> None:
    assert simple("I'm gonna, can't, won't, I'll") == simple(
        "I am going to can not will not i will"
    )


def test_single_letters_that_spell_nothing_stay_alone() -> None:
    reading = read("a b c d", RULES.machine.vocabulary)
    assert reading.words == ["a", "b", "c", "d"]


def test_an_ordinary_word_is_not_taken_apart() -> None:
    for text in ("my therapist is good", "we go together", "changing the bed", "a black diet coke"):
        assert danger.screen(text, RULES) is None


@pytest.mark.parametrize("word", ["table", "tables", "nose", "hears", "hard", "bee", "fed", "diet"])
def test_an_ordinary_word_is_not_taken_for_a_word_of_the_rules(word: str) -> None:
    assert RULES.machine.vocabulary.find(word) in (None, word)
