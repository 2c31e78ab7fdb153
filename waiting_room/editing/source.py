"""The text of a page as a form shows it, and back: everything an editor did not touch stays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from waiting_room.library import front_matter
from waiting_room.library.front_matter import Unreadable

# What an editor sees as fields of their own; the other lines stand together below them.
FIELDS = ("title", "summary", "also")
MORE_FIELDS = {"help-lines": ("name", "number", "text_number"), "staff": ("subject",)}
KEY_LINE = re.compile(r"([A-Za-z_][\w-]*)\s*:")
# Bullets as word processors paste them, with the blanks behind them.
BULLET = re.compile(r"^[ \t]*[•·▪◦‣][ \t\u00a0]*", re.MULTILINE)
UNSEEN = re.compile("[\u200b-\u200d\u2060\ufeff\u00ad]")


@dataclass(frozen=True)
class Parts:
    """A page taken apart. `more` holds the lines of the front matter that have no field."""

    fields: Mapping[str, str]
    more: str
    body: str


def fields_of(name: str) -> tuple[str, ...]:
    """The fields of a page of this name ("en/help-lines/samaritans")."""
    _, folder, _ = (name + "//").split("/", 2)
    return FIELDS + MORE_FIELDS.get(folder, ())


def take_apart(source: str, fields: Sequence[str] = FIELDS) -> Parts:
    """The parts of a page's whole text. Raises Unreadable."""
    front, body, _ = front_matter.split(source)
    values = front_matter.load(front)
    more = [lines for key, lines in _blocks(front) if key not in fields]
    said = {field: _said(values.get(field)) for field in fields}
    return Parts(said, "\n".join(more).strip("\n"), body)


def for_form(source: str, fields: Sequence[str]) -> Parts:
    """The same for a form: lines nobody can read are still shown to whoever may mend them."""
    try:
        return take_apart(source, fields)
    except Unreadable:
        more, _, body = source.removeprefix("---\n").partition("\n---\n")
        return Parts({}, more, body.strip())


def put_together(parts: Parts, base: str = "") -> str:
    """The whole text of a page out of its parts; what says the same as in `base` stays as it was
    written there, so that whoever compares sees only what was changed."""
    before = _front(base)
    was = take_apart(base, tuple(parts.fields)).fields if before else {}
    wanted = {key: lines for key, lines in _blocks(parts.more.replace("\r\n", "\n").strip("\n"))}
    for field, said in parts.fields.items():
        if tidy(said) != was.get(field, ""):
            wanted |= {field: _line(field, _value(field, said))} if tidy(said) else {}
        elif field in before:
            wanted[field] = before[field]
    order = [*(key for key in (before or parts.fields) if key in wanted), *wanted]
    lines = [wanted[key] for key in dict.fromkeys(order) if wanted[key].strip()]
    return "---\n" + "\n".join(lines) + f"\n---\n\n{tidy(parts.body)}\n"


def _front(source: str) -> dict[str, str]:
    try:
        front = front_matter.split(source)[0]
        front_matter.load(front)
    except Unreadable:
        return {}
    return dict(_blocks(front))


def _said(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _value(field: str, said: str) -> object:
    if field != "also":
        return tidy(said)
    return [word.strip() for word in tidy(said).split(",") if word.strip()]


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
