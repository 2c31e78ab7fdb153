"""Any folder of Markdown read as pages, whatever its files lack: to try the search on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

from waiting_room.library import front_matter
from waiting_room.library.front_matter import Unreadable
from waiting_room.library.page import FALLBACK_LANGUAGE, Page, digest_of
from waiting_room.library.reading import LARGEST_FILE, NOT_PAGES

HEADING = re.compile(r"^#{1,6}\s+(.+)$", re.MULTILINE)


def pages(folder: Path) -> Iterator[Page]:
    """Every Markdown file below the folder that is not a link; its name is its path there."""
    home = folder.resolve()
    for file in sorted(folder.rglob("*.md")):
        inside = file.resolve().is_relative_to(home) and file.is_file()
        if inside and file.name not in NOT_PAGES and file.stat().st_size <= LARGEST_FILE:
            yield _page(file, file.relative_to(folder).with_suffix("").as_posix())


def _page(file: Path, key: str) -> Page:
    raw = file.read_bytes()
    source = raw.decode("utf-8", errors="replace")
    meta, body = _parts(source)
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
        meta=MappingProxyType(meta),
    )


def _parts(source: str) -> tuple[dict[str, Any], str]:
    try:
        front, body, _ = front_matter.split(source)
        return front_matter.load(front), body
    except Unreadable:
        return {}, source
