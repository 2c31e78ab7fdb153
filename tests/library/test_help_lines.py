"""Help lines: who can call which, and is somebody there now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from waiting_room import library
from waiting_room.library.help_lines import NATIONS, HelpLine

WritePage = Callable[..., Path]
MakeLine = Callable[..., HelpLine]

TODAY = date(2026, 11, 23)
MONDAY = datetime(2026, 11, 23, tzinfo=ZoneInfo("Europe/London"))
OFFICE = "hours: [{days: mon-fri, from: '09:00', to: '17:00'}]"


@pytest.fixture
def line(folder: Path, write: WritePage) -> MakeLine:
    """Makes a help line from its hours, and whatever else is said of it."""

    def make(said: str = "hours: always", name: str = "sample") -> HelpLine:
        fields = {
            "title": name,
            "name": name,
            "number": "'020 7946 0001'",
            "nation": "[england]",
            "source": "x",
        }
        extra = [row for row in said.splitlines() if row]
        given = {row.partition(":")[0] for row in extra}
        front = [f"{key}: {value}" for key, value in fields.items() if key not in given]
        write(f"en/help-lines/{name}", front="\n".join(front + extra))
        library.use(library.read(folder, today=TODAY))
        return HelpLine.from_page(library.page(f"help-lines/{name}"))

    return make


def at(clock: str, day: int = 23) -> datetime:
    """A London time in November 2026; the 23rd is a Monday."""
    hour, minute = clock.split(":")
    return MONDAY.replace(day=day, hour=int(hour), minute=int(minute))


def test_a_line_tells_its_name_number_and_nations(line: MakeLine) -> None:
    made = line("hours: always\nnation: uk\ntext_number: 85258\nhours_sure: false")
    assert (made.name, made.number, made.text_number) == ("sample", "020 7946 0001", "85258")
    assert made.nations == set(NATIONS)
    assert not made.hours_sure


def test_always_is_always(line: MakeLine) -> None:
    made = line()
    assert made.open_at(at("03:00"), True)
    assert made.open_until(at("03:00"), True) == ""
    assert made.opens_next(at("03:00"), True) == ""


@pytest.mark.parametrize(
    "clock, day, is_open",
    [("08:59", 23, False), ("09:00", 23, True), ("16:59", 27, True), ("17:00", 23, False),
     ("12:00", 28, False)],
)  # fmt: skip
def test_office_hours(line: MakeLine, clock: str, day: int, is_open: bool) -> None:
    assert line(OFFICE).open_at(at(clock, day), False) is is_open


def test_a_closed_line_says_when_it_opens(line: MakeLine) -> None:
    made = line(OFFICE)
    assert made.opens_next(at("08:00"), False) == "9am"
    assert made.opens_next(at("18:00"), False) == "Tuesday 9am"
    assert made.opens_next(at("18:00", 27), False) == "Monday 9am"
    assert made.open_until(at("18:00"), False) == ""


def test_an_open_line_says_when_it_closes(line: MakeLine) -> None:
    made = line("hours: [{days: mon-sun, from: 17:00, to: 00:00}]")
    assert made.open_until(at("20:00"), False) == "midnight"
    assert made.opens_next(at("20:00"), False) == ""


LATE = "hours: [{days: mon-thu, from: '18:00', to: '02:00'}]"


@pytest.mark.parametrize(
    "clock, day, is_open",
    [("17:59", 23, False), ("23:59", 23, True), ("01:59", 24, True), ("02:00", 24, False),
     ("01:00", 23, False), ("01:00", 27, True), ("19:00", 27, False)],
)  # fmt: skip
def test_a_night_belongs_to_the_day_it_began(
    line: MakeLine, clock: str, day: int, is_open: bool
) -> None:
    assert line(LATE).open_at(at(clock, day), False) is is_open


def test_a_night_line_says_when_it_closes_after_midnight(line: MakeLine) -> None:
    assert line(LATE).open_until(at("23:00"), False) == "2am"


WEEKEND = """hours: [{days: fri, from: '18:00', to: '00:00'}, {days: sat-sun, from: '00:00', \
to: '00:00'}, {days: mon, from: '00:00', to: '06:00'}]"""


def test_stretches_that_touch_are_one_opening(line: MakeLine) -> None:
    made = line(WEEKEND)
    assert made.open_at(at("12:00", 28), False)
    assert made.open_until(at("20:00", 27), False) == "6am"


def test_every_day_all_day_never_closes(line: MakeLine) -> None:
    made = line("hours: [{days: daily, from: '00:00', to: '24:00'}]\nbank_holidays: open")
    assert made.open_at(at("00:00"), True)
    assert made.open_until(at("12:00"), True) == ""


def test_days_may_run_over_the_end_of_the_week(line: MakeLine) -> None:
    made = line("hours: [{days: 'sat-mon, wed', from: '09:00', to: '17:00'}]")
    assert [made.open_at(at("12:00", day), False) for day in range(23, 30)] == [
        True, False, True, False, False, True, True
    ]  # fmt: skip


def test_a_bank_holiday_closes_a_line_that_does_not_say_otherwise(line: MakeLine) -> None:
    assert not line(OFFICE).open_at(at("12:00"), True)
    assert line(f"{OFFICE}\nbank_holidays: open").open_at(at("12:00"), True)


def test_the_night_before_a_bank_holiday_runs_to_its_end(line: MakeLine) -> None:
    assert line(LATE).open_at(at("01:00", 24), True)


def test_a_calendar_of_bank_holidays_is_asked_day_by_day(line: MakeLine) -> None:
    made = line(OFFICE)
    holidays = {date(2026, 11, 24), date(2026, 11, 25)}
    assert made.opens_next(at("18:00"), lambda day: day in holidays) == "Thursday 9am"
    assert not line(LATE).open_at(at("01:00", 25), lambda day: day in holidays)


def test_summer_time_is_the_clock_on_the_wall(line: MakeLine) -> None:
    july = datetime(2026, 7, 6, 9, 0, tzinfo=ZoneInfo("Europe/London"))
    assert line(OFFICE).open_at(july, False)


def test_a_line_far_away_says_the_date(line: MakeLine) -> None:
    made = line("hours: [{days: mon, from: '09:00', to: '17:00'}]")
    assert made.opens_next(at("18:00"), False) == "Monday 30 November, 9am"


def test_the_words_are_in_the_language_asked_for(line: MakeLine) -> None:
    assert line(OFFICE).opens_next(at("18:00"), False, "cy") == "Dydd Mawrth 09:00"


@pytest.mark.parametrize("day, expired", [(22, True), (23, False), (24, False)])
def test_a_line_is_good_on_its_last_day(line: MakeLine, day: int, expired: bool) -> None:
    assert line(f"hours: always\nexpires: 2026-11-{day}").expired(TODAY) is expired


def test_an_expired_line_is_hidden(line: MakeLine) -> None:
    line("hours: always\nexpires: 2026-11-22")
    assert library.help_lines_for(today=TODAY) == []


@pytest.mark.parametrize("number", ["999", "'111'", "'116 123'"])
def test_the_lines_for_danger_are_never_hidden(line: MakeLine, number: str) -> None:
    line(f"hours: always\nexpires: 2020-01-01\nnumber: {number}")
    assert len(library.help_lines_for(today=TODAY)) == 1


def test_lines_are_those_of_the_nation(line: MakeLine) -> None:
    line("hours: always\nnation: [wales]", name="wales-line")
    line("hours: always\nnation: Scotland", name="scots-line")
    shown = [made.name for made in library.help_lines_for(today=TODAY, nation="wales")]
    assert shown == ["wales-line"]
    assert len(library.help_lines_for(today=TODAY)) == 2


def test_a_line_that_cannot_be_read_does_not_hide_the_others(folder: Path, line: MakeLine) -> None:
    line(name="good")
    shelf = library.read(folder, today=TODAY)
    page = library.page("self-care/sleep")
    shelf.pages["en", "help-lines/bad"] = type(page)(
        **{**vars(page), "key": "help-lines/bad", "placeholders": frozenset()}
    )
    library.use(shelf)
    assert [made.name for made in library.help_lines_for(today=TODAY)] == ["good"]
