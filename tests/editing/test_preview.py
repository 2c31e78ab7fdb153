"""How a text would look, before anybody reads it."""

from __future__ import annotations

from datetime import date

import pytest

from waiting_room.editing import preview

TODAY = date(2026, 11, 23)
NAME = "en/self-care/sleep"


def look(body: str, front: str = "title: Sleep", name: str = NAME) -> preview.Look:
    return preview.look(name, f"---\n{front}\n---\n\n{body}\n", today=TODAY)


@pytest.mark.parametrize(
    ("text", "marks", "html"),
    [
        ("a < b", [], "a &lt; b"),
        ("Go on", [{"type": "bold", "offset": 3, "length": 2}], "Go <strong>on</strong>"),
        ("😀 hi", [{"type": "italic", "offset": 3, "length": 2}], "😀 <em>hi</em>"),
        (
            "one",
            [
                {"type": "bold", "offset": 0, "length": 3},
                {"type": "italic", "offset": 0, "length": 3},
            ],
            "<strong><em>one</em></strong>",
        ),
        (
            "us",
            [{"type": "text_link", "offset": 0, "length": 2, "url": 'https://a.b/"'}],
            '<a href="https://a.b/&quot;" rel="noreferrer">us</a>',
        ),
    ],
)
def test_marks_of_a_message_as_html(text: str, marks: list[preview.Entity], html: str) -> None:
    assert preview.as_html(text, marks) == html


def test_each_shape_of_a_page() -> None:
    found = look("Hello **{first_name}**.\n\n- Tea\n- Rest")
    assert found.bubbles == ["Hello <strong>[first name]</strong>.\n\n• Tea\n• Rest"]
    assert "<li>Tea</li>" in found.web and "Hello [first name]." in found.plain
    assert found.words == 4 and not found.errors


def test_a_long_page_is_several_messages() -> None:
    assert len(look("\n\n".join(["A sentence that says a little. " * 20] * 12)).bubbles) > 1


@pytest.mark.parametrize(
    "body", ["", "<script>alert(1)</script>", "[go](javascript:alert(1))", "Hello {nobody}."]
)
def test_what_cannot_be_shown_has_no_shape_and_says_why(body: str) -> None:
    found = look(body)
    assert found.errors and not found.bubbles and not found.web


def test_broken_front_matter_is_told_with_its_line() -> None:
    [problem] = look("Words.", front="title: a: b").errors
    assert (problem.line, problem.rule) == (2, "front-matter")


def test_the_keys_of_a_check_in() -> None:
    choices = (
        "title: How are you?\nchoices:\n  - {value: ok, label: OK}\n  - {value: no, label: Bad}"
    )
    assert look("How are you?", choices, "en/check-ins/weekly").keys == ["OK", "Bad"]
