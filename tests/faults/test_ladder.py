"""The ladder after an outage, without people, and between two of them (F4, F22, F23)."""

from __future__ import annotations

import multiprocessing
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

import scheduler.app
from scheduler import ticks
from tests import conftest, people
from tests.conftest import WEDNESDAY
from tests.faults.figures import Figures
from tests.faults.test_calendar import database, waiting
from waiting_room import beats, clock, db, keyring, library, settings
from waiting_room.care import alerts, caseload, check_ins, duty, ladder, providers, rota
from waiting_room.care.colours import Colour
from waiting_room.errors import Refused
from waiting_room.models import Alert, AlertEvent, CheckIn, LetterRow, Patient, Staff, StaffChannel

pytestmark = pytest.mark.faults
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
AFTER_START, SYSTEM_ALERT, REOPENED = 30, 60, 10
"""Seconds the promises give."""
RACES = 200


@pytest.fixture
def turn() -> Iterator[Callable[[datetime], None]]:
    """Sets care time, which then runs on."""
    clock.stand_still(None)
    beats.forget()

    def turn(to: datetime) -> None:
        clock.advance(to - clock.now())

    turn(WEDNESDAY)
    yield turn
    clock.follow(None)
    beats.forget()


@contextmanager
def ticking(folder: Path) -> Iterator[None]:
    """The scheduler as it is served, with few words to read."""
    words = folder / "words" / "en" / "crisis"
    words.mkdir(parents=True, exist_ok=True)
    shutil.copy("content/en/crisis/now.md", words)
    running = scheduler.app.start(settings.load(env="development", content=folder / "words"))
    try:
        yield
    finally:
        running.shutdown()


def until(ask: Callable[[], Any], *, seconds: float) -> float:
    """How many seconds passed until the answer was true; fails after so many."""
    begun = clock.monotonic()
    while not ask():
        assert clock.monotonic() - begun < seconds, "waited in vain"
        threading.Event().wait(0.05)
    return clock.monotonic() - begun


def overdue() -> int:
    with db.read() as session:
        late = (Alert.due_at <= clock.now(), Alert.state.in_(alerts.OPEN))
        return session.scalar(select(func.count()).select_from(Alert).where(*late)) or 0


@pytest.mark.parametrize("stop", [10 * MINUTE, 6 * HOUR, 23 * HOUR], ids=["10min", "6h", "23h"])
def test_after_a_stop_every_overdue_step_is_taken_and_said_to_be_late(
    any_room: Path, turn: Callable[[datetime], None], figures: Figures, stop: timedelta
) -> None:
    number = figures.size(short=12, long=300)
    with db.write() as session:
        team = people.team(session, now=WEDNESDAY)
    waiting(
        number, now=WEDNESDAY, worker=team["worker"], first=WEDNESDAY.date(), at=WEDNESDAY.time()
    )
    ticks.fill_check_ins(WEDNESDAY)
    ticks.ask_check_ins(WEDNESDAY)
    with db.write() as session:
        for patient in session.scalars(select(Patient)):
            alerts.raise_(session, alerts.Cause(Colour.RED, "life", patient.id), now=WEDNESDAY)
    beats.note(beats.SCHEDULER, wall=clock.wall() - stop)
    with db.write() as session:
        beats.keep(session)
    beats.forget()
    back = WEDNESDAY + MINUTE + stop
    turn(back)
    assert overdue() == number
    begun = clock.monotonic()
    with ticking(any_room):
        until(lambda: overdue() == 0, seconds=5 * AFTER_START)
    took = clock.monotonic() - begun
    late, words, given = shown_late(team["lead"], since=back), notices(), given_back()
    figure = (
        f"off {stop}: all {number} overdue steps {took:.1f} s after start (≤ {AFTER_START} s), "
        f"{late} late on the desk, {words} notices say so, {given / MINUTE:.0f} min given back"
    )
    passed = took <= AFTER_START and late == number and words >= number and given >= stop
    figures.note("F4", database=database(), figure=figure, passed=passed)
    assert passed, figure


