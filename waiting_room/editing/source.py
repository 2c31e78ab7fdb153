"""The text of a page as a form shows it, and back: everything an editor did not touch stays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from waiting_room.library import front_matter

# What an editor sees as fields of their own; the other lines stand together below them.
FIELDS = ("title", "summary", "also")
KEY_LINE = re.compile(r"([A-Za-z_][\w-]*)\s*:")
# Bullets as word processors paste them, with the blanks behind them.
BULLET = re.compile(r"^[ \t]*[•·▪◦‣][ \t\u00a0]*", re.MULTILINE)
UNSEEN = re.compile("[\u200b-\u200d\u2060\ufeff\u00ad]")


@dataclass(frozen=True)
class Parts:
    """A page taken apart. `more` holds the lines of the front matter that have no field."""

    title: str
    summary: str
    also: str
    more: str
    body: str


def take_apart(source: str) -> Parts:
    """The parts of a page's whole text. Raises Unreadable."""
    front, body, _ = front_matter.split(source)
    values = front_matter.load(front)
    more = [lines for key, lines in _blocks(front) if key not in FIELDS]
    said = values.get("also")
    also = ", ".join(map(str, said)) if isinstance(said, list) else str(said or "")
    title, summary = (str(values.get(field) or "") for field in ("title", "summary"))
    return Parts(title, summary, also, "\n".join(more).strip("\n"), body)


def put_together(parts: Parts) -> str:
    """The whole text of a page out of its parts."""
    front: dict[str, Any] = {"title": tidy(parts.title)}
    if parts.summary.strip():
        front["summary"] = tidy(parts.summary)
    also = [word.strip() for word in tidy(parts.also).split(",") if word.strip()]
    if also:
        front["also"] = also
    more = parts.more.replace("\r\n", "\n").strip("\n")
    lines = [_line(key, value) for key, value in front.items()] + ([more] if more else [])
    return "---\n" + "\n".join(lines) + f"\n---\n\n{tidy(parts.body)}\n"


def with_values(source: str, values: Mapping[str, Any]) -> str:
    """The same text with these keys of the front matter set, each where it stood."""
    front, body, _ = front_matter.split(source)
    blocks = dict(_blocks(front)) | {key: _line(key, value) for key, value in values.items()}
    return "---\n" + "\n".join(blocks.values()) + f"\n---\n\n{body}\n"


def tidy(text: str) -> str:
    """Pasted words as Markdown wants them: real bullets, plain blanks, nothing invisible."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    plain = BULLET.sub("- ", UNSEEN.sub("", plain)).replace("\u00a0", " ")
    return "\n".join(line.rstrip() for line in plain.split("\n")).strip("\n").strip()


def _blocks(front: str) -> Iterator[tuple[str, str]]:
    """Each key with all its lines; comments and blank lines go with what stands before them."""
    key, lines = "", list[str]()
    for line in front.split("\n"):
        found = KEY_LINE.match(line)
        if found:
            if lines:
                yield key, "\n".join(lines)
            key, lines = found[1], []
        lines.append(line)
    if lines:
        yield key, "\n".join(lines)


def _line(key: str, value: object) -> str:
    # The library knows when a value needs quotes; "..." ends a value that stands alone.
    said: str = yaml.safe_dump(value, allow_unicode=True, width=10_000, default_flow_style=True)
    return f"{key}: {said.strip().removesuffix('...').strip()}"
