"""Any folder of Markdown read as pages, whatever its files lack: to try search and checks on it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from waiting_room.library import advice, front_matter, rules
from waiting_room.library.draft import Draft
from waiting_room.library.front_matter import Unreadable
from waiting_room.library.page import FALLBACK_LANGUAGE, FIELD, Page, Problem, digest_of
from waiting_room.library.reading import LARGEST_FILE, NOT_PAGES, bytes_of, decoded

HEADING = re.compile(r"^#{1,6}\s+(.+)$", re.MULTILINE)


def pages(folder: Path) -> Iterator[Page]:
    """Every Markdown file below the folder that is not a link; its name is its path there."""
    for file in _markdown_below(folder):
        whole = not file.is_symlink() and file.is_file()
        if whole and file.stat().st_size <= LARGEST_FILE:
            yield _page(file, file.relative_to(folder).with_suffix("").as_posix())


def check(folder: Path, *, today: date) -> list[Problem]:
    """What is wrong with each Markdown file below a folder that is no library of ours: all that
    holds for any page, and nothing about its folder, its title or what its name must be. Never
    raises, follows no link."""
    found: list[Problem] = []
    seen: dict[str, str] = {}
    for file in _markdown_below(folder):
        name = file.relative_to(folder).as_posix()
        # Two names that differ in capitals are one file on some machines.
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            message = f"{other} has the same name but for capitals. Give one another name."
            found.append(Problem(name, 1, "name", "error", message))
        found += _problems(file, name, today)
    return found


def _markdown_below(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        # In one order everywhere; links to folders are not walked into.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted([*files, *(one for one in folders if Path(here, one).is_symlink())]):
            file = Path(here, name)
            if (file.suffix.lower() == ".md" and name not in NOT_PAGES) or file.is_dir():
                yield file


def _problems(file: Path, name: str, today: date) -> list[Problem]:
    if file.is_symlink():
        message = "It is a link, and links are not followed. Put the real file here."
        return [Problem(name, 1, "outside", "error", message)]
    try:
        raw = bytes_of(file)
        source = decoded(raw)
        front, body, start = _opened(source)
    except Unreadable as bad:
        return [Problem(name, bad.line, bad.rule, "error", bad.message)]
    page = _made(f"self-care/{name}", raw, front, body)
    draft = Draft(name, source, page=page, body_line=start, today=today)
    return rules.errors(draft) or advice.warnings(draft)


def _opened(source: str) -> tuple[dict[str, Any], str, int]:
    """Front matter, when the file has any, the body, and the line it starts on."""
    if not front_matter.begins(source):
        return {}, source, 1
    front, body, start = front_matter.split(source)
    return front_matter.load(front), body, start


def _page(file: Path, key: str) -> Page:
    raw = file.read_bytes()
    return _made(key, raw, *_parts(raw.decode("utf-8", errors="replace")))


def _made(key: str, raw: bytes, meta: dict[str, Any], body: str) -> Page:
    heading = HEADING.search(body)
    # A file without a title is known by its first heading, or by its name.
    title = meta.get("title") or (heading[1] if heading else re.sub(r"[-_/]+", " ", key))
    return Page(
        key=key,
        language=FALLBACK_LANGUAGE,
        digest=digest_of(raw),
        title=str(title).strip(),
        summary=str(meta.get("summary") or meta.get("description") or ""),
        body=body,
        meta=MappingProxyType({"title": str(title)} | meta),
        placeholders=frozenset(FIELD.findall(body)),
    )


def _parts(source: str) -> tuple[dict[str, Any], str]:
    try:
        front, body, _ = front_matter.split(source)
        return front_matter.load(front), body
    except Unreadable:
        return {}, source
