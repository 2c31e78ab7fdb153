"""One page of words: what a Markdown file says, once it could be read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from waiting_room.library import front_matter

FALLBACK_LANGUAGE = "en"
# 128 bits: no two texts of a lifetime share it, and it fits on a line of a report.
DIGEST_LENGTH = 32
KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*")
# {first_name} is a placeholder; {{ config }} and {First} are words like any other.
FIELD = re.compile(r"(?<!\{)\{([a-z][a-z0-9_]*)\}(?!\})")

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """What is wrong with a file, where, and what to do about it."""

    file: str
    line: int
    rule: str
    severity: Severity
    message: str


@dataclass(frozen=True)
class Page:
    """The words of one file in one language. Never changes: a new text is a new digest."""

    key: str
    language: str
    digest: str
    title: str
    summary: str
    body: str
    # Left out of the hash, because lists have none; the digest tells pages apart.
    meta: Mapping[str, Any] = field(repr=False, hash=False)
    placeholders: frozenset[str] = frozenset()

    @property
    def folder(self) -> str:
        """The part of the library this page stands in."""
        return self.key.partition("/")[0]

    @property
    def name(self) -> str:
        """Where the page stands in a published set: "en/self-care/sleep"."""
        return f"{self.language}/{self.key}"


def digest_of(raw: bytes) -> str:
    """The same bytes have the same digest, for ever."""
    # Of the bytes and not of the text read: what was confirmed is the file as it lay there.
    return hashlib.sha256(raw).hexdigest()[:DIGEST_LENGTH]


def parse(source: str, *, key: str, language: str, digest: str) -> Page:
    """A page from the whole text of a file. Raises Unreadable when the front matter cannot be."""
    front, body, _ = front_matter.split(source)
    meta = front_matter.load(front)
    return Page(
        key=key,
        language=language,
        digest=digest,
        title=_words(meta.get("title")),
        summary=_words(meta.get("summary")),
        body=body,
        meta=MappingProxyType(meta),
        placeholders=frozenset(FIELD.findall(body)),
    )


def _words(value: object) -> str:
    return "" if value is None or isinstance(value, (dict, list)) else str(value).strip()
