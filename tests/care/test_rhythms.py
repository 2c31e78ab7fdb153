"""The rhythm a person chose: rows written ahead, once, whatever clocks and processes do."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import people as sample
from waiting_room import db
from waiting_room.care import asking, check_ins, rhythms
from waiting_room.errors import BadInput
from waiting_room.models import Alert, AuditRow, CheckIn, CheckInPlan, LetterRow, Patient

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def _somebody(session: Session, now: datetime, number: int = 0, **changes: str) -> Patient:
    chat = f"chat {number}"
    return sample.patient(session, now=now, chat_id=chat, name=f"Sample {number}", **changes)[0]


def _plan(session: Session, patient: Patient) -> CheckInPlan:
    plan = check_ins.plan_of(session, patient.id)
    assert plan is not None
    return plan


def _days(session: Session, *states: str) -> list[date]:
    query = select(CheckIn).where(CheckIn.state.in_(states or (check_ins.PLANNED,)))
    return [row.local_date for row in session.scalars(query.order_by(CheckIn.due_at))]


@pytest.mark.parametrize(("rhythm", "days"), rhythms.RHYTHMS.items())
def test_the_first_asking_is_one_rhythm_from_today(
    room: Path, now: datetime, rhythm: str, days: int
) -> None:
    with db.write() as session:
        rhythms.choose(session, _somebody(session, now), rhythm, now=now)
        assert rhythms.fill(session, now=now + (days - 3) * DAY) == 0
        assert rhythms.fill(session, now=now + (days - 2) * DAY) == 1
        assert _days(session) == [now.date() + days * DAY]


def test_one_that_cannot_be_filled_keeps_no_other_waiting(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        broken, whole = _somebody(session, now), sample.patient(session, now=now, chat_id="8")[0]
        for one in (broken, whole):
            rhythms.choose(session, one, "weekly", now=now)
        broken.time_zone = "Nowhere/At_all"
        assert rhythms.fill(session, now=now + 6 * DAY) == 1
        assert session.scalars(select(CheckIn.patient_id)).all() == [whole.id]
        # A person phones, and the next rhythm is tried again.
        assert session.scalars(select(Alert.patient_id)).all() == [broken.id]
        assert not rhythms.is_any_to_fill(session, now=now + 6 * DAY)
        assert rhythms.is_any_to_fill(session, now=now + 13 * DAY)


def test_there_are_two_rhythms_and_no_others(room: Path, now: datetime) -> None:
    with db.write() as session, pytest.raises(BadInput):
        rhythms.choose(session, _somebody(session, now), "hourly", now=now)


def test_filling_twice_adds_nothing(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        rhythms.choose(session, _somebody(session, now), "weekly", now=now)
        assert rhythms.fill(session, now=now + 7 * DAY) == 1
        assert rhythms.fill(session, now=now + 7 * DAY) == 0


def test_filling_twice_at_once_adds_one_row_each(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        for number in range(5):
            rhythms.choose(session, _somebody(session, now, number), "weekly", now=now)

    def fill(_: int) -> int:
        with db.write() as session:
            return rhythms.fill(session, now=now + 6 * DAY)

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(fill, range(4))) == 5
    with db.read() as session:
        assert len(_days(session)) == 5


def test_two_that_ask_at_once_ask_once(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        for number in range(5):
            rhythms.choose(session, _somebody(session, now, number), "weekly", now=now)
        rhythms.fill(session, now=now + 7 * DAY)

    def ask(_: int) -> int:
        with db.write() as session:
            return asking.ask_due(session, now=now + 7 * DAY)

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(ask, range(4))) == 5
    with db.read() as session:
        asked = select(LetterRow.dedupe).where(LetterRow.page == "check-ins/weekly")
        assert len(session.scalars(asked).all()) == 5


@pytest.mark.parametrize(
    ("slot", "due"),
    [
        (date(2027, 3, 28), datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),  # 01:30 does not exist
        (date(2026, 10, 25), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # 01:30 comes twice
    ],
)
def test_a_clock_change_asks_once(room: Path, now: datetime, slot: date, due: datetime) -> None:
    with db.write() as session:
        patient = _somebody(session, now)
        rhythms.choose(session, patient, "weekly", now=now)
        plan = _plan(session, patient)
        plan.starts_on, plan.hour, plan.minute = slot, 1, 30
        for hour in range(-40, 30):
            rhythms.fill(session, now=due + hour * HOUR)
        rows = session.scalars(select(CheckIn)).all()
        assert [(row.local_date, row.slot, row.due_at) for row in rows] == [(slot, "01:30", due)]


def test_another_rhythm_lets_go_of_what_was_planned(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient = _somebody(session, now)
        rhythms.choose(session, patient, "weekly", now=now)
        rhythms.fill(session, now=now + 6 * DAY)
        rhythms.choose(session, patient, "fortnightly", now=now + 6 * DAY)
        assert _days(session) == []
        rhythms.fill(session, now=now + 20 * DAY)
        assert _days(session) == [(now + 20 * DAY).date()]


def test_a_pause_is_silent_until_its_end(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient = _somebody(session, now)
        rhythms.choose(session, patient, "weekly", now=now)
        rhythms.fill(session, now=now + 6 * DAY)
        rhythms.pause(session, patient, now + 16 * DAY, now=now + 6 * DAY, by="a worker")
        for day in range(6, 19):
            rhythms.fill(session, now=now + day * DAY)
            asking.ask_due(session, now=now + day * DAY)
        assert _days(session, check_ins.ASKED) == []
        for day in range(19, 22):
            rhythms.fill(session, now=now + day * DAY)
            asking.ask_due(session, now=now + day * DAY)
        assert _days(session, check_ins.ASKED) == [(now + 21 * DAY).date()]
        assert "a worker" in set(session.scalars(select(AuditRow.by)))


def test_what_a_pause_overtook_is_not_asked(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient = _somebody(session, now)
        rhythms.choose(session, patient, "weekly", now=now)
        _plan(session, patient).paused_until = now + 7 * DAY + 5 * HOUR
        rhythms.fill(session, now=now + 7 * DAY)
        assert asking.ask_due(session, now=now + 7 * DAY) == 0
        row = session.scalars(select(CheckIn)).one()
        assert (row.state, row.why) == (check_ins.SKIPPED, "paused")


def test_resuming_asks_one_rhythm_later(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient = _somebody(session, now)
        rhythms.resume(session, patient, now=now)  # nothing was ever chosen
        rhythms.choose(session, patient, "weekly", now=now)
        rhythms.pause(session, patient, now + 28 * DAY, now=now)
        rhythms.resume(session, patient, now=now + DAY)
        rhythms.fill(session, now=now + 8 * DAY)
        assert _days(session) == [(now + 8 * DAY).date()]
        assert _plan(session, patient).paused_until is None


def test_how_i_am_is_no_rhythm_to_resume(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient = _somebody(session, now)
        check_ins.ask_now(session, patient, now=now)
        rhythms.resume(session, patient, now=now)
        rhythms.fill(session, now=now + 7 * DAY)
        assert _days(session) == []


def test_pausing_or_ending_nothing_is_no_mistake(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient = _somebody(session, now)
        rhythms.pause(session, patient, now + 7 * DAY, now=now)
        rhythms.end(session, patient.id, why="left", now=now)
        assert check_ins.plan_of(session, patient.id) is None


def test_an_ended_rhythm_asks_nobody(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient = _somebody(session, now)
        rhythms.choose(session, patient, "weekly", now=now)
        rhythms.fill(session, now=now + 6 * DAY)
        _plan(session, patient).ended_at = now  # as when the row was filled at the same moment
        assert asking.ask_due(session, now=now + 7 * DAY) == 0
        assert session.scalars(select(CheckIn)).one().why == "left"
        assert rhythms.fill(session, now=now + 13 * DAY) == 0


YEAR = (datetime(2026, 10, 1, 9, 0, tzinfo=UTC), datetime(2027, 11, 5, 9, 0, tzinfo=UTC))
PEOPLE = [
    ("weekly", 10, 0, "Europe/London"),
    ("weekly", 1, 30, "Europe/London"),
    ("fortnightly", 2, 15, "Europe/London"),
    ("weekly", 18, 59, "Europe/Warsaw"),
]


FIRST_DUE = select(func.min(CheckIn.due_at)).where(CheckIn.state == check_ins.PLANNED)


def _live_a_year(session: Session) -> None:
    """Filled once a day, asked at each full hour at which something is due, answered at once."""
    moment, end = YEAR
    while moment < end:
        rhythms.fill(session, now=moment)
        while (due := session.scalar(FIRST_DUE)) is not None and due <= moment + DAY:
            hour = due.replace(minute=0)
            _ask_and_answer(session, hour if hour == due else hour + HOUR)
        moment += DAY


def _ask_and_answer(session: Session, moment: datetime) -> None:
    asking.ask_due(session, now=moment)
    for row in session.scalars(select(CheckIn).where(CheckIn.state == check_ins.ASKED)):
        check_ins.answer(session, row, "ok", now=moment)
    session.flush()


def test_a_year_with_three_clock_changes_misses_and_doubles_nothing(
    room: Path, now: datetime
) -> None:
    with db.write() as session:
        wanted = Counter[str]()
        for number, (rhythm, hour, minute, zone) in enumerate(PEOPLE):
            patient = _somebody(session, YEAR[0], number)
            patient.time_zone = zone
            rhythms.choose(session, patient, rhythm, now=YEAR[0])
            plan = _plan(session, patient)
            # The first slot of one falls on the night the clocks go back.
            plan.starts_on = date(2026, 10, 4)
            plan.hour, plan.minute = hour, minute
            every = rhythms.RHYTHMS[rhythm]
            wanted[patient.id] = (YEAR[1].date() - plan.starts_on).days // every + 1
        _live_a_year(session)
        asked = session.scalars(select(CheckIn).where(CheckIn.state == check_ins.ANSWERED)).all()
        assert Counter(row.patient_id for row in asked) == wanted
        slots = Counter((row.patient_id, row.local_date) for row in asked)
        assert set(slots.values()) == {1}
        letters = session.scalars(select(LetterRow).where(LetterRow.page == "check-ins/weekly"))
        assert len(letters.all()) == len(asked)
        lateness = max(row.answered_at - row.due_at for row in asked if row.answered_at)
        assert lateness < 2 * HOUR
