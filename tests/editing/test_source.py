"""A page as a form shows it, and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from waiting_room.editing import source
from waiting_room.library import front_matter

PAGE = """---
# For editors: keep it short.
title: "Sleeping better"
summary: Small changes that can help.
needs: [sleep]
also:
  - insomnia
  - tired
owner: editors
---

Bad nights are hard.
"""
ROOT = Path(__file__).parents[2] / "content"


def changed(**fields: str) -> str:
    parts = source.take_apart(PAGE)
    return source.put_together(replace(parts, fields={**parts.fields, **fields}), base=PAGE)


def test_what_nobody_touched_comes_back_to_the_letter() -> None:
    assert source.put_together(source.take_apart(PAGE), base=PAGE) == PAGE


@pytest.mark.parametrize(
    "file", sorted(ROOT.glob("en/*/*.md")), ids=lambda file: f"{file.parent.name}-{file.stem}"
)
def test_every_shipped_page_comes_back_as_it_was(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    fields = source.fields_of(f"en/{file.parent.name}/{file.stem}")
    back = source.put_together(source.take_apart(text, fields), base=text)
    assert front_matter.load(front_matter.split(back)[0]) == front_matter.load(
        front_matter.split(text)[0]
    )
    assert front_matter.split(back)[0] == front_matter.split(text)[0]


def test_a_field_is_changed_where_it_stood() -> None:
    assert changed(title="Sleep: what helps").splitlines()[:4] == [
        "---",
        "# For editors: keep it short.",
        "title: 'Sleep: what helps'",
        "summary: Small changes that can help.",
    ]


def test_a_field_that_is_emptied_leaves_no_line() -> None:
    assert "summary" not in changed(summary=" ")
    assert "also" not in changed(also="")


def test_words_between_commas_are_a_list() -> None:
    front = front_matter.load(front_matter.split(changed(also="cant sleep , awake, "))[0])
    assert front["also"] == ["cant sleep", "awake"]


@pytest.mark.parametrize("number", ["0808 800 1234", "116123", "08088001234", "999"])
def test_a_number_stays_words(number: str) -> None:
    parts = source.Parts({"title": "A line", "number": number}, "", "")
    front = front_matter.load(front_matter.split(source.put_together(parts))[0])
    assert front["number"] == number


def test_a_new_line_of_the_rest_is_kept_and_an_old_one_can_go() -> None:
    parts = source.take_apart(PAGE)
    more = parts.more.replace("needs: [sleep]", "price: free")
    front = front_matter.load(
        front_matter.split(source.put_together(replace(parts, more=more), base=PAGE))[0]
    )
    assert front["price"] == "free" and "needs" not in front


def test_pasted_words_are_made_plain() -> None:
    pasted = "\ufeff•\u00a0Call\u200b us\r\n·\tCome in  \r\n\r\n"
    assert source.tidy(pasted) == "- Call us\n- Come in"


def test_values_are_set_where_they_stood_or_at_the_end() -> None:
    text = source.with_values(PAGE, {"owner": "us", "reviewers": ["Sample Ana", "Sample Ben"]})
    assert text.splitlines()[8:11] == ["owner: us", "reviewers: [Sample Ana, Sample Ben]", "---"]
    assert text.endswith("\n\nBad nights are hard.\n")
