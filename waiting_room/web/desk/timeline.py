"""What both sides saw, made ready to show: letters in the exact words that were sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from markupsafe import Markup
from sqlalchemy.orm import Session

from waiting_room import library
from waiting_room.care.messages import Moment
from waiting_room.errors import NotFound
from waiting_room.models import CheckIn, LetterRow, Message, Note
from waiting_room.web.desk import wording

PERSON, ROOM, WORKER, COLLEAGUE = "person", "room", "worker", "colleague"
FROM_WORKER = "conversation/from-worker"
JOINING = "welcome.pin"
LATE = timedelta(minutes=5)
ARRIVED = ("sent", "shown")


@dataclass(frozen=True)
class Item:
    """One thing in the timeline. `text` is plain words; `html` comes from a page of the library."""

    at: datetime
    side: str
    name: str
    text: str = ""
    html: Markup | None = None
    language: str = ""
    state: str = ""
    told_at: datetime | None = None
    buttons: tuple[str, ...] = ()
    is_press: bool = False

    @property
    def is_quiet(self) -> bool:
        """Nobody's own words: what the room said by itself, or a press on a button."""
        return self.is_press or (self.side == ROOM and self.state in ARRIVED)


def items(session: Session, moments: list[Moment], names: Mapping[str, str]) -> list[Item]:
    """The moments as the page shows them, in the same order."""
    return [_item(session, moment, names) for moment in moments]


def runs(items: list[Item]) -> list[tuple[bool, list[Item]]]:
    """The same items in runs, so that many quiet ones in a row can fold into one line."""
    return [(is_quiet, list(run)) for is_quiet, run in groupby(items, lambda item: item.is_quiet)]


def _item(session: Session, moment: Moment, names: Mapping[str, str]) -> Item:
    row = moment.row
    if isinstance(row, Message):
        return _said(row)
    if isinstance(row, LetterRow):
        return _letter(session, row)
    if isinstance(row, Note):
        return Item(row.at, COLLEAGUE, names.get(row.staff_id, ""), text=row.text or _GONE)
    return _answer(row, moment.at)


_GONE = "(erased)"


def _said(row: Message) -> Item:
    if row.kind == "start" or (row.place == JOINING and not any(map(str.isalpha, row.text or "x"))):
        # The numbers of an invitation are nobody's to read afterwards; words typed there are.
        return Item(row.at, PERSON, "", wording.SAID["start"], is_press=True)
    instead = wording.SAID.get(row.kind, _GONE)
    # "They wrote at 3am, we heard at 8am" is a different story from "they wrote at 8am".
    told = row.told_at if row.at - row.told_at > LATE else None
    state = "they changed what they wrote" if row.kind == "edit" else ""
    if row.details.get("forwarded"):
        state = "forwarded: somebody else may have written it"
    words = row.text or instead
    pressed = row.kind == "press" or wording.is_button(words)
    return Item(row.at, PERSON, "", words, told_at=told, state=state, is_press=pressed)


def _letter(session: Session, row: LetterRow) -> Item:
    try:
        page = library.by_digest(session, row.digest)
        words, title = library.to_html(page, row.values or {}), page.title
    except NotFound:
        words, title = "", row.page
    offered = (row.choices or {}).get("rows", [])
    return Item(
        at=row.made_at,
        side=WORKER if row.page == FROM_WORKER else ROOM,
        name=title,
        html=Markup(words),
        language=row.language,
        state=wording.letter_state(row),
        buttons=tuple(str(choice.get("label", "")) for line in offered for choice in line),
    )


def _answer(row: CheckIn, at: datetime) -> Item:
    words = wording.CHECK_INS.get(row.answer or "", row.answer or _GONE)
    more = f"\n{row.comment}" if row.comment else ""
    return Item(at, PERSON, "Check-in", text=f"{words}{more}")
