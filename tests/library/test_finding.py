"""Search in everyday words: what people type on a phone leads to the page that answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from waiting_room import library
from waiting_room.library import loose
from waiting_room.library.finding import Index

QUERIES = Path(__file__).parent / "queries"


@cache
def shipped() -> Index:
    """The search over the shipped library."""
    return library.read(Path("content"), today=date(2026, 11, 23)).index("en")


def found(query: str, *, most: int = 3) -> list[str]:
    """The names of the pages, best first."""
    return [page.key for page in shipped().search(query, most=most)]


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("sleep", "self-care/sleep"),
        ("cant sleep", "self-care/sleep"),
        ("Can't sleep!!", "self-care/sleep"),
        ("CAN’T SLEEP", "self-care/sleep"),
        ("slep", "self-care/sleep"),
        ("slepe badly", "self-care/sleep"),
        ("benifits", "self-care/benefits"),
        ("samaritens", "help-lines/samaritans"),
        ("knackered", "self-care/sleep"),
        ("my landlord wants me out", "self-care/eviction"),
        ("heart racing for no reason", "self-care/panic"),
        ("nobody to talk to", "self-care/loneliness"),
    ],
)
def test_everyday_words_lead_to_the_page(query: str, page: str) -> None:
    assert page in found(query)


@pytest.mark.parametrize(
    "query",
    ["", " ", "?!", "🙂", "12345", "asdkjh", "qwertyuiop zxcv", "the and of", '"'],
)
def test_what_says_nothing_finds_nothing(query: str) -> None:
    assert found(query) == []


@pytest.mark.parametrize(
    "query", ['"', "a OR b", "NEAR(", "title:sleep", "sleep*", "- ^ :", "x" * 9_999]
)
def test_the_marks_of_a_search_engine_are_words_like_any_other(query: str) -> None:
    found(query)


def test_a_page_that_answers_to_more_of_the_words_comes_first(folder: Callable[..., Path]) -> None:
    pages = loose.pages(folder(a="# Cold homes\nWarm rooms.", b="# Cold water\nA swim in a lake."))
    index = Index(pages)
    assert next(page.key for page in index.search("cold water swim", most=2)) == "b"


def test_a_long_text_does_not_make_its_title_count_for_less(folder: Callable[..., Path]) -> None:
    told = "# Grief\n" + "Many other words of comfort. " * 200
    pages = loose.pages(folder(long=told, short="# Tea\nFor grief and other days."))
    assert next(page.key for page in Index(pages).search("grief", most=2)) == "long"


def test_the_same_question_has_the_same_answer() -> None:
    assert len({tuple(found("i feel so alone", most=10)) for _ in range(5)}) == 1


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """A folder of Markdown files with these texts."""

    def fill(**texts: str) -> Path:
        for name, text in texts.items():
            (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
        return tmp_path

    return fill


def test_any_folder_can_be_searched_whatever_its_files_lack(folder: Callable[..., Path]) -> None:
    where = folder(
        bare="Nothing but words about kettles.", broken="---\ntitle: [\n---\nMending bikes."
    )
    (where / "deep").mkdir()
    (where / "deep" / "titled.md").write_text("---\ntitle: Growing beans\n---\nIn a pot.", "utf-8")
    (where / "odd.md").write_bytes(b"\xff\xfeb\x00")
    (where / "out.md").symlink_to("/etc/hostname")
    index = Index(loose.pages(where))
    named = {
        query: [p.key for p in index.search(query, most=1)] for query in ("kettle", "bike", "beans")
    }
    assert named == {"kettle": ["bare"], "bike": ["broken"], "beans": ["deep/titled"]}
    assert "out" not in [page.key for page in loose.pages(where)]


@pytest.mark.parametrize("file", sorted(QUERIES.glob("*.jsonl")), ids=lambda file: file.stem)
def test_nine_of_ten_questions_are_answered_by_one_of_the_first_three(file: Path) -> None:
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    asked = [line for line in lines if line["want"]]
    missed = [one["query"] for one in asked if not set(found(one["query"])) & set(one["want"])]
    assert len(missed) * 10 <= len(asked), missed
