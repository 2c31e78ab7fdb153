"""Opening hours by the clock on the person's wall.

A time is compared with the local clock, never with UTC, so a change to summer time needs no rule.
Each stretch belongs to the day it begins on: "18:00 to 02:00" on a Friday runs into Saturday.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from waiting_room.errors import BadInput

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = frozenset(range(7))
DAY_MINUTES = 24 * 60
# Two weeks reach past Christmas and New Year for a line that opens once a week.
LOOK_AHEAD_DAYS = 15

# One answer for the day asked about, or the calendar itself, which knows every day.
BankHolidays = bool | Callable[[date], bool]


@dataclass(frozen=True)
class Stretch:
    """Open on these weekdays from one minute of the day to another, maybe of the next day."""

    days: frozenset[int]
    start: int
    end: int


@dataclass(frozen=True)
class Hours:
    """When a line is answered. No stretches means always."""

    stretches: tuple[Stretch, ...] = ()
    on_bank_holidays: bool = True

    @property
    def always(self) -> bool:
        """Open day and night, every day."""
        return not self.stretches

    def open_at(self, local: datetime, bank_holiday: BankHolidays) -> bool:
        """Is it answered at this local time?"""
        at = local.replace(tzinfo=None)
        return self.always or any(
            start <= at < end for start, end in self._openings(at, -1, bank_holiday)
        )

    def open_until(self, local: datetime, bank_holiday: BankHolidays) -> datetime | None:
        """The local time it closes, if it is open now and closes within a week."""
        at, ends = local.replace(tzinfo=None), None
        for start, end in self._openings(at, -1, bank_holiday):
            # Stretches that touch ("to 24:00", then "from 00:00") are one opening to a caller.
            if start <= (ends or at) < end:
                ends = end
        closes = ends is not None and ends - at < timedelta(days=7)
        return ends.replace(tzinfo=local.tzinfo) if ends and closes else None

    def next_opening(self, local: datetime, bank_holiday: BankHolidays) -> datetime | None:
        """The next local time it opens, within two weeks, if it is shut now."""
        at = local.replace(tzinfo=None)
        later = [start for start, _ in self._openings(at, 0, bank_holiday) if start > at]
        return min(later).replace(tzinfo=local.tzinfo) if later else None

    def _openings(
        self, at: datetime, first_day: int, bank_holiday: BankHolidays
    ) -> Iterator[tuple[datetime, datetime]]:
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        for ahead in range(first_day, LOOK_AHEAD_DAYS):
            day = midnight + timedelta(days=ahead)
            if self.on_bank_holidays or not _is_holiday(day.date(), at.date(), bank_holiday):
                yield from sorted(self._on(day))

    def _on(self, day: datetime) -> Iterator[tuple[datetime, datetime]]:
        for stretch in self.stretches:
            if day.weekday() in stretch.days:
                start = day + timedelta(minutes=stretch.start)
                yield start, day + timedelta(minutes=stretch.end)


def _is_holiday(day: date, asked: date, bank_holiday: BankHolidays) -> bool:
    if callable(bank_holiday):
        return bank_holiday(day)
    return bank_holiday and day == asked


def parse(hours: object, bank_holidays: object = None) -> Hours:
    """Hours as an editor writes them: "always", or a list of days, from and to."""
    if str(hours).strip().lower() == "always":
        return Hours()
    if not isinstance(hours, list) or not hours:
        raise BadInput("hours", 'Say "always", or list days, from and to.')
    if bank_holidays not in (None, "open", "closed"):
        raise BadInput("bank_holidays", 'Say "open" or "closed".')
    stretches = tuple(_stretch(item) for item in hours)
    return Hours(stretches, on_bank_holidays=bank_holidays == "open")


def _stretch(item: object) -> Stretch:
    if not isinstance(item, dict) or not {"days", "from", "to"} <= item.keys():
        raise BadInput("hours", "Each entry needs days, from and to.")
    start, end = _minute(item["from"]), _minute(item["to"])
    return Stretch(_days(item["days"]), start, end if end > start else end + DAY_MINUTES)


def _minute(said: object) -> int:
    # YAML reads an unquoted 17:00 as a number in base sixty, which is the minute of the day.
    if isinstance(said, int) and 0 <= said <= DAY_MINUTES:
        return said
    found = re.fullmatch(r"(\d{1,2})[:.](\d{2})", str(said).strip())
    minute = int(found[1]) * 60 + int(found[2]) if found and int(found[2]) < 60 else -1
    if not 0 <= minute <= DAY_MINUTES:
        raise BadInput("hours", f'{said!r} is no time of day. Write it as "09:00" or "17:30".')
    return minute


def _days(said: object) -> frozenset[int]:
    words = ",".join(map(str, said)) if isinstance(said, list) else str(said)
    words = words.lower().replace(" to ", "-").replace("–", "-")
    if words.strip() in ("daily", "every day", "all"):
        return EVERY_DAY
    return frozenset(day for part in re.split(r"[,;]| and ", words) for day in _range(part))


def _range(part: str) -> Iterator[int]:
    first, _, last = (piece.strip()[:3] for piece in part.partition("-"))
    if first not in DAYS or (last or first) not in DAYS:
        raise BadInput("hours", f'{part.strip()!r} is no day. Write "mon-fri" or "sat, sun".')
    start, end = DAYS.index(first), DAYS.index(last or first)
    yield from (day % 7 for day in range(start, end + 1 + (7 if end < start else 0)))
