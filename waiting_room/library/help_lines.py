"""Help lines: pages with a number, hours and a place, and which of them to show now."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from waiting_room.errors import BadInput
from waiting_room.library import hours as opening
from waiting_room.library import live, times
from waiting_room.library.hours import BankHolidays, Hours
from waiting_room.library.page import FALLBACK_LANGUAGE, Page

FOLDER = "help-lines"
NATIONS = ("england", "wales", "scotland", "northern-ireland")
EVERYWHERE = {"uk", "united-kingdom", "all"}
# These numbers do not change, and a person in danger must never miss them over a lapsed date.
NEVER_HIDDEN = {"999", "111", "116123"}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HelpLine:
    """One line a person can call or text."""

    page: Page
    name: str
    number: str
    text_number: str
    nations: frozenset[str]
    hours: Hours
    expires: date | None = None
    # False: nobody has checked the hours, so a screen says "may be open".
    hours_sure: bool = True
    # Offered last: everybody in this room is 18 or over.
    for_children: bool = False

    @classmethod
    def from_page(cls, page: Page) -> HelpLine:
        """The line a page tells of. Raises BadInput naming the field that is wrong."""
        meta = page.meta
        if not page.meta.get("name"):
            raise BadInput("name", "Give the name of the line.")
        return cls(
            page=page,
            name=str(meta["name"]).strip(),
            number=_number(meta.get("number"), "number"),
            text_number=_number(meta.get("text_number"), "text_number"),
            nations=_nations(meta.get("nation")),
            hours=opening.parse(meta.get("hours"), meta.get("bank_holidays")),
            # Without a date a line never lapses: forgetting one must not hide it.
            expires=_date(meta.get("expires")),
            hours_sure=meta.get("hours_sure") is not False,
            for_children=meta.get("for_children") is True,
        )

    @property
    def never_hidden(self) -> bool:
        """Stays on show although its date has lapsed; an editor is warned instead."""
        return re.sub(r"\D", "", self.number) in NEVER_HIDDEN

    def serves(self, nation: str) -> bool:
        """Can somebody in this nation use it? An unknown nation hides nothing."""
        # Too many lines are a nuisance; a person in danger who is shown none is a harm.
        return not nation or nation in self.nations

    def expired(self, today: date) -> bool:
        """The day is over until which somebody vouched for it."""
        return self.expires is not None and self.expires < today

    def open_at(self, local: datetime, is_bank_holiday: BankHolidays) -> bool:
        """Is it answered at this local time?"""
        return self.hours.open_at(local, is_bank_holiday)

    def open_until(
        self, local: datetime, is_bank_holiday: BankHolidays, language: str = FALLBACK_LANGUAGE
    ) -> str:
        """The time it closes, as words; "" when it is shut or never closes."""
        ends = self.hours.open_until(local, is_bank_holiday)
        return times.say_time(ends.time(), language) if ends else ""

    def opens_next(
        self, local: datetime, is_bank_holiday: BankHolidays, language: str = FALLBACK_LANGUAGE
    ) -> str:
        """The day and time it opens next, as words; "" when it is open or we cannot say."""
        # "Opens next on Monday" beside an open line would keep somebody from calling it now.
        if self.open_at(local, is_bank_holiday):
            return ""
        start = self.hours.next_opening(local, is_bank_holiday)
        return times.say_moment(start, local, language) if start else ""


def lines(language: str = FALLBACK_LANGUAGE, *, today: date, nation: str = "") -> list[HelpLine]:
    """The lines to show somebody in this nation; lapsed ones are hidden, save 999, 111, 116 123."""
    found = [_line(page) for page in live.pages_in(FOLDER, language)]
    return [
        line
        for line in found
        if line and line.serves(nation) and (line.never_hidden or not line.expired(today))
    ]


# A page never changes, so what was read of it holds for as long as the page does.
@lru_cache(maxsize=1024)
def _line(page: Page) -> HelpLine | None:
    try:
        return HelpLine.from_page(page)
    except BadInput as error:
        # The check keeps such a page out; one that slipped through must not hide the others.
        log.error("help line %s left out: %s", page.name, error)
        return None


def _number(said: object, field: str) -> str:
    # YAML drops the first 0 of a bare number, or reads it in base eight.
    if isinstance(said, int) and said > 99_999:
        raise BadInput(field, "Put the number in quotes, or its first 0 is lost.")
    return "" if said is None else str(said).strip()


def _nations(said: object) -> frozenset[str]:
    names = said if isinstance(said, list) else [said] if said else []
    nations = {str(name).strip().lower().replace(" ", "-") for name in names}
    if nations & EVERYWHERE:
        return frozenset(NATIONS)
    if not nations or not nations <= set(NATIONS):
        raise BadInput("nation", f"List the nations it serves, out of {', '.join(NATIONS)}.")
    return frozenset(nations)


def _date(said: object) -> date | None:
    if isinstance(said, datetime):
        return said.date()
    if said is None or isinstance(said, date):
        return said
    raise BadInput("expires", "Write the day as 2026-03-31.")
