"""Reading a folder never raises: each file is a page or a problem."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from waiting_room import library

WritePage = Callable[..., Path]

TODAY = date(2026, 11, 23)


def found(folder: Path) -> set[tuple[str, str]]:
    """File and rule of each error."""
    problems = library.check(folder, today=TODAY)
    return {(p.file, p.rule) for p in problems if p.severity == "error"}


def test_pages_are_known_by_language_and_key(folder: Path, write: WritePage) -> None:
    write("cy/self-care/sleep", front="title: Cwsg\nsummary: Byr")
    shelf = library.read(folder, today=TODAY)
    assert sorted(shelf.pages) == [
        ("cy", "self-care/sleep"),
        ("en", "crisis/now"),
        ("en", "self-care/sleep"),
        ("en", "self-care/worry"),
    ]
    page = shelf.pages["cy", "self-care/sleep"]
    assert (page.title, page.summary, page.folder) == ("Cwsg", "Byr", "self-care")


def test_the_digest_is_of_the_exact_bytes(folder: Path, write: WritePage) -> None:
    path = write("en/self-care/sample")
    first = library.read(folder, today=TODAY).pages["en", "self-care/sample"].digest
    path.write_bytes(path.read_bytes() + b"\n")
    second = library.read(folder, today=TODAY).pages["en", "self-care/sample"].digest
    assert len(first) == len(second) == 32
    assert first != second


def test_a_page_with_an_error_is_not_on_the_shelf(folder: Path, write: WritePage) -> None:
    write("en/self-care/sleep", "<b>x</b>")
    assert ("en", "self-care/sleep") not in library.read(folder, today=TODAY).pages


def test_a_missing_folder_is_one_problem(tmp_path: Path) -> None:
    [problem] = library.check(tmp_path / "nowhere", today=TODAY)
    assert (problem.rule, problem.severity) == ("folder", "error")


def test_an_empty_folder_is_one_problem(tmp_path: Path) -> None:
    [problem] = library.check(tmp_path, today=TODAY)
    assert problem.rule == "folder"


def test_other_folders_and_notes_for_editors_are_left_alone(folder: Path) -> None:
    (folder / "README.md").write_text("# For editors\n", encoding="utf-8")
    (folder / "en/README.md").write_text("# For editors\n", encoding="utf-8")
    (folder / "danger-words").mkdir()
    (folder / "danger-words/en.toml").write_text("x = 1", encoding="utf-8")
    (folder / "en/self-care/.sleep.md.swp").write_bytes(b"\x00")
    assert found(folder) == set()


@pytest.mark.parametrize("name", ["Sleep", "my page", "sleep_well", "-sleep", "schläfrig"])
def test_a_name_has_one_spelling(folder: Path, write: WritePage, name: str) -> None:
    write(f"en/self-care/{name}")
    assert (f"en/self-care/{name}.md", "name") in found(folder)


def test_a_page_outside_a_folder_or_too_deep_is_named(folder: Path, write: WritePage) -> None:
    write("en/lost")
    write("en/self-care/deep/page")
    assert found(folder) == {("en/lost.md", "name"), ("en/self-care/deep", "name")}


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("---\ntitle: Secret\n---\nkey\n", encoding="utf-8")
    (folder / "en/self-care/secret.md").symlink_to(secret)
    (folder / "en/outside").symlink_to(tmp_path, target_is_directory=True)
    assert found(folder) == {("en/self-care/secret.md", "outside"), ("en/outside", "outside")}


def test_a_link_that_leads_in_a_circle_is_a_problem(folder: Path) -> None:
    (folder / "en/self-care/round.md").symlink_to(folder / "en/self-care/round.md")
    assert found(folder) <= {("en/self-care", "folder"), ("en/self-care/round.md", "file")}
    assert found(folder)


def test_a_link_to_nothing_is_a_problem(folder: Path) -> None:
    (folder / "en/self-care/gone.md").symlink_to(folder / "en/self-care/nothing.md")
    assert found(folder) == {("en/self-care/gone.md", "file")}


def test_a_pipe_is_not_read_for_ever(folder: Path) -> None:
    os.mkfifo(folder / "en/self-care/pipe.md")
    assert found(folder) == {("en/self-care/pipe.md", "file")}


def test_a_huge_file_is_not_even_read(folder: Path) -> None:
    (folder / "en/self-care/huge.md").write_bytes(b"x" * 300_000)
    assert found(folder) == {("en/self-care/huge.md", "too-long")}


def test_the_same_page_twice_is_refused(folder: Path, write: WritePage) -> None:
    write("en/self-care/SLEEP")
    assert ("en/self-care/SLEEP.md", "name") in found(folder)
    assert ("en", "self-care/sleep") in library.read(folder, today=TODAY).pages


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200))
def test_no_bytes_make_reading_raise(folder: Path, raw: bytes) -> None:
    for start in (b"", b"---\ntitle: x\n---\n", b"---\ntitle: "):
        (folder / "en/self-care/sample.md").write_bytes(start + raw)
        library.read(folder, today=TODAY)
