"""How a text would look before anybody reads it: on a phone, on a page, read aloud."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from html import escape

from waiting_room import library
from waiting_room.errors import BadInput, NotFound
from waiting_room.library import help_lines, labels, readability
from waiting_room.library.page import KEY, Page, Problem
from waiting_room.library.plain import Entity
from waiting_room.library.reading import LANGUAGE

TAGS = {
    "bold": "strong",
    "italic": "em",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "underline": "u",
    "strikethrough": "s",
}


@dataclass(frozen=True)
class Look:
    """One text in each of its shapes, and what an editor should know of it."""

    page: Page | None
    problems: list[Problem]
    # HTML of ours: each message of the chat, and the page of the web.
    bubbles: list[str] = field(default_factory=list)
    web: str = ""
    plain: str = ""
    keys: list[str] = field(default_factory=list)
    words: int = 0
    reading_age: int | None = None
    line: help_lines.HelpLine | None = None

    @property
    def errors(self) -> list[Problem]:
        """What keeps it from being published."""
        return [problem for problem in self.problems if problem.severity == "error"]

    @property
    def advice(self) -> list[Problem]:
        """What would make it better."""
        return [problem for problem in self.problems if problem.severity != "error"]


def look(name: str, source: str, *, today: date) -> Look:
    """How this text would look under this name. `today` is the day where the room is.

    Raises NotFound where nothing can have such a name.
    """
    language, _, key = name.partition("/")
    if not (LANGUAGE.fullmatch(language) and KEY.fullmatch(key)):
        raise NotFound("No page can have this name.")
    page, problems = library.look_over(name, source, today=today)
    if page is None or any(problem.severity == "error" for problem in problems):
        return Look(page, problems)
    values = _values(page)
    return Look(
        page,
        problems,
        bubbles=[as_html(text, marks) for text, marks in library.to_telegram(page, values)],
        web=library.to_html(page, values),
        plain=library.to_text(page, values),
        keys=list(_keys(page)),
        words=sum(len(readability.words(each)) for each in readability.sentences(page.body)),
        reading_age=readability.reading_age(page.body),
        line=_line(page),
    )


def opening(line: help_lines.HelpLine, local: datetime) -> str:
    """When a help line is open, as a patient would be told; `local` is the time where the room is.
    Bank holidays are left out."""
    if line.open_at(local, False):
        until = line.open_until(local, False)
        words = f"Open until {until}." if until else "Open now."
    else:
        opens = line.opens_next(local, False)
        words = f"Closed. It opens {opens}." if opens else "Closed."
    return words if line.hours_sure else f"{words} Nobody has checked the hours."


def as_html(text: str, marks: list[Entity]) -> str:
    """A message of the chat with its marks as HTML. Telegram counts in UTF-16 units."""
    units = text.encode("utf-16-le")
    edges: list[tuple[int, int, str]] = []
    for order, mark in enumerate(marks):
        start, length = int(str(mark["offset"])), int(str(mark["length"]))
        opens, closes = _tags(mark)
        # At one place, what ends comes first, the inner before the outer.
        edges += [(start, order + len(marks), opens), (start + length, -order, closes)]
    made, at = [], 0
    for place, _, tag in sorted(edges, key=lambda edge: edge[:2]):
        made += [escape(units[at * 2 : place * 2].decode("utf-16-le")), tag]
        at = place
    return "".join([*made, escape(units[at * 2 :].decode("utf-16-le"))])


def _tags(mark: Entity) -> tuple[str, str]:
    if mark["type"] == "text_link":
        return f'<a href="{escape(str(mark["url"]))}" rel="noreferrer">', "</a>"
    tag = TAGS.get(str(mark["type"]), "span")
    return f"<{tag}>", f"</{tag}>"


def _values(page: Page) -> dict[str, str]:
    # Not an invented name: an editor must see what the room fills in.
    return {name: f"[{name.replace('_', ' ')}]" for name in page.placeholders}


def _keys(page: Page) -> Iterator[str]:
    choices = page.meta.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        yield str(choice["label"])
    if page.key == labels.PAGE:
        yield from labels.of(page).values()


def _line(page: Page) -> help_lines.HelpLine | None:
    if page.folder != help_lines.FOLDER:
        return None
    try:
        return help_lines.HelpLine.from_page(page)
    except BadInput:
        return None