def shown_late(lead: Staff, *, since: datetime) -> int:
    with db.write() as session:
        for patient in session.scalars(select(Patient)):
            people.lead_of(session, patient, lead, now=since)
        return sum(row.is_late for row in caseload.open_alerts(session, lead, now=clock.now()))


def notices() -> int:
    """How many notices tell whoever reads them that the alert is late."""
    with db.read() as session:
        rows = session.scalars(select(LetterRow).where(LetterRow.alert_id.is_not(None))).all()
        texts = [
            library.to_text(library.by_digest(session, row.digest), row.values) for row in rows
        ]
    return sum("This alert is late: it was raised at " in text for text in texts)


def given_back() -> timedelta:
    """What everybody who was asked got at least, of the time that nobody was there."""
    with db.read() as session:
        rows = session.scalars(select(CheckIn).where(CheckIn.state == check_ins.ASKED)).all()
    until_then = [(row.answer_by or WEDNESDAY) - (row.asked_at or WEDNESDAY) for row in rows]
    return min(until_then) - check_ins.NUDGE_AFTER


def leave(session: Any, person: Staff, how: str) -> None:
    """One of the ways in which somebody is no longer there."""
    if how == "leave":
        duty.away(session, person.id, since=WEDNESDAY, until=WEDNESDAY + 30 * 24 * HOUR)
    elif how == "left":
        session.get_one(Staff, person.id).is_active = False
    else:
        for channel in session.scalars(
            select(StaffChannel).where(StaffChannel.staff_id == person.id)
        ):
            duty.bury(session, channel.id, "blocked", now=WEDNESDAY)


@pytest.mark.parametrize("how", ["leave", "left", "dead channels"])
def test_a_ladder_that_loses_its_people(
    any_room: Path, turn: Callable[[datetime], None], figures: Figures, how: str
) -> None:
    with db.write() as session:
        team = people.team(session, now=WEDNESDAY)
        left = people.staff(session, "Sample Ola", now=WEDNESDAY)
        providers.here(session).ready_at = WEDNESDAY
        patient, _ = people.patient(session, now=WEDNESDAY, worker=team["worker"])
    assert ticks.watch_rota(WEDNESDAY) == 0
    refused = refuses_to_empty_a_rung(team["backup"])
    with db.write() as session:
        for person in team.values():
            leave(session, person, how)
    with ticking(any_room):
        took = until(lambda: raised("gap in the rota"), seconds=SYSTEM_ALERT)
    with db.write() as session:
        red = alerts.raise_(session, alerts.Cause(Colour.RED, "life", patient.id), now=clock.now())
        told = {row.staff_id for row in ladder.told(session, red)}
        of_the_gap = {row.staff_id for row in ladder.told(session, raised("gap in the rota")[0])}
    passed = refused and took <= SYSTEM_ALERT and told == of_the_gap == {left.id}
    figure = (
        f"{how}: emptying a rung refused, system alert {took:.1f} s after the start "
        f"(≤ {SYSTEM_ALERT} s, looked at each minute), a RED alert went to {len(told)} of 1 left"
    )
    figures.note("F22", database=database(), figure=figure, passed=passed)
    assert passed, figure


def refuses_to_empty_a_rung(backup: Staff) -> bool:
    with db.read() as session:
        turns = rota.turns(session, now=WEDNESDAY)[backup.id]
    with pytest.raises(Refused, match="Nobody else"), db.write() as session:
        rota.take_off(session, turns[0].id, by="test", now=WEDNESDAY + MINUTE)
    return True


def raised(kind: str) -> list[Alert]:
    with db.read() as session:
        return list(session.scalars(select(Alert).where(Alert.kind == kind)))


