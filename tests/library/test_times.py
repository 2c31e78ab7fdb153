"""Times in words."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from waiting_room import library

NOW = datetime(2026, 11, 23, 18, 0)


@pytest.mark.parametrize(
    "at, words",
    [(time(0), "midnight"), (time(12), "midday"), (time(9), "9am"), (time(17, 30), "5:30pm"),
     (time(0, 5), "12:05am"), (time(12, 1), "12:01pm")],
)  # fmt: skip
def test_a_time_is_said_as_the_nhs_writes_it(at: time, words: str) -> None:
    assert library.say_time(at) == words


def test_other_languages_say_it_their_way() -> None:
    assert library.say_time(time(17, 30), "pl") == "17:30"
    assert library.say_day(date(2026, 11, 23), "cy") == "Dydd Llun 23 Tachwedd"


def test_an_unknown_language_is_english() -> None:
    assert library.say_time(time(17), "xx-nowhere") == "5pm"


@pytest.mark.parametrize(
    "at, words",
    [(NOW.replace(hour=20), "8pm"), (NOW.replace(day=24, hour=9), "Tuesday 9am"),
     (NOW.replace(day=30, hour=9), "Monday 30 November, 9am")],
)  # fmt: skip
def test_a_moment_is_as_short_as_it_can_be(at: datetime, words: str) -> None:
    assert library.say_moment(at, NOW) == words
