"""Pages as plain words and as Telegram messages, counted in UTF-16 units."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waiting_room import library
from waiting_room.library.markdown import clean

ANY = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)
NASTY = st.text(alphabet=st.sampled_from("_*[]()~`>#+-=|{}.!<b/>\\\n 1a😀"), max_size=40)
PAGE = (
    "# 👋 {title}\n\nHello {first_name}, *x {first_name}* and **y {title}**.\n\n"
    "- {first_name}\n- [site {title}](https://example.org)\n\n> q {title}\n\n`c {title}` end"
)


def units(text: str) -> int:
    """How Telegram counts the text."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def marked(text: str, entity: dict[str, object]) -> str:
    """The words an entity covers, cut as Telegram cuts them."""
    raw = text.encode("utf-16-le", "surrogatepass")
    offset, length = entity["offset"], entity["length"]
    assert isinstance(offset, int) and isinstance(length, int)
    return raw[2 * offset : 2 * (offset + length)].decode("utf-16-le")


def shown(markdown: str, **values: str) -> tuple[str, dict[str, str]]:
    """The one message of a short page, and what is marked in it by kind."""
    [(text, entities)] = library.to_telegram(markdown, values)
    return text, {str(entity["type"]): marked(text, entity) for entity in entities}


def test_a_heading_is_bold_and_has_no_picture() -> None:
    assert shown("# Sleep\n\nWords.") == ("Sleep\n\nWords.", {"bold": "Sleep"})


def test_every_kind_of_mark_covers_its_words_after_an_emoji() -> None:
    text, marks = shown("😀 **a** *b* `c` [d](https://example.org)\n\n> e\n\n```\nf\n```")
    assert text == "😀 a b c d\n\ne\n\nf"
    assert marks == {
        "bold": "a", "italic": "b", "code": "c", "text_link": "d", "blockquote": "e", "pre": "f"
    }  # fmt: skip


def test_a_link_keeps_its_address() -> None:
    [(_, [entity])] = library.to_telegram("[d](https://example.org/?a=b)", {})
    assert entity == {
        "type": "text_link", "offset": 0, "length": 1, "url": "https://example.org/?a=b"
    }  # fmt: skip


def test_lists_have_signs_and_lines_of_their_own() -> None:
    text, _ = shown("Do:\n\n- one\n- two\n  1. a\n  2. b\n- three\n\nEnd.")
    assert text == "Do:\n\n• one\n• two\n  1. a\n  2. b\n• three\n\nEnd."


def test_a_loose_list_is_as_close_as_a_tight_one() -> None:
    assert shown("- one\n\n- two")[0] == "• one\n• two"


def test_lines_that_an_editor_wrapped_are_one_paragraph() -> None:
    assert shown("one\ntwo\\\nthree")[0] == "one two\nthree"


def test_bold_in_a_heading_is_marked_once() -> None:
    [(_, entities)] = library.to_telegram("# a **b** c", {})
    assert [(e["type"], e["length"]) for e in entities] == [("bold", 5)]


def test_a_line_across_the_page_is_a_line() -> None:
    assert shown("one\n\n---\n\ntwo")[0] == "one\n\n———\n\ntwo"


def test_words_without_a_break_are_cut_where_they_must_be() -> None:
    parts = library.to_telegram("😀" * 3000, {})
    assert [units(text) for text, _ in parts] == [4096, 1904]


def test_a_number_is_told_and_not_linked() -> None:
    text, marks = shown("[Call us](tel:08001111) or [0800 1111](tel:08001111)")
    assert (text, marks) == ("Call us (08001111) or 0800 1111", {})


def test_plain_text_tells_where_a_link_leads() -> None:
    text = library.to_text("**Read** [this](https://example.org) ([jo@x.org](mailto:jo@x.org))", {})
    assert text == "Read this (https://example.org) (jo@x.org)"


@pytest.mark.parametrize("value", ["_*[]()~`>#+-=|{}.!", "<b>x</b>", "**x**", "[a](https://b.c)",
                                   "# x", "- x", "1. x", "```", "&amp;", "\\*"])  # fmt: skip
def test_a_value_is_shown_to_the_letter(value: str) -> None:
    assert shown("{a}", a=value) == (value, {})
    assert library.to_text("{a}", {"a": value}) == value


def test_a_value_with_lines_keeps_them() -> None:
    assert shown("Said: {a} end", a="1\r\n2")[0] == "Said: 1\n2 end"


def test_spaces_at_the_ends_do_not_shift_the_marks() -> None:
    text, marks = shown("{a} **b** {a}", a="  \n")
    assert (text, marks) == ("b", {"bold": "b"})


def test_a_page_of_nothing_is_no_message() -> None:
    assert library.to_telegram("{a}", {"a": " \n "}) == []


@settings(max_examples=150, deadline=None)
@given(ANY | NASTY, ANY | NASTY)
def test_no_value_makes_breaks_or_moves_a_mark(first_name: str, title: str) -> None:
    values = {"first_name": first_name, "title": title}
    [(text, entities)] = library.to_telegram(PAGE, values)
    [(_, plain)] = library.to_telegram(PAGE, {"first_name": "x", "title": "y"})
    assert [entity["type"] for entity in entities] == [entity["type"] for entity in plain]
    said = clean(title)
    expected = [
        f"👋 {said}".rstrip(" ") if not said.strip() else f"👋 {said}",
        f"x {clean(first_name)}",
        f"y {said}",
        f"site {said}",
        f"q {said}",
        f"c {said}",
    ]
    assert [marked(text, entity).strip() for entity in entities] == [e.strip() for e in expected]


ARTICLE = "# Long 😀\n\n" + "\n\n".join(
    f"Paragraph {n} has **bold words {n}** and *more*. " + "Some words to fill it up. " * 12
    for n in range(36)
)


def test_i60_a_long_article_is_cut_between_paragraphs() -> None:
    assert len(ARTICLE) > 12_000
    parts = library.to_telegram(ARTICLE, {})
    assert len(parts) == 4
    assert all(units(text) <= 4096 for text, _ in parts)
    assert all(text.startswith(("Long", "Paragraph")) for text, _ in parts)
    assert all(text.endswith("up.") for text, _ in parts)


def test_i60_order_and_marks_survive_the_cut() -> None:
    parts = library.to_telegram(ARTICLE, {})
    bold = [marked(text, e) for text, found in parts for e in found if e["type"] == "bold"]
    assert bold == ["Long 😀", *(f"bold words {n}" for n in range(36))]
    assert "\n\n".join(text for text, _ in parts) == library.to_text(ARTICLE, {})


def test_a_mark_across_the_cut_goes_on_after_it() -> None:
    parts = library.to_telegram("**" + "word " * 1600 + "end**", {})
    assert len(parts) == 2
    for text, [entity] in parts:
        assert (entity["type"], marked(text, entity)) == ("bold", text)


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet=st.sampled_from("a😀 \n."), min_size=3000, max_size=9000))
def test_no_part_is_too_long_and_no_emoji_is_cut(value: str) -> None:
    parts = library.to_telegram("**{a}**", {"a": value})
    assert all(0 < units(text) <= 4096 for text, _ in parts)
    whole = "".join("".join(text.split()) for text, _ in parts)
    assert whole == "".join(value.split())
