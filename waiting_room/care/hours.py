"""Local time: staffed hours, bank holidays, quiet hours, and clocks that change."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, partial
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import holidays

from waiting_room import library

log = logging.getLogger(__name__)
SUBDIVISION = {"england": "ENG", "wales": "WLS", "scotland": "SCT", "northern-ireland": "NIR"}
# When an unasked message from a health service startles more than it helps.
QUIET_FROM, QUIET_UNTIL = time(19), time(9)
WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Far enough for hours of one day a week to have an opening after the holidays of Christmas.
LOOK_AHEAD_DAYS = 35


@cache
def _bank_holidays(nation: str, year: int) -> frozenset[date]:
    # Whole years at once: the library fills its own calendar while others may be looking at it.
    place = SUBDIVISION.get(nation, "ENG")
    found = holidays.country_holidays("GB", subdiv=place, years=year)
    if year > found.end_year:
        log.warning("no bank holidays are known for %s: each is a working day", year)
    return frozenset(found)


def is_bank_holiday(day: date, nation: str) -> bool:
    """Whether this is a bank holiday in this nation (python-holidays, UK gov calendars)."""
    return day in _bank_holidays(nation, day.year)


def calendar(nation: str) -> Callable[[date], bool]:
    """The bank holidays of a nation as a question about a day."""
    return partial(is_bank_holiday, nation=nation)


def is_zone(name: str) -> bool:
    """Whether this is the name of a time zone, such as Europe/London."""
    return name in available_timezones()


def local(moment: datetime, zone: str) -> datetime:
    """A moment as the clock on the wall of this time zone shows it."""
    return moment.astimezone(ZoneInfo(zone))


def at_local(day: date, clock_time: time, zone: str) -> datetime:
    """The UTC moment of a local time. A time that does not exist becomes the next that does; one
    that comes twice is the first."""
    wanted = datetime.combine(day, clock_time, ZoneInfo(zone))
    moment = wanted.astimezone(UTC)
    while moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wanted.replace(tzinfo=None):
        wanted += timedelta(minutes=1)
        moment = wanted.astimezone(UTC)
    return moment


def may_write(moment: datetime, *, zone: str, nation: str) -> bool:
    """Whether a routine letter may go now: 9am to 7pm local time, not on a bank holiday."""
    here = local(moment, zone)
    quiet = not QUIET_UNTIL <= here.time() < QUIET_FROM
    return not quiet and not is_bank_holiday(here.date(), nation)


def next_writing_time(moment: datetime, *, zone: str, nation: str) -> datetime:
    """The first moment from now on at which a routine letter may go."""
    # Day by day: Easter and Christmas hold several days in a row on which nothing may go.
    while not may_write(moment, zone=zone, nation=nation):
        here = local(moment, zone)
        day = here.date() + timedelta(days=here.time() >= QUIET_UNTIL)
        moment = at_local(day, QUIET_UNTIL, zone)
    return moment


def is_staffed(
    moment: datetime, staffed: Sequence[dict[str, Any]], *, zone: str, nation: str
) -> bool:
    """Whether somebody is at work: `staffed` holds {"days": [0..6], "from": "09:00", "to": …}."""
    here = local(moment, zone)
    if is_bank_holiday(here.date(), nation):
        return False
    clock = here.strftime("%H:%M")
    return any(here.weekday() in s["days"] and s["from"] <= clock < s["to"] for s in staffed)


def next_opening(
    moment: datetime, staffed: Sequence[dict[str, Any]], *, zone: str, nation: str
) -> datetime:
    """The next start of staffed hours after this moment; a day ahead when there are none at all."""
    today = local(moment, zone).date()
    for ahead in range(LOOK_AHEAD_DAYS):
        day = today + timedelta(days=ahead)
        if is_bank_holiday(day, nation):
            continue
        starts = sorted(s["from"] for s in staffed if day.weekday() in s["days"])
        for start in starts:
            opening = at_local(day, time.fromisoformat(start), zone)
            if opening > moment:
                return opening
    return moment + timedelta(days=1)


def after_staffed(
    moment: datetime,
    worked: timedelta,
    staffed: Sequence[dict[str, Any]],
    *,
    zone: str,
    nation: str,
) -> datetime:
    """When so much staffed time has passed since this moment, in UTC; with no hours at all, that
    much later by the clock."""
    left, reached = worked, moment
    today = local(moment, zone).date()
    for ahead in range(LOOK_AHEAD_DAYS):
        day = today + timedelta(days=ahead)
        spans = [] if is_bank_holiday(day, nation) else staffed
        for span in sorted(
            (s for s in spans if day.weekday() in s["days"]), key=lambda s: s["from"]
        ):
            start, end = (at_local(day, time.fromisoformat(span[e]), zone) for e in ("from", "to"))
            reached = max(reached, start)
            if end - reached >= left:
                return reached + left
            left -= max(end - reached, timedelta(0))
            reached = max(reached, end)
    return moment + worked


def in_words(moment: datetime, *, now: datetime, zone: str) -> str:
    """A moment the way people say it: "5pm today", "9am on Monday" (NHS style)."""
    here, today = local(moment, zone), local(now, zone).date()
    days = (here.date() - today).days
    if days == 0:
        return f"{clock_words(here)} today"
    if days == 1:
        return f"{clock_words(here)} tomorrow"
    if 1 < days < 7:
        return f"{clock_words(here)} on {WEEK[here.weekday()]}"
    return f"{clock_words(here)} on {day_words(here.date())}"


def clock_words(here: datetime) -> str:
    """9am, 5:30pm, midday, midnight (NHS service manual)."""
    return library.say_time(here.time())


def day_words(day: date) -> str:
    """Wednesday 6 August 2018 (NHS service manual)."""
    return f"{WEEK[day.weekday()]} {day.day} {day:%B %Y}"
