"""Thirteen months of check-ins by three schedulers that keep dying: nobody is left out, nobody is
asked twice (P12)."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests import people
from tests.conftest import ROOT
from tests.faults.figures import Figures
from waiting_room import db
from waiting_room.care import rhythms
from waiting_room.models import CheckIn, LetterRow

pytestmark = pytest.mark.faults
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WORKERS = 3
PATIENCE = 21 * DAY
POINTS = ("check-ins planned", "check-ins asked", "asking stored")
Slot = tuple[str, date]


class Scheduler:
    """One of three, started again when it dies, as a supervisor would."""

    def __init__(self, folder: Path, url: str) -> None:
        self._command = [sys.executable, "-m", "tests.faults.turning", str(folder), url]
        self.deaths = 0
        self._point = ""
        self._start()

    def _start(self) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(self._command, cwd=ROOT, **pipes)  # type: ignore[call-overload]

    def dies_at(self, point: str) -> None:
        """From its next turn on, wherever it comes to this point."""
        self._point = point

    def begin(self, now: datetime) -> None:
        self._process.stdin.write(f"{now.isoformat()}|{self._point}\n")
        self._process.stdin.flush()

    def finish(self, now: datetime) -> None:
        """Its turn is over; one that died takes it anew, because the next tick comes soon."""
        if not self._process.stdout.readline():
            self.stop()
            self.deaths, self._point = self.deaths + 1, ""
            self._start()
            self.begin(now)
            assert self._process.stdout.readline(), "a scheduler ended by itself"

    def stop(self) -> None:
        """Nothing more to read: it ends, if it has not ended yet."""
        with self._process:
            pass


@pytest.fixture
def schedulers(any_room: Path) -> Iterator[list[Scheduler]]:
    found = [Scheduler(any_room, db.current().url) for _ in range(WORKERS)]
    yield found
    for one in found:
        one.stop()


def waiting(number: int, *, start: datetime, until: date) -> set[Slot]:
    """So many patients, each with a rhythm and an hour of their own; the days to ask them on."""
    expected = set()
    with db.write() as session:
        for n in range(number):
            who = {"name": f"Sample Person {n}", "phone": f"+4477009{n:05}"}
            patient, _ = people.patient(session, now=start, chat_id=f"72{n:04}", **who)
            plan = rhythms.choose(session, patient, ("weekly", "fortnightly")[n % 2], now=start)
            plan.starts_on = start.date() + (1 + n % 14) * DAY
            # Some in the hours that a clock change takes away or gives twice, some at night.
            plan.hour, plan.minute = (1, 30) if n % 5 == 0 else (n % 24, 15)
            day = plan.starts_on
            while day < until:
                expected.add((patient.id, day))
                day += plan.every_days * DAY
    return expected


def live_through(
    schedulers: list[Scheduler], *, start: datetime, end: datetime, kills: int
) -> None:
    """Hour by hour; one of the three is told where to die, and the next one once it did.

    Which of the three comes to that place first is chance, so the end waits for the last death.
    """
    every = (end - start) / (kills + 1)
    now, told, dead = start, 0, 0
    while now < end or (dead < kills and now < end + PATIENCE):
        dead = sum(one.deaths for one in schedulers)
        if told < kills and dead == told and now >= start + (told + 1) * every:
            schedulers[told % WORKERS].dies_at(POINTS[told // WORKERS % len(POINTS)])
            told += 1
        for one in schedulers:
            one.begin(now)
        for one in schedulers:
            one.finish(now)
        now += HOUR


def test_thirteen_months_of_check_ins(schedulers: list[Scheduler], figures: Figures) -> None:
    first, last = figures.size(
        short=(date(2027, 3, 20), date(2027, 4, 6)), long=(date(2026, 10, 1), date(2027, 11, 5))
    )
    number, kills = figures.size(short=28, long=200), figures.size(short=3, long=50)
    start, end = (datetime.combine(day, time(), UTC) for day in (first, last))
    expected = waiting(number, start=start, until=last)
    # Two days more, so that what quiet hours put off is asked.
    live_through(schedulers, start=start, end=end + 2 * DAY, kills=kills)
    with db.read() as session:
        rows = list(session.scalars(select(CheckIn).where(CheckIn.local_date < last)))
        letters = select(func.count()).where(LetterRow.dedupe.in_([f"ask:{r.id}" for r in rows]))
        sent = session.scalar(letters)
    asked = Counter((row.patient_id, row.local_date) for row in rows if row.asked_at is not None)
    missed, twice = len(expected - set(asked)), sum(asked.values()) - len(asked)
    late = max((late_by(row) for row in rows if row.asked_at), default=timedelta())
    deaths = sum(one.deaths for one in schedulers)
    figure = (
        f"{first} to {last}, {WORKERS} schedulers, {deaths} kills: {len(asked)} askings of "
        f"{number} patients, {missed} missed, {twice} doubled; the latest {late / HOUR:.0f} h "
        "after the first hour it might be asked (turns are 1 h apart)"
    )
    passed = set(asked) == expected and twice == 0 and sent == len(expected)
    passed = passed and deaths == kills and late <= HOUR
    figures.note("P12", database=database(), figure=figure, passed=passed)
    assert passed, figure


def late_by(row: CheckIn) -> timedelta:
    """How long after the first moment it might be asked."""
    assert row.asked_at is not None
    # `due_at` is moved to the end of the quiet hours, when there are some.
    return row.asked_at - row.due_at


def database() -> str:
    return "sqlite" if db.current().is_sqlite else "postgresql"
