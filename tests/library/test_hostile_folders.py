"""A folder of everything that editors' machines, and people who mean harm, put into files: each bad
one is named with its line and what to do, nothing outside is read, and the good ones are served."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from time import perf_counter

import pytest

from waiting_room import library
from waiting_room.library import loose
from waiting_room.library.page import Problem

TODAY = date(2026, 11, 23)
GOOD = "---\ntitle: Good\n---\n\nWords that are fine.\n"
SECRET = "the key under the mat"
PAIRS = [*zip("abcdef", "bcdefg", strict=True)]
BOMB = "a: &a [x, x]\n" + "".join(f"{n}: &{n} [*{p}, *{p}]\n" for p, n in PAIRS)

# What stands in a file, the line it is named with, and the rule.
BAD: dict[str, tuple[bytes, int, str]] = {
    "utf-16": (GOOD.encode("utf-16"), 1, "encoding"),
    "utf-16-be": (b"\xfe\xff" + GOOD.encode("utf-16-be"), 1, "encoding"),
    "latin-1": (GOOD.replace("fine", "très fine").encode("latin-1"), 5, "encoding"),
    "nul": (GOOD.replace("fine", "fi\x00ne").encode(), 5, "control"),
    "escape": (GOOD.replace("fine", "\x1b[31mfine").encode(), 5, "control"),
    "script": (GOOD.encode() + b"\n<script>alert(1)</script>\n", 7, "html"),
    "frame": (GOOD.encode() + b'\n<iframe src="https://example.org"></iframe>\n', 7, "html"),
    "inline-html": (GOOD.encode() + b"\nHello <b onclick=x>you</b>\n", 7, "html"),
    "javascript": (GOOD.encode() + b"\n[go](javascript:alert(1))\n", 7, "link"),
    "data-link": (GOOD.encode() + b"\n[go](data:text/html;base64,PHN2Zz4=)\n", 7, "link"),
    "file-link": (GOOD.encode() + b"\n[go](file:///etc/passwd)\n", 7, "link"),
    "long-line": (GOOD.encode() + b"x" * 100_000, 5, "too-long"),
    "huge": (GOOD.encode() + b"words " * 1_000_000, 1, "too-long"),
    "python-tag": (
        b"---\ntitle: !!python/object/apply:os.system [ls]\n---\nx\n",
        2,
        "front-matter",
    ),
    "bomb": (f"---\n{BOMB}---\nx\n".encode(), 2, "front-matter"),
    "deep": (b"---\ntitle: " + b"[" * 500 + b"\n---\nx\n", 2, "front-matter"),
    "never-closed": (b"---\ntitle: x\n\nwords\n", 1, "front-matter"),
    "a-list": (b"---\n- one\n- two\n---\nx\n", 2, "front-matter"),
    "twice": (b"---\ntitle: x\ntitle: y\n---\nx\n", 3, "front-matter"),
    "half-yaml": (b"---\ntitle: a: b: c\n---\nx\n", 2, "front-matter"),
    "wrong-list": (b"---\ntitle: x\nneeds: 5\n---\nx\n", 3, "field"),
    "wrong-day": (b"---\ntitle: x\nreviewed: the 40th\n---\nx\n", 3, "date"),
    "wrong-title": (b"---\ntitle: Yes\n---\nx\n", 2, "title"),
    "only-front": (b"---\ntitle: x\n---\n", 4, "empty"),
    "placeholder": (GOOD.encode() + b"\nHello {nobody_knows}\n", 7, "placeholder"),
}
# What is odd and does no harm: a page made by any editor there is.
ODD = {
    "bom": b"\xef\xbb\xbf" + GOOD.encode(),
    "crlf": GOOD.replace("\n", "\r\n").encode(),
    "cr": GOOD.replace("\n", "\r").encode(),
    "braces": GOOD.encode() + b"\n{{ config }} and {% include x %}\n",
    "shortcode": GOOD.encode() + b'\n{{< video id="1" >}}\n\n[gallery ids="1,2"]\n',
    "nested": GOOD.encode() + b"> " * 200 + b"deep\n\n" + b"- " * 200 + b"deep\n",
    "table": GOOD.encode() + b"\n| a | b |\n|---|---|\n| 1 | 2 |\n",
    "stars": GOOD.encode() + b"*" * 5_000 + b"\n" + b"[" * 5_000 + b"\n",
    "right-to-left": GOOD.replace("fine", "\u0641\u064a\u0646 \U0001f600").encode(),
}

Layout = Callable[[Path, str], Path]


def in_a_library(root: Path, name: str) -> Path:
    """Where a page lies in a folder laid out as ours."""
    return root / "en" / "self-care" / f"{name}.md"


def anywhere(root: Path, name: str) -> Path:
    """Where a page lies in somebody's folder of notes."""
    return root / f"{name}.md"