def test_what_was_taken_and_forgotten_climbs_again(
    any_room: Path, turn: Callable[[datetime], None], figures: Figures
) -> None:
    with db.write() as session:
        team = people.team(session, now=WEDNESDAY)
        alert = alerts.raise_(session, alerts.Cause(Colour.RED, "life"), now=WEDNESDAY)
        alerts.acknowledge(session, alert, team["backup"], now=WEDNESDAY + MINUTE)
        due = alert.due_at or WEDNESDAY
    assert due == WEDNESDAY + 31 * MINUTE
    turn(due - timedelta(seconds=3))
    with ticking(any_room):
        until(lambda: fell_back(alert.id), seconds=60)
    late = (fell_back(alert.id)[0] - due).total_seconds()
    with db.read() as session:
        state = session.get_one(Alert, alert.id).state
    passed = 0 <= late <= REOPENED and state == alerts.NOTIFYING
    figure = f"taken and forgotten: re-opened {late:.1f} s after its 30 min (≤ {REOPENED} s)"
    figures.note("F23", database=database(), figure=figure, passed=passed)
    assert passed, figure


def fell_back(alert_id: str) -> list[datetime]:
    with db.read() as session:
        back = (AlertEvent.alert_id == alert_id, AlertEvent.verb == "fell back")
        return list(session.scalars(select(AlertEvent.at).where(*back)))


def take(alert_id: str, staff_id: str, now: datetime) -> str:
    """What somebody who presses "I have this" is told."""
    try:
        with db.write() as session:
            alert, me = session.get_one(Alert, alert_id), session.get_one(Staff, staff_id)
            alerts.acknowledge(session, alert, me, now=now)
    except Refused as refusal:
        return str(refusal)
    return "mine"


def contested(number: int) -> tuple[list[str], list[Staff]]:
    """So many alerts, and two people who will press at once."""
    with db.write() as session:
        team = people.team(session, now=WEDNESDAY)
        causes = [alerts.Cause(Colour.RED, f"race {n}") for n in range(number)]
        found = [alerts.raise_(session, cause, now=WEDNESDAY).id for cause in causes]
    return found, [team["backup"], team["lead"]]


def tell_the_winners(
    figures: Figures, how: str, answers: list[tuple[str, str]], two: list[Staff]
) -> None:
    wrong = [pair for pair in answers if pair.count("mine") != 1]
    told = Counter(words for pair in answers for words in pair if words != "mine")
    names = {f"{person.name} has this already." for person in two}
    with db.read() as session:
        taken = select(func.count()).where(AlertEvent.verb == "acknowledged")
        events = session.scalar(taken)
    passed = not wrong and set(told) <= names and events == len(answers) == RACES
    figure = (
        f"{len(answers)} races of two {how}: {len(answers) - len(wrong)} with 1 winner, "
        f"{sum(told.values())} losers told who has it, {events} acknowledged"
    )
    figures.note("F23", database=database(), figure=figure, passed=passed)
    assert passed, figure


def test_of_two_who_press_at_once_one_wins(any_room: Path, figures: Figures) -> None:
    ids, two = contested(RACES)
    ready = threading.Barrier(2, timeout=30)

    def press(person: Staff) -> list[str]:
        def one(alert_id: str) -> str:
            ready.wait()
            return take(alert_id, person.id, WEDNESDAY)

        return [one(alert_id) for alert_id in ids]

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(press, two)
    tell_the_winners(figures, "threads", list(zip(first, second, strict=True)), two)


def press_all(folder: Path, ids: list[str], staff_id: str, ready: Any, answers: Any) -> None:
    """What a process of its own does."""
    clock.stand_still(WEDNESDAY)
    keys = f"sqlite:///{folder / conftest.KEYS}"
    keyring.use(keyring.open_at(keys, folder / conftest.KEY_FILE))
    db.connect(conftest.sqlite_url(folder))
    told = []
    for alert_id in ids:
        ready.wait()
        told.append(take(alert_id, staff_id, WEDNESDAY))
    answers.put((staff_id, told))


def test_of_two_processes_that_press_at_once_one_wins(room: Path, figures: Figures) -> None:
    ids, two = contested(RACES)
    make = multiprocessing.get_context("spawn")
    ready, answers = make.Barrier(2, timeout=30), make.Queue()
    both = [
        make.Process(target=press_all, args=(room, ids, person.id, ready, answers))
        for person in two
    ]
    for process in both:
        process.start()
    told = dict(answers.get(timeout=120) for _ in both)
    for process in both:
        process.join(20)
    first, second = (told[person.id] for person in two)
    tell_the_winners(figures, "processes", list(zip(first, second, strict=True)), two)
