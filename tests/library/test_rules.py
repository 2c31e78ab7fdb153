"""What keeps a page from being published, with its file and line (rows I55 to I62)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from waiting_room import library
from waiting_room.library import Problem

WritePage = Callable[..., Path]

TODAY = date(2026, 11, 23)


def errors(folder: Path, *, file: str = "en/self-care/sample.md") -> list[Problem]:
    """The errors of one file."""
    return [p for p in library.check(folder, today=TODAY) if p.file == file and is_error(p)]


def is_error(problem: Problem) -> bool:
    """It keeps the page from being published."""
    return problem.severity == "error"


def rules(folder: Path, *, file: str = "en/self-care/sample.md") -> set[str]:
    """Which rules the file breaks."""
    return {problem.rule for problem in errors(folder, file=file)}


def test_a_plain_page_breaks_no_rule(folder: Path, write: WritePage) -> None:
    write("en/self-care/sample", "Read **this**, [please](https://example.org).")
    assert errors(folder) == []


def test_i55_a_script_is_refused_with_file_and_line(folder: Path, write: WritePage) -> None:
    write("en/self-care/sample", "First line.\n\n<script>alert(1)</script>")
    [problem] = errors(folder)
    assert (problem.file, problem.line, problem.rule) == ("en/self-care/sample.md", 6, "html")
    assert "<script>" in problem.message


@pytest.mark.parametrize(
    "body", ["a <b>bold</b> word", "<!-- hidden -->", "<div>\nx\n</div>", "<img src=x onerror=y>"]
)
def test_any_html_is_refused(folder: Path, write: WritePage, body: str) -> None:
    write("en/self-care/sample", body)
    assert rules(folder) == {"html"}


def test_a_smaller_sign_is_no_html(folder: Path, write: WritePage) -> None:
    write("en/self-care/sample", "1 < 2 and 3 > 2.")
    assert errors(folder) == []


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "&#106;avascript:alert(1)",
        "http://example.org",
        "//example.org",
        "data:text/html,x",
        "file:///etc/passwd",
        "../../secret",
        "sms:85258",
        "https:",
    ],
)
def test_i56_only_https_tel_and_mailto_lead_outside(
    folder: Path, write: WritePage, link: str
) -> None:
    write("en/self-care/sample", f"[go]({link})")
    assert rules(folder) == {"link"}


def test_a_link_hidden_in_a_reference_is_seen(folder: Path, write: WritePage) -> None:
    write("en/self-care/sample", "[go][there]\n\n[there]: javascript:alert(1)")
    assert rules(folder) == {"link"}


@pytest.mark.parametrize(
    "link", ["https://example.org/a", "tel:116123", "mailto:jo@example.org", "{link}",
             "tel:{number}", "self-care/sleep"],
)  # fmt: skip
def test_good_links_are_allowed(folder: Path, write: WritePage, link: str) -> None:
    write("en/self-care/sample", f"[go]({link})")
    assert errors(folder) == []


def test_a_link_to_no_page_is_a_warning(folder: Path, write: WritePage) -> None:
    write("en/self-care/sample", "[go](self-care/nowhere)")
    [problem] = [p for p in library.check(folder, today=TODAY) if p.rule == "link"]
    assert problem.severity == "warning"


def test_pictures_are_refused(folder: Path, write: WritePage) -> None:
    write("en/self-care/sample", "![a cat](https://example.org/cat.png)")
    assert rules(folder) == {"picture"}


@pytest.mark.parametrize("front", ["summary: x", "title:", "title: ''", "title: [a]"])
def test_i57_no_title_is_refused(folder: Path, write: WritePage, front: str) -> None:
    write("en/self-care/sample", front=front)
    assert rules(folder) == {"title"}


def test_i58_a_python_tag_is_refused_and_not_run(
    folder: Path, write: WritePage, tmp_path: Path
) -> None:
    mark = tmp_path / "run"
    write("en/self-care/sample", front=f"title: !!python/object/apply:os.system ['touch {mark}']")
    assert rules(folder) == {"front-matter"}
    assert not mark.exists()


def test_i59_an_alias_bomb_is_refused_at_once(folder: Path, write: WritePage) -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12)]
    write("en/self-care/sample", front="\n".join(["title: x", "l0: &l0 [lol]", *levels]))
    start = time.perf_counter()
    [problem] = errors(folder)
    # The promise is 200 ms; a slow machine has five times that.
    assert time.perf_counter() - start < 1
    assert (problem.rule, problem.line) == ("front-matter", 3)


def test_i61_latin_1_is_refused_with_the_byte_named(folder: Path) -> None:
    path = folder / "en/self-care/sample.md"
    path.write_bytes(b"---\ntitle: Caf" + b"\xe9\n---\nWords.\n")
    [problem] = errors(folder)
    assert problem.rule == "encoding"
    assert "Byte 14 (0xe9)" in problem.message
    assert problem.line == 2


def test_i62_double_braces_are_only_words(folder: Path, write: WritePage) -> None:
    write("en/self-care/sample", "See {{ config }} and {{first_name}}.")
    assert errors(folder) == []
    page = library.read(folder, today=TODAY).pages["en", "self-care/sample"]
    assert page.placeholders == frozenset()
    assert "{{ config }} and {{first_name}}" in library.to_html(page, {"first_name": "Sample"})


def test_a_byte_order_mark_does_no_harm(folder: Path) -> None:
    path = folder / "en/self-care/sample.md"
    path.write_bytes(b"\xef\xbb\xbf---\r\ntitle: Sample\r\n---\r\nWords.\r\n")
    shelf = library.read(folder, today=TODAY)
    assert shelf.pages["en", "self-care/sample"].body == "Words."


def test_an_empty_page_is_refused(folder: Path, write: WritePage) -> None:
    write("en/self-care/sample", "  \n\n")
    assert rules(folder) == {"empty"}


def test_a_page_over_20_000_characters_is_refused(folder: Path, write: WritePage) -> None:
    write("en/self-care/sample", "x" * 20_001)
    assert rules(folder) == {"too-long"}


def test_an_invisible_character_is_refused_with_its_line(folder: Path, write: WritePage) -> None:
    write("en/self-care/sample", "One.\n\nTwo\x00.")
    [problem] = errors(folder)
    assert (problem.rule, problem.line) == ("control", 6)


def test_an_unknown_placeholder_is_refused_where_it_stands(folder: Path, write: WritePage) -> None:
    write("en/self-care/sample", "Hello {first_name}.\n\nHello {frist_name}.")
    [problem] = errors(folder)
    assert (problem.rule, problem.line) == ("placeholder", 6)


def test_a_placeholder_in_a_title_is_refused(folder: Path, write: WritePage) -> None:
    write("en/self-care/sample", front='title: "Hello {first_name}"')
    assert rules(folder) == {"placeholder"}


def test_a_review_date_must_be_a_day(folder: Path, write: WritePage) -> None:
    write("en/self-care/sample", front="title: Sample\nreview_by: soon")
    [problem] = errors(folder)
    assert (problem.rule, problem.line) == ("date", 3)


@pytest.mark.parametrize("reviewers", ["", "reviewers: []", "reviewers: [Sample Ana]",
                                       "reviewers: [Sample Ana, sample ana ]"])  # fmt: skip
def test_a_crisis_page_needs_two_reviewers(folder: Path, write: WritePage, reviewers: str) -> None:
    write("en/crisis/sample", front=f"title: Sample\n{reviewers}")
    assert rules(folder, file="en/crisis/sample.md") == {"reviewers"}


@pytest.mark.parametrize(
    "honest", ["reviewers: nobody yet", "reviewers: [nobody yet]",
               "reviewers: []\nreviewed_by: nobody yet"],
)  # fmt: skip
def test_nobody_yet_is_an_honest_answer_and_a_warning(
    folder: Path, write: WritePage, honest: str
) -> None:
    write("en/crisis/sample", front=f"title: Sample\n{honest}")
    found = [p for p in library.check(folder, today=TODAY) if p.file == "en/crisis/sample.md"]
    assert {(p.rule, p.severity) for p in found} == {("unreviewed", "warning")}


@pytest.mark.parametrize(
    "choices",
    [
        "",
        "choices: []",
        "choices: [fine]",
        "choices: [{value: ok}]",
        "choices: [{value: a, label: Fine}, {value: b, label: ' fine'}]",
        "choices: [{value: a, label: Fine}, {value: a, label: Bad}]",
    ],
)
def test_a_check_in_needs_choices_that_differ(folder: Path, write: WritePage, choices: str) -> None:
    write("en/check-ins/sample", front=f"title: Sample\n{choices}")
    assert rules(folder, file="en/check-ins/sample.md") == {"choices"}


LINE = {
    "title": "Sample line",
    "name": "Sample line",
    "number": '"020 7946 0001"',
    "hours": "always",
    "nation": "[england]",
    "source": "a sample",
}


def line_without(field: str, **instead: str) -> str:
    """Front matter of a help line with one field left out, and others in its place."""
    kept = {key: value for key, value in LINE.items() if key != field} | instead
    return "\n".join(f"{key}: {value}" for key, value in kept.items())


def test_a_whole_help_line_is_good(folder: Path, write: WritePage) -> None:
    write("en/help-lines/sample", front=line_without(""))
    assert errors(folder, file="en/help-lines/sample.md") == []


@pytest.mark.parametrize("field", ["name", "number", "hours", "nation", "source"])
def test_a_help_line_without_a_field_is_refused(folder: Path, write: WritePage, field: str) -> None:
    write("en/help-lines/sample", front=line_without(field))
    [problem] = errors(folder, file="en/help-lines/sample.md")
    assert problem.rule == "help-line"
    assert field in problem.message


def test_a_line_to_text_needs_no_number(folder: Path, write: WritePage) -> None:
    write("en/help-lines/sample", front=line_without("number", text_number="85258"))
    assert errors(folder, file="en/help-lines/sample.md") == []


@pytest.mark.parametrize(
    "field, value",
    [
        ("number", "0300123330"),
        ("nation", "[france]"),
        ("hours", "[{days: mon, from: '09:00'}]"),
        ("hours", "[{days: someday, from: '09:00', to: '17:00'}]"),
        ("hours", "[{days: mon, from: '9am', to: '17:00'}]"),
        ("hours", "[{days: mon, from: '09:75', to: '17:00'}]"),
        ("expires", "in spring"),
    ],
)
def test_a_help_line_with_a_wrong_field_is_refused(
    folder: Path, write: WritePage, field: str, value: str
) -> None:
    write("en/help-lines/sample", front=line_without(field, **{field: value}))
    found = errors(folder, file="en/help-lines/sample.md")
    assert found and found[0].line > 1


def test_labels_must_say_different_things(folder: Path, write: WritePage) -> None:
    front = "title: Labels\nlabels:\n  stop: Stop\n  halt: ' STOP '\n  yes: Yes"
    write("en/conversation/labels", "", front=front)
    found = errors(folder, file="en/conversation/labels.md")
    assert [problem.rule for problem in found] == ["labels", "labels"]


def test_labels_are_needed_on_their_page(folder: Path, write: WritePage) -> None:
    write("en/conversation/labels", "", front="title: Labels")
    assert rules(folder, file="en/conversation/labels.md") == {"labels"}
