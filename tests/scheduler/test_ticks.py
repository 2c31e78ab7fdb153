"""Every tick may run twice at once: what is due happens once, on either database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from scheduler import ticks
from tests import people
from waiting_room import audit, beats, clock, db, outbox
from waiting_room.care import alerts, asking, providers, rhythms
from waiting_room.care.colours import Colour
from waiting_room.editing import drafts
from waiting_room.letters import Letter
from waiting_room.models import (
    Alert,
    AlertEvent,
    Button,
    CheckIn,
    Group,
    LetterRow,
    Patient,
    StaffSession,
    new_id,
)
from waiting_room.models.staff import ADMINISTRATOR

AT_ONCE = 3
DAY = timedelta(days=1)


def at_once(tick: Callable[[datetime], int], now: datetime) -> int:
    """What a tick does when several processes take the same turn."""
    ready = threading.Barrier(AT_ONCE)

    def turn(_: int) -> int:
        ready.wait()
        return tick(now)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return sum(threads.map(turn, range(AT_ONCE)))


def count(kind: type[object]) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


def waiting(session: Session, now: datetime, **facts: object) -> Patient:
    team = people.team(session, now=now)
    person, _ = people.patient(session, now=now, worker=team["worker"], **facts)
    return person


def test_an_alert_climbs_one_step(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        person = waiting(session, now)
        cause = alerts.Cause(Colour.RED, "words", patient_id=person.id)
        alert = alerts.raise_(session, cause, now=now)
        due = alert.due_at
    assert due is not None
    before, told = count(AlertEvent), count(LetterRow)
    assert at_once(ticks.climb, due) == 1
    assert count(AlertEvent) > before
    events, letters = count(AlertEvent), count(LetterRow)
    assert letters > told
    assert at_once(ticks.climb, due) == 0
    assert (count(AlertEvent), count(LetterRow)) == (events, letters)


def test_a_check_in_is_planned_asked_nudged_and_missed_once(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        person = waiting(session, now)
        rhythms.choose(session, person, "weekly", now=now)
    soon = now + 6 * DAY
    assert at_once(ticks.fill_check_ins, soon) == count(CheckIn) == 1
    due = now + 7 * DAY + timedelta(hours=2)
    assert at_once(ticks.ask_check_ins, due) == 1
    with db.read() as session:
        asks = select(LetterRow).where(LetterRow.dedupe.like("ask:%"))
        assert len(session.scalars(asks).all()) == 1
    late = due
    for turn in (1, 2):
        with db.read() as session:
            late = max(late, session.scalars(select(CheckIn.answer_by)).one() or late)
        assert at_once(ticks.chase_silence, late) == 1, turn
    assert at_once(ticks.chase_silence, late + DAY) == 0
    with db.read() as session:
        raised = session.scalars(select(Alert)).all()
        assert [(alert.colour, alert.patient_id) for alert in raised] == [("green", person.id)]


def test_an_unseen_page_is_knocked_at_once(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        _, address = people.patient(session, now=now, channel="web_chat", chat_id="browser")
        address.seen_at = now
        outbox.say(session, address, Letter("crisis/now"), now=now)
    letters, later = count(LetterRow), now + timedelta(hours=1)
    assert at_once(ticks.knock, later) == 1
    assert count(LetterRow) == letters + 1


def test_a_gap_in_the_rota_is_one_alert(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        people.staff(session, now=now)
        providers.here(session).ready_at = now
    at_once(ticks.watch_rota, now)
    assert count(Alert) == 1


def test_a_correction_nobody_read_is_a_task_after_a_day(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        ola = people.staff(session, "Sample Ola", role=ADMINISTRATOR, now=now)
        draft = drafts.begin(session, "en/help-lines/samaritans", by=ola, now=now)
        drafts.correct(session, draft, by=ola, today=now.date(), now=now)
    assert at_once(ticks.watch_corrections, now + timedelta(hours=23)) == 0
    at_once(ticks.watch_corrections, now + DAY)
    assert count(Alert) == 1


def test_audit_rows_are_chained_once(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        for number in range(20):
            audit.record(session, by="x", did="read", to=("patient", str(number)), now=now)
    assert at_once(ticks.seal_audit, now) >= 20
    assert at_once(ticks.seal_audit, now) == 0
    with db.read() as session:
        assert audit.verify(session) == ""


def test_a_referral_nobody_accepted_goes_once(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        person = people.referral(session, now=now).patient_id
    assert at_once(ticks.forget_expired, now + 29 * DAY) == 0
    assert at_once(ticks.forget_expired, now + 31 * DAY) == 1
    with db.read() as session:
        assert session.get_one(Patient, person).name is None


def test_what_is_of_no_use_goes_once(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        _, address = people.patient(session, now=now)
        session.add(Button(id=new_id(), address_id=address.id, value="home.show", made_at=now))
    buttons = count(Button)
    assert at_once(ticks.retire, now + 36 * DAY) >= buttons
    assert count(Button) == count(StaffSession) == 0
    assert at_once(ticks.retire, now + 36 * DAY) == 0


def test_a_group_that_has_met_moves_on_once(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        organisation = providers.here(session).organisation_id
        session.add(
            Group(
                id=new_id(),
                organisation_id=organisation,
                name="Sample tea",
                about="",
                host="Sample Joan",
                where="Library",
                area="",
                price="Free",
                how_to_join="Come along",
                seats=5,
                next_at=now - timedelta(hours=1),
                every_days=7,
                state="open",
            )
        )
    assert at_once(ticks.roll_groups, now) == 1
    with db.read() as session:
        assert session.scalars(select(Group.next_at)).one() == now + 7 * DAY - timedelta(hours=1)


def asked(now: datetime) -> datetime:
    """Somebody was asked an hour ago; by when they should answer."""
    with db.write() as session:
        person = waiting(session, now)
        rhythms.choose(session, person, "weekly", now=now - 7 * DAY)
        rhythms.fill(session, now=now)
        session.execute(update(CheckIn).values(due_at=now - timedelta(hours=1)))
        assert asking.ask_due(session, now=now - timedelta(hours=1)) == 1
        return session.scalars(select(CheckIn.answer_by)).one() or now


def scheduler_beat(ago: timedelta) -> None:
    beats.forget()
    beats.note(beats.SCHEDULER, wall=clock.wall() - ago)
    with db.write() as session:
        beats.keep(session)
    beats.forget()


@pytest.mark.parametrize(("away", "found"), [(9, 0), (45, 1)])
def test_an_outage_gives_time_back_once(
    any_room: Path, now: datetime, away: int, found: int
) -> None:
    before = asked(now)
    scheduler_beat(timedelta(minutes=away))
    assert at_once(ticks.keep_beats, now) == found
    with db.read() as session:
        after = session.scalars(select(CheckIn.answer_by)).one()
    assert after is not None
    given = (after - before).total_seconds() / 60
    assert given == pytest.approx(away * found, abs=1)
    beats.forget()


def test_who_waited_through_an_outage_is_told_so_once(any_room: Path, now: datetime) -> None:
    asked(now)
    scheduler_beat(timedelta(minutes=45))
    at_once(ticks.keep_beats, now)
    for _ in range(2):
        at_once(ticks.chase_silence, now)
    about = LetterRow.page == "conversation/check-in-away"
    with db.read() as session:
        assert session.scalar(select(func.count()).where(about)) == 1
    beats.forget()


def test_a_jump_of_care_time_is_no_outage(any_room: Path, now: datetime) -> None:
    before = asked(now)
    scheduler_beat(timedelta(seconds=20))
    assert at_once(ticks.keep_beats, now + 3 * DAY) == 0
    with db.read() as session:
        assert session.scalars(select(CheckIn.answer_by)).one() == before
    beats.forget()


def test_the_first_start_ever_is_no_outage(any_room: Path, now: datetime) -> None:
    asked(now)
    beats.forget()
    assert ticks.keep_beats(now) == 0
    beats.forget()
