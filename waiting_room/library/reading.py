"""Reads a folder of Markdown: the pages that are good, and what is wrong with the others.

Bad content is never an exception here. A page with an error stays off the shelf; whoever publishes
keeps its last good version.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from waiting_room.library import across, advice, live, rules, wording
from waiting_room.library.draft import Draft
from waiting_room.library.front_matter import Unreadable, split
from waiting_room.library.page import KEY, Page, Problem, digest_of, parse
from waiting_room.library.shelf import Shelf

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
# Far above any good page in any script; what is larger is not even read into memory.
LARGEST_FILE = 200_000
# For editors, and it may stand in any folder.
NOT_PAGES = {"README.md"}
EVERYTHING = "."
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read(folder: Path, *, today: date, advise: bool = False) -> Shelf:
    """Everything in the folder that can be served, and every error; with `advise` also what an
    editor should see to. Never raises."""
    shelf = Shelf()
    drafts = [
        draft
        for file in _files(folder, shelf.problems)
        if (draft := _shelve(folder, file, shelf=shelf, today=today))
    ]
    if advise:
        plainer = wording.instead(shelf.pages)
        for draft in drafts:
            shelf.problems.extend(advice.warnings(draft))
            shelf.problems.extend(wording.warnings(draft, plainer))
        shelf.problems.extend(across.problems(shelf.pages))
    shelf.problems.sort(key=lambda problem: (problem.file, problem.line, problem.rule))
    return shelf


def check(folder: Path, *, today: date) -> list[Problem]:
    """What an editor should know before publishing, by file and line."""
    return read(folder, today=today, advise=True).problems


def look_over(name: str, source: str, *, today: date) -> tuple[Page | None, list[Problem]]:
    """One text as it would be published under this name ("en/self-care/sleep"), and what is wrong
    with it; no page when it cannot be shown at all. Never raises."""
    try:
        draft = _drafted(f"{name}.md", source.encode(), today)
    except Unreadable as bad:
        return None, [Problem(f"{name}.md", bad.line, bad.rule, "error", bad.message)]
    plainer = wording.instead(live.current().shelf.pages)
    advised = [*advice.warnings(draft), *wording.warnings(draft, plainer)]
    return draft.page, rules.errors(draft) or advised


def is_library(folder: Path) -> bool:
    """Whether a folder is laid out as ours, a folder for each language in it; False too when it
    cannot be looked into."""
    try:
        return any(_is_language(path) for path in folder.iterdir())
    except OSError:
        return False


def _files(root: Path, problems: list[Problem]) -> Iterator[Path]:
    # Other folders may lie beside the languages (danger-words does).
    languages = [path for path in _inside(root, root, problems) if _is_language(path)]
    if not languages and not problems:
        problems.append(_error(EVERYTHING, "folder", "No language folder (such as en) is here."))
    for language in languages:
        yield from _folders(root, language, problems)


def _folders(root: Path, language: Path, problems: list[Problem]) -> Iterator[Path]:
    for path in _inside(root, language, problems):
        if path.is_dir():
            yield from _pages(root, path, problems)
        elif path.suffix == ".md" and path.name not in NOT_PAGES:
            problems.append(_error(_name(root, path), "name", "Move it into a folder."))


def _pages(root: Path, folder: Path, problems: list[Problem]) -> Iterator[Path]:
    for path in _inside(root, folder, problems):
        if path.is_dir():
            problems.append(_error(_name(root, path), "name", "Folders inside folders are unread."))
        elif path.suffix.lower() == ".md" and path.name not in NOT_PAGES:
            yield path


def _inside(root: Path, folder: Path, problems: list[Problem]) -> list[Path]:
    try:
        # In one order everywhere, so that the same folder gives the same report on every machine.
        found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        home = root.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        problems.append(_error(_name(root, folder), "folder", f"Cannot be read: {_why(error)}."))
        return []
    astray = {path for path in found if _leads_out(path, home)}
    for path in sorted(astray):
        message = "It is a link that leads out of the content folder. Put the real file here."
        problems.append(_error(_name(root, path), "outside", message))
    return [path for path in found if path not in astray]


def _leads_out(path: Path, home: Path) -> bool:
    """A link inside the folder could publish any file of this machine."""
    try:
        return not path.resolve().is_relative_to(home)
    except (OSError, RuntimeError):
        # It leads in a circle, so nowhere: reading it says so, and the others are read.
        return False


def _shelve(root: Path, file: Path, *, shelf: Shelf, today: date) -> Draft | None:
    """Put the page where it can be served; None, and an error, when it cannot be."""
    name = _name(root, file)
    try:
        draft = _draft(name, file, today)
    except Unreadable as bad:
        shelf.problems.append(Problem(name, bad.line, bad.rule, "error", bad.message))
        return None
    if errors := rules.errors(draft):
        # Advice on a page that cannot be shown would bury the reason.
        shelf.problems.extend(errors)
        return None
    page = draft.page
    shelf.pages[page.language, page.key] = page
    shelf.sources[page.digest] = draft.source
    return draft


def _draft(name: str, file: Path, today: date) -> Draft:
    if not name.endswith(".md") or not KEY.fullmatch(name.removesuffix(".md").partition("/")[2]):
        # One spelling for each name: two that differ in capitals are one file on some machines.
        message = "Name it with small letters, digits and hyphens only, such as moving-more.md."
        raise Unreadable(1, message, "name")
    return _drafted(name, bytes_of(file), today)


def _drafted(name: str, raw: bytes, today: date) -> Draft:
    language, _, key = name.removesuffix(".md").partition("/")
    source = decoded(raw)
    page = parse(source, key=key, language=language, digest=digest_of(raw))
    return Draft(name, source, page=page, body_line=split(source)[2], today=today)


def bytes_of(file: Path) -> bytes:
    """What the file holds. Raises Unreadable when it is no file, or too large to be a page."""
    try:
        # A pipe or a device with a page's name would keep us reading for ever.
        if not file.is_file():
            raise Unreadable(1, "It is not a file. Put a Markdown file here.", "file")
        if file.stat().st_size > LARGEST_FILE:
            raise Unreadable(1, f"It is larger than {LARGEST_FILE:,} bytes. Split it.", "too-long")
        return file.read_bytes()
    except OSError as error:
        raise Unreadable(1, f"It cannot be read: {_why(error)}.", "file") from error


def decoded(raw: bytes) -> str:
    """The text. Raises Unreadable naming the first byte that is not UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        what = f"Byte {error.start} (0x{raw[error.start]:02x}) is not UTF-8"
        if raw.startswith(UTF_16):
            line, what = 1, "It is written in UTF-16, as some editors do"
        message = f"{what}. Save it as UTF-8."
        raise Unreadable(line, message, "encoding") from error


def _is_language(path: Path) -> bool:
    return path.is_dir() and LANGUAGE.fullmatch(path.name) is not None


def _name(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _error(file: str, rule: str, message: str) -> Problem:
    return Problem(file, 1, rule, "error", message)


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or "it leads nowhere").lower()
