"""Front matter is a stranger's text: read as plain data, or refused with its line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waiting_room.library import front_matter
from waiting_room.library.front_matter import Unreadable


def refusal(front: str) -> Unreadable:
    """How this front matter is refused."""
    with pytest.raises(Unreadable) as caught:
        front_matter.load(front)
    return caught.value


def test_plain_values_are_read() -> None:
    assert front_matter.load("title: Sleep\nneeds: [sleep]\nprice: {a: 1}") == {
        "title": "Sleep",
        "needs": ["sleep"],
        "price": {"a": 1},
    }


def test_nothing_at_all_is_an_empty_page() -> None:
    assert front_matter.load("") == {}


@pytest.mark.parametrize(
    "front, line",
    [
        ("title: a\n- b", 3),
        ("title: a: b", 2),
        ("title: a\ntitle: b", 3),
        ("title: a\nmore:\n  x: 1\n  x: 2", 5),
        ("title: &a b", 2),
        ("title: *a", 2),
        ("title: !!str a", 2),
        ("title: !thing a", 2),
        ("title: a\nreview_by: 2026-02-31", 1),
        ("just words", 2),
        ("- a\n- b", 2),
        ("title: {a: {b: {c: {d: {e: {f: {g: 1}}}}}}}", 2),
        ("? [a]\n: b", 2),
    ],
)
def test_what_cannot_be_trusted_is_refused_with_its_line(front: str, line: int) -> None:
    assert refusal(front).line == line


def test_a_thousand_brackets_are_refused_without_a_crash() -> None:
    assert "nested" in refusal("title: " + "[" * 5000).message


def test_front_matter_that_is_too_long_is_refused() -> None:
    assert "longer" in refusal("title: " + "x" * 30_000).message


@pytest.mark.parametrize("source", ["", "words", "title: x\n---\n", "----\ntitle: x\n----\n",
                                    "---\ntitle: x\n"])  # fmt: skip
def test_a_page_without_its_two_fences_is_refused(source: str) -> None:
    with pytest.raises(Unreadable) as caught:
        front_matter.split(source)
    assert caught.value.line == 1


def test_the_body_starts_on_the_line_after_the_fence() -> None:
    front, body, line = front_matter.split("---\ntitle: x\n---\none\n---\ntwo\n")
    assert (front, body, line) == ("title: x", "one\n---\ntwo", 4)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"#%@`,? \n\t\x00é1.0~="), max_size=60))
def test_any_text_is_read_or_refused_and_nothing_else(front: str) -> None:
    try:
        assert isinstance(front_matter.load(front), dict)
    except Unreadable as error:
        assert error.line >= 1
