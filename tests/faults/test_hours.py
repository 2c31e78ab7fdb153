"""When a routine question may go, and that a cry for help never waits: 60 cases (F19)."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import conversation
from bot.turn import Heard, Kind
from tests import people
from tests.faults.figures import Figures
from tests.faults.test_calendar import database
from waiting_room import clock, db
from waiting_room.care import asking, check_ins, hours, rhythms
from waiting_room.letters import Priority
from waiting_room.models import Alert, CheckIn, LetterRow, Staff, new_id
from waiting_room.models.address import TELEGRAM

pytestmark = pytest.mark.faults
# Nation, time zone, the moment on the person's wall, and when the question goes ("" is at once).
CASES = """
england|Europe/London|2026-11-25 10:00|
england|Europe/London|2026-11-25 08:59|2026-11-25 09:00
england|Europe/London|2026-11-25 09:00|
england|Europe/London|2026-11-25 18:59|
england|Europe/London|2026-11-25 19:00|2026-11-26 09:00
england|Europe/London|2026-11-25 23:30|2026-11-26 09:00
england|Europe/London|2026-11-25 00:10|2026-11-25 09:00
england|Europe/London|2026-11-28 11:00|
england|Europe/London|2026-11-29 20:00|2026-11-30 09:00
england|Europe/London|2026-12-25 10:00|2026-12-27 09:00
england|Europe/London|2026-12-24 19:30|2026-12-27 09:00
england|Europe/London|2026-12-28 12:00|2026-12-29 09:00
england|Europe/London|2027-01-01 09:30|2027-01-02 09:00
england|Europe/London|2026-04-03 10:00|2026-04-04 09:00
england|Europe/London|2026-04-06 10:00|2026-04-07 09:00
england|Europe/London|2026-05-04 12:00|2026-05-05 09:00
england|Europe/London|2026-05-25 12:00|2026-05-26 09:00
england|Europe/London|2026-08-31 12:00|2026-09-01 09:00
england|Europe/London|2026-08-03 12:00|
england|Europe/London|2026-03-17 12:00|
england|Europe/London|2026-07-13 12:00|
england|Europe/London|2026-11-30 12:00|
england|Europe/London|2026-01-02 12:00|
scotland|Europe/London|2026-01-02 12:00|2026-01-03 09:00
scotland|Europe/London|2026-04-06 12:00|
scotland|Europe/London|2026-08-03 12:00|2026-08-04 09:00
scotland|Europe/London|2026-08-31 12:00|
scotland|Europe/London|2026-11-30 12:00|2026-12-01 09:00
scotland|Europe/London|2026-12-31 20:00|2027-01-03 09:00
scotland|Europe/London|2026-04-03 12:00|2026-04-04 09:00
scotland|Europe/London|2026-11-25 12:00|
scotland|Europe/London|2026-05-04 12:00|2026-05-05 09:00
northern-ireland|Europe/London|2026-03-17 12:00|2026-03-18 09:00
northern-ireland|Europe/London|2026-07-13 12:00|2026-07-14 09:00
northern-ireland|Europe/London|2026-04-06 12:00|2026-04-07 09:00
northern-ireland|Europe/London|2026-08-31 12:00|2026-09-01 09:00
northern-ireland|Europe/London|2026-08-03 12:00|
northern-ireland|Europe/London|2026-11-30 12:00|
northern-ireland|Europe/London|2026-03-16 20:00|2026-03-18 09:00
wales|Europe/London|2026-04-06 12:00|2026-04-07 09:00
wales|Europe/London|2026-03-02 12:00|
wales|Europe/London|2026-12-25 12:00|2026-12-27 09:00
england|Europe/London|2027-03-28 03:00|2027-03-28 09:00
england|Europe/London|2027-03-28 20:00|2027-03-30 09:00
england|Europe/London|2026-10-25 00:30|2026-10-25 09:00
england|Europe/London|2026-10-24 21:00|2026-10-25 09:00
england|America/New_York|2026-11-25 08:00|2026-11-25 09:00
england|America/New_York|2026-11-25 12:00|
england|Asia/Kolkata|2026-11-25 19:30|2026-11-26 09:00
england|Asia/Kolkata|2026-11-25 10:00|
scotland|Europe/Warsaw|2026-11-25 18:30|
wales|Australia/Sydney|2026-12-25 12:00|2026-12-27 09:00
england|Pacific/Kiritimati|2026-11-26 08:00|2026-11-26 09:00
england|America/Los_Angeles|2026-11-25 23:00|2026-11-26 09:00
|Europe/London|2026-12-25 12:00|2026-12-27 09:00
england|Europe/London|2031-06-12 12:00|
england|Europe/London|2045-12-25 12:00|2045-12-27 09:00
england|Europe/London|2101-12-25 12:00|
scotland|Europe/London|2101-01-02 12:00|
northern-ireland|Europe/London|2150-03-17 20:00|2150-03-18 09:00
""".strip().splitlines()


def moment(words: str, zone: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_routine_waits_and_a_crisis_never_does(
    any_room: Path, figures: Figures, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    with db.write() as session:
        worker = people.staff(session, now=now)
    hours._bank_holidays.cache_clear()
    late: list[str] = []
    with caplog.at_level(logging.WARNING):
        for number, case in enumerate(CASES):
            nation, zone, words, goes = case.split("|")
            at = moment(words, zone)
            clock.stand_still(at)
            with db.write() as session:
                fits = one(session, number, worker, (nation, zone), at, moment(goes or words, zone))
                late += [] if fits else [case]
    warned = sum("bank holidays" in record.message for record in caplog.records)
    passed = len(CASES) == 60 and not late and warned >= 3
    figure = (
        f"{len(CASES) - len(late)} of {len(CASES)}: the question goes when it may, a cry for help "
        f"at once; {warned} warnings of years without a list {late or ''}"
    )
    figures.note("F19", database=database(), figure=figure, passed=passed)
    assert passed, figure


def one(
    session: Session,
    number: int,
    worker: Staff,
    place: tuple[str, str],
    at: datetime,
    goes: datetime,
) -> bool:
    """Whether this person is asked then, and heard at once when they cry for help now."""
    who = {"name": f"Sample Person {number}", "phone": f"+4477009{number:05}"}
    chat = str(7_400_000_000 + number)
    patient, address = people.patient(session, now=at, chat_id=chat, worker=worker, **who)
    patient.nation, patient.time_zone = place
    plan = rhythms.choose(session, patient, "weekly", now=at)
    row = CheckIn(
        id=new_id(), patient_id=patient.id, plan_id=plan.id, local_date=at.date(), slot="x",
        state=check_ins.PLANNED, due_at=at,
    )  # fmt: skip
    session.add(row)
    session.flush()
    asking.ask_due(session, now=at)
    asked = row.asked_at == at if goes == at else row.asked_at is None and row.due_at == goes
    heard = Heard(TELEGRAM, chat, Kind.TEXT, at, message_id="1", text="I want to kill myself")
    conversation.receive(session, heard, now=at)
    theirs = (LetterRow.address_id == address.id, LetterRow.priority == Priority.CRISIS)
    lines = session.scalars(select(LetterRow.due_at).where(*theirs)).all()
    alert = session.scalars(select(Alert).where(Alert.patient_id == patient.id)).one()
    told = session.scalars(select(LetterRow.due_at).where(LetterRow.alert_id == alert.id)).all()
    row.state = check_ins.SKIPPED
    alert.due_at = at + timedelta(days=99_999)
    return bool(asked and alert.colour == "red" and set(lines) == set(told) == {at})