@pytest.fixture(params=[in_a_library, anywhere])
def layout(request: pytest.FixtureRequest) -> Layout:
    """Both ways in which a folder is checked."""
    chosen: Layout = request.param
    return chosen


@pytest.fixture
def hostile(tmp_path: Path, layout: Layout) -> Iterator[Path]:
    """Everything at once, beside a secret that lies outside."""
    root = tmp_path / "content"
    here = layout(root, "good").parent
    here.mkdir(parents=True)
    for name, (raw, _, _) in BAD.items():
        layout(root, name).write_bytes(raw)
    for name, raw in {**ODD, "good": GOOD.encode()}.items():
        layout(root, name).write_bytes(raw)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text(f"---\ntitle: {SECRET}\n---\n{SECRET}\n", encoding="utf-8")
    layout(root, "linked").symlink_to(outside / "secret.md")
    layout(root, "gone").symlink_to(outside / "nothing.md")
    layout(root, "round").symlink_to(layout(root, "round"))
    (here / "folder.md").mkdir()
    (root / "way-out").symlink_to(outside, target_is_directory=True)
    os.mkfifo(layout(root, "pipe"))
    yield root


def check(folder: Path, layout: Layout) -> list[Problem]:
    if layout is anywhere:
        return loose.check(folder, today=TODAY)
    return library.check(folder, today=TODAY)


def test_every_bad_file_is_named_with_its_line_its_rule_and_what_to_do(
    hostile: Path, layout: Layout
) -> None:
    begun = perf_counter()
    errors = [p for p in check(hostile, layout) if p.severity == "error"]
    assert perf_counter() - begun < 10, "a hostile file must not hold an editor up"
    named = {(Path(p.file).stem, p.line, p.rule) for p in errors}
    assert {(name, line, rule) for name, (_, line, rule) in BAD.items()} <= named
    # Among notes a folder may be called as its owner likes.
    odd = ["linked", "gone", "round", "pipe", *(["folder"] if layout is in_a_library else [])]
    for name in odd:
        assert any(Path(p.file).stem == name for p in errors), name
    assert all(p.message.rstrip().endswith((".", '".')) for p in errors)
    # Nothing else is called an error.
    assert {Path(p.file).stem for p in errors} == {*BAD, *odd, "way-out"}


def test_nothing_outside_the_folder_is_read(hostile: Path, layout: Layout) -> None:
    assert SECRET not in repr(check(hostile, layout))
    served = [*library.read(hostile, today=TODAY).pages.values(), *loose.pages(hostile)]
    assert all(SECRET not in page.body + page.title for page in served)


def test_the_good_ones_are_served(tmp_path: Path) -> None:
    root = tmp_path / "content"
    in_a_library(root, "good").parent.mkdir(parents=True)
    for name, (raw, _, _) in BAD.items():
        in_a_library(root, name).write_bytes(raw)
    for name, raw in {**ODD, "good": GOOD.encode()}.items():
        in_a_library(root, name).write_bytes(raw)
    shelf = library.read(root, today=TODAY)
    assert {key for _, key in shelf.pages} == {f"self-care/{name}" for name in {*ODD, "good"}}
    for page in shelf.pages.values():
        assert "<script" not in library.to_html(page, {})
        assert all(len(text) <= 4096 for text, _ in library.to_telegram(page, {}))


def test_commands_of_other_systems_are_pointed_out_and_shown_as_they_stand(
    write: Callable[..., Path], folder: Path
) -> None:
    write("en/self-care/video", 'See {{< video id="1" >}}\n\nand [gallery ids="1"]')
    found = [p for p in library.check(folder, today=TODAY) if p.rule == "shortcode"]
    assert [(p.line, p.severity) for p in found] == [(4, "warning"), (6, "warning")]
    page = library.read(folder, today=TODAY).pages["en", "self-care/video"]
    assert "{{&lt; video" in library.to_html(page, {})


def test_two_files_with_one_name_but_for_capitals_are_named(tmp_path: Path) -> None:
    for name in ("sleep", "Sleep"):
        (tmp_path / f"{name}.md").write_text(GOOD, encoding="utf-8")
    [problem] = loose.check(tmp_path, today=TODAY)
    assert (problem.file, problem.rule, problem.severity) == ("sleep.md", "name", "error")


def test_a_file_without_front_matter_is_a_page_among_notes(tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text("# Sleep\n\nGo to bed.\n", encoding="utf-8")
    assert loose.check(tmp_path, today=TODAY) == []


def test_a_field_nobody_reads_is_named_with_the_one_that_was_meant(
    write: Callable[..., Path], folder: Path
) -> None:
    write("en/self-care/sleep", front="title: Sleep\nreveiwed_by: Sample Ana\ncolour: blue")
    found = [p for p in library.check(folder, today=TODAY) if p.rule == "field"]
    assert [(p.line, p.severity) for p in found] == [(3, "warning"), (4, "warning")]
    assert "Did you mean reviewed_by?" in found[0].message
    assert "Did you mean" not in found[1].message
