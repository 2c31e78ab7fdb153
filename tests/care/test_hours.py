"""Local time: clocks that change, four nations' holidays, quiet hours, and times in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from waiting_room.care import hours
from waiting_room.care.providers import WEEKDAYS_9_TO_5

LONDON = "Europe/London"
EVERYWHERE = ("england", "wales", "scotland", "northern-ireland")


def _local(text: str, zone: str = LONDON) -> datetime:
    """A moment by its local time, "2026-11-25 10:00"."""
    moment = datetime.fromisoformat(text)
    return hours.at_local(moment.date(), moment.time(), zone)


def test_a_time_the_spring_skips_becomes_the_next_that_exists() -> None:
    moment = hours.at_local(date(2027, 3, 28), time(1, 30), LONDON)
    assert moment == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
    assert hours.local(moment, LONDON).time() == time(2)


def test_a_time_the_autumn_repeats_is_the_first() -> None:
    moment = hours.at_local(date(2026, 10, 25), time(1, 30), LONDON)
    assert moment == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_the_days_around_a_clock_change_are_as_ever() -> None:
    assert hours.at_local(date(2027, 3, 27), time(1, 30), LONDON).hour == 1
    assert hours.at_local(date(2027, 3, 29), time(1, 30), LONDON).hour == 0
    assert hours.at_local(date(2026, 10, 26), time(1, 30), LONDON).hour == 1


def test_a_zone_is_known_by_its_name() -> None:
    assert hours.is_zone(LONDON)
    assert not hours.is_zone("Europe/Leeds")


NINE_TO_FIVE = WEEKDAYS_9_TO_5
SPLIT = [
    {"days": [1], "from": "13:00", "to": "15:00"},
    {"days": [1, 2], "from": "09:00", "to": "12:00"},
    {"days": [1], "from": "14:00", "to": "16:00"},
]


@pytest.mark.parametrize(
    ("staffed", "since", "minutes", "until"),
    [
        (NINE_TO_FIVE, "2026-11-25 10:00", 60, "2026-11-25 11:00"),
        (NINE_TO_FIVE, "2026-11-25 16:30", 60, "2026-11-26 09:30"),
        (NINE_TO_FIVE, "2026-11-25 20:00", 480, "2026-11-26 17:00"),
        (NINE_TO_FIVE, "2026-11-27 16:00", 960, "2026-12-01 16:00"),  # a Friday
        (NINE_TO_FIVE, "2026-12-24 16:30", 60, "2026-12-29 09:30"),  # over Christmas
        (SPLIT, "2026-11-24 11:00", 120, "2026-11-24 14:00"),
        (SPLIT, "2026-11-24 14:30", 120, "2026-11-25 09:30"),  # what overlaps counts once
        ([], "2026-11-25 10:00", 60, "2026-11-25 11:00"),
    ],
)
def test_staffed_time_is_counted_in_staffed_hours(
    staffed: list[dict[str, Any]], since: str, minutes: int, until: str
) -> None:
    worked = timedelta(minutes=minutes)
    found = hours.after_staffed(_local(since), worked, staffed, zone=LONDON, nation="england")
    assert found == _local(until)


# Day, then the nations in which it is a bank holiday (gov.uk/bank-holidays).
HOLIDAYS = [
    ("2026-11-30", "scotland"),
    ("2026-12-25", "england wales scotland northern-ireland"),
    ("2026-12-28", "england wales scotland northern-ireland"),
    ("2026-12-29", ""),
    ("2027-01-01", "england wales scotland northern-ireland"),
    ("2027-01-04", "scotland"),
    ("2027-03-17", "northern-ireland"),
    ("2027-03-26", "england wales scotland northern-ireland"),
    ("2027-03-29", "england wales northern-ireland"),
    ("2027-07-12", "northern-ireland"),
    ("2027-08-02", "scotland"),
    ("2027-08-30", "england wales northern-ireland"),
]


@pytest.mark.parametrize("nation", EVERYWHERE)
@pytest.mark.parametrize(("day", "where"), HOLIDAYS)
def test_routine_waits_on_the_bank_holidays_of_the_nation(
    day: str, where: str, nation: str
) -> None:
    off = nation in where.split()
    assert hours.is_bank_holiday(date.fromisoformat(day), nation) is off
    assert hours.calendar(nation)(date.fromisoformat(day)) is off
    noon = _local(f"{day} 12:00")
    assert hours.may_write(noon, zone=LONDON, nation=nation) is not off
    waits_until = hours.next_writing_time(noon, zone=LONDON, nation=nation)
    assert (waits_until > noon) is off


# Local time, whether a routine letter may go, and when it goes.
QUIET = [
    ("2026-11-25 09:00", True, "2026-11-25 09:00"),
    ("2026-11-25 08:59", False, "2026-11-25 09:00"),
    ("2026-11-25 00:00", False, "2026-11-25 09:00"),
    ("2026-11-25 18:59", True, "2026-11-25 18:59"),
    ("2026-11-25 19:00", False, "2026-11-26 09:00"),
    ("2026-11-25 23:59", False, "2026-11-26 09:00"),
    ("2026-11-28 12:00", True, "2026-11-28 12:00"),
    # Boxing Day is a holiday even on a Saturday.
    ("2026-12-24 19:00", False, "2026-12-27 09:00"),
    ("2026-12-25 03:00", False, "2026-12-27 09:00"),
    ("2026-12-27 20:00", False, "2026-12-29 09:00"),
    ("2027-03-28 00:30", False, "2027-03-28 09:00"),
    ("2026-10-25 03:00", False, "2026-10-25 09:00"),
]


@pytest.mark.parametrize(("at", "allowed", "goes"), QUIET)
def test_quiet_hours_hold_a_routine_letter_until_nine(at: str, allowed: bool, goes: str) -> None:
    moment = _local(at)
    assert hours.may_write(moment, zone=LONDON, nation="england") is allowed
    assert hours.next_writing_time(moment, zone=LONDON, nation="england") == _local(goes)


@pytest.mark.parametrize(
    ("zone", "allowed"),
    [
        ("UTC", True),
        ("Europe/Warsaw", True),
        ("Asia/Kolkata", True),
        ("Asia/Tokyo", False),
        ("America/New_York", False),
        ("Pacific/Apia", False),
    ],
)
def test_quiet_hours_are_those_of_the_persons_own_clock(zone: str, allowed: bool) -> None:
    moment = datetime(2026, 11, 25, 11, 0, tzinfo=UTC)
    assert hours.may_write(moment, zone=zone, nation="england") is allowed
    assert hours.may_write(
        hours.next_writing_time(moment, zone=zone, nation="wales"), zone=zone, nation="wales"
    )


STAFFED = [
    ("2026-11-25 08:59", False, "2026-11-25 09:00"),
    ("2026-11-25 09:00", True, "2026-11-26 09:00"),
    ("2026-11-25 16:59", True, "2026-11-26 09:00"),
    ("2026-11-25 17:00", False, "2026-11-26 09:00"),
    ("2026-11-27 17:00", False, "2026-11-30 09:00"),
    ("2026-11-28 12:00", False, "2026-11-30 09:00"),
    ("2026-12-24 17:00", False, "2026-12-29 09:00"),
    ("2026-12-28 10:00", False, "2026-12-29 09:00"),
    ("2026-12-31 18:00", False, "2027-01-04 09:00"),
    ("2027-03-26 12:00", False, "2027-03-30 09:00"),
]


@pytest.mark.parametrize(("at", "staffed", "opens"), STAFFED)
def test_staffed_hours_and_the_next_opening(at: str, staffed: bool, opens: str) -> None:
    place = {"zone": LONDON, "nation": "england"}
    assert hours.is_staffed(_local(at), WEEKDAYS_9_TO_5, **place) is staffed
    assert hours.next_opening(_local(at), WEEKDAYS_9_TO_5, **place) == _local(opens)


def test_scotland_opens_a_day_later_after_new_year() -> None:
    closed = _local("2026-12-31 18:00")
    opens = hours.next_opening(closed, WEEKDAYS_9_TO_5, zone=LONDON, nation="scotland")
    assert opens == _local("2027-01-05 09:00")


def test_two_spans_of_a_day_open_twice() -> None:
    split = [{"days": [2], "from": "13:00", "to": "17:00"}]
    split += [{"days": [2], "from": "09:00", "to": "12:00"}]
    place = {"zone": LONDON, "nation": "england"}
    assert not hours.is_staffed(_local("2026-11-25 12:30"), split, **place)
    opens = hours.next_opening(_local("2026-11-25 10:00"), split, **place)
    assert opens == _local("2026-11-25 13:00")


def test_a_monday_service_opens_after_two_mondays_of_holiday() -> None:
    mondays = [{"days": [0], "from": "10:00", "to": "12:00"}]
    opens = hours.next_opening(_local("2028-12-19 10:00"), mondays, zone=LONDON, nation="england")
    assert opens == _local("2029-01-08 10:00")


def test_without_any_hours_somebody_looks_a_day_later() -> None:
    moment = _local("2026-11-25 10:00")
    later = hours.next_opening(moment, [], zone=LONDON, nation="england")
    assert later == moment + timedelta(days=1)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-25 17:00", "5pm today"),
        ("2026-11-25 12:30", "12:30pm today"),
        ("2026-11-26 09:00", "9am tomorrow"),
        ("2026-11-27 09:05", "9:05am on Friday"),
        ("2026-12-01 12:00", "midday on Tuesday"),
        ("2026-12-02 00:00", "midnight on Wednesday 2 December 2026"),
        ("2026-11-24 00:30", "12:30am on Tuesday 24 November 2026"),
        ("2026-12-29 13:15", "1:15pm on Tuesday 29 December 2026"),
    ],
)
def test_a_moment_in_the_words_of_the_nhs(at: str, words: str) -> None:
    now = _local("2026-11-25 10:00")
    assert hours.in_words(_local(at), now=now, zone=LONDON) == words


def test_today_is_the_day_where_the_person_is() -> None:
    now = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)  # half past midnight in London
    assert hours.in_words(now + timedelta(hours=8), now=now, zone=LONDON) == "8:30am today"


@pytest.mark.parametrize(
    ("hour", "words"), [(0, "midnight"), (1, "1am"), (11, "11am"), (12, "midday"), (23, "11pm")]
)
def test_full_hours_carry_no_zeros(hour: int, words: str) -> None:
    assert hours.clock_words(datetime(2026, 11, 25, hour)) == words


def test_a_day_is_written_without_commas_or_ordinals() -> None:
    assert hours.day_words(date(2018, 8, 6)) == "Monday 6 August 2018"
