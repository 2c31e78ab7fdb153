"""Numbers in our own words become something to tap."""

from __future__ import annotations

import pytest

from waiting_room import library
from waiting_room.pages.calls import with_calls


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("call 999 now", "tel:999"),
        ("NHS 111.", "tel:111"),
        ("Samaritans on 116 123, free", "tel:116123"),
        ("Childline: 0800 1111", "tel:08001111"),
        ("call 0808 80 10 800 (day and night)", "tel:08088010800"),
        ("text SHOUT to 85258", "sms:85258"),
    ],
)
def test_a_number_is_a_link(words: str, address: str) -> None:
    html = with_calls(f"<p>{words}</p>")
    assert html.count("<a ") == 1
    assert f'href="{address}"' in html


@pytest.mark.parametrize(
    "words",
    ["7 numbers", "1,999 people", "0113", "£999.50", "999-1", "2027-01-02", "A111", "1 of 999x"],
)
def test_other_figures_stay_words(words: str) -> None:
    assert "<a" not in with_calls(f"<p>{words}</p>")


def test_a_link_is_left_as_it_is() -> None:
    html = '<p><a href="tel:999">999</a></p>'
    assert with_calls(html) == html


def test_nothing_else_changes_and_values_stay_words() -> None:
    html = library.to_html("Dear {name}", {"name": '<b>999</b> "x"'})
    assert with_calls(html).count("<a ") == 1
    assert "<b>" not in with_calls(html)


def test_a_blank_line_begins_a_paragraph() -> None:
    html = library.to_html("{lines}", {"lines": "one\n\ntwo\nthree"})
    assert with_calls(html).count("<p>") == 2
