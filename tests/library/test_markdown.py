"""Pages as HTML: values are only ever words."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waiting_room import library

ANY = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)
NASTY = st.text(alphabet=st.sampled_from("_*[]()~`>#+-=|{}.!<b/>&\"'\\\n 1ax:"), max_size=40)
PAGE = (
    "# {title}\n\nHello {first_name}, *{first_name}* and **{title}**.\n\n"
    "- {first_name}\n- [site](https://example.org)\n\n> {title}\n\n`{title}`"
)


def tags(html: str) -> list[str]:
    """The tags of the HTML, line breaks of values left out."""
    return [tag for tag in re.findall(r"<[^>]*>", html) if tag != "<br>"]


def test_markdown_becomes_the_few_tags_of_the_allow_list() -> None:
    html = library.to_html("# A\n\n- **b** *c* `d`\n\n> e\n\n---\n\nf\\\ng", {})
    assert {tag.strip("</>") for tag in re.findall(r"<[^>]*>", html)} == {
        "h1", "ul", "li", "strong", "em", "code", "blockquote", "p", "hr", "br"
    }  # fmt: skip


def test_html_in_a_page_is_shown_and_not_obeyed() -> None:
    html = library.to_html("<script>alert(1)</script> <b>x</b>", {})
    assert "<script" not in html and "<b>" not in html
    assert "&lt;script&gt;" in html


def test_a_bad_link_is_shown_as_it_was_typed() -> None:
    assert "<a" not in library.to_html("[go](javascript:alert(1))", {})


def test_a_link_to_another_page_leaves_its_words() -> None:
    assert library.to_html("[Sleep](self-care/sleep)", {}) == "<p>Sleep</p>\n"


def test_an_outside_link_tells_the_other_side_nothing() -> None:
    html = library.to_html("[x](https://example.org)", {})
    assert 'rel="noopener noreferrer"' in html


def test_unknown_names_and_double_braces_stay() -> None:
    html = library.to_html("{nobody} {{ config }} {{first_name}}", {"first_name": "Sample"})
    assert html == "<p>{nobody} {{ config }} {{first_name}}</p>\n"


def test_a_value_is_not_filled_in_twice() -> None:
    html = library.to_html("{a}", {"a": "{b}", "b": "secret"})
    assert html == "<p>{b}</p>\n"


def test_a_value_may_have_lines() -> None:
    assert library.to_html("{a}", {"a": "1\r\n2\u20283"}) == "<p>1<br>\n2<br>\n3</p>\n"


def test_a_value_cannot_turn_the_words_after_it_round() -> None:
    assert library.to_html("{a}", {"a": "x\u202ey"}) == "<p>xy</p>\n"


@pytest.mark.parametrize(
    "link, value, href",
    [
        ("{a}", "https://example.org/x?y=1", "https://example.org/x?y=1"),
        ("tel:{a}", "0800 1111", "tel:08001111"),
        ("mailto:{a}", "a@b.example", "mailto:a%40b.example"),
        ("https://example.org/{a}", "a/../b?c", "https://example.org/a%2F..%2Fb%3Fc"),
    ],
)
def test_a_value_may_stand_in_a_link(link: str, value: str, href: str) -> None:
    assert f'href="{href}"' in library.to_html(f"[x]({link})", {"a": value})


@pytest.mark.parametrize("value", ["javascript:alert(1)", "http://x.example", "//x", "", " ", "x"])
def test_a_value_that_leads_nowhere_good_is_no_link(value: str) -> None:
    assert library.to_html("[words]({a})", {"a": value}) == "<p>words</p>\n"


def test_a_link_without_its_value_leaves_its_words() -> None:
    assert library.to_html("[words]({a}) {b}", {"b": "c"}) == "<p>words c</p>\n"


@settings(max_examples=150, deadline=None)
@given(ANY | NASTY, ANY | NASTY)
def test_no_value_makes_or_breaks_a_tag(first_name: str, title: str) -> None:
    plain = library.to_html(PAGE, {"first_name": "x", "title": "y"})
    html = library.to_html(PAGE, {"first_name": first_name, "title": title})
    assert tags(html) == tags(plain)


@settings(max_examples=150, deadline=None)
@given(NASTY.filter(lambda value: "\n" not in value))
def test_a_value_is_shown_to_the_letter(value: str) -> None:
    html = library.to_html("[{a}]", {"a": value})
    assert unescape(html.removeprefix("<p>[").removesuffix("]</p>\n")) == value
