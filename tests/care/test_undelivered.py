"""A letter that never leaves is followed up: by the next rung, by a phone call, by the team."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests import people
from waiting_room import db, outbox
from waiting_room.care import alerts, providers, undelivered
from waiting_room.care.alerts import Cause
from waiting_room.care.colours import Colour
from waiting_room.care.messages import FROM_WORKER
from waiting_room.letters import Letter, Priority
from waiting_room.models import Alert, LetterRow, StaffChannel

HOME = "conversation/home"


def raised(session: Session, *, now: datetime) -> tuple[Alert, LetterRow]:
    """A RED alert and the notice to the worker, which could not be sent."""
    team = people.team(session, now=now)
    person, _ = people.patient(session, worker=team["worker"], now=now)
    alert = alerts.raise_(session, Cause(Colour.RED, "danger words", person.id), now=now)
    session.execute(update(LetterRow).values(state=outbox.FAILED))
    notice = session.scalars(select(LetterRow).where(LetterRow.alert_id == alert.id)).one()
    return alert, notice


def kinds(session: Session) -> list[str]:
    return [alert.kind for alert in session.scalars(select(Alert).order_by(Alert.id))]


def test_a_dead_channel_hurries_the_ladder_and_is_told_to_the_team(
    room: Path, now: datetime
) -> None:
    with db.write() as session:
        alert, notice = raised(session, now=now)
        undelivered.follow_up(session, notice.id, "blocked", gone=True, now=now)
        assert alert.due_at == now
        assert session.get_one(StaffChannel, notice.staff_channel_id).dead_why == "blocked"
        assert kinds(session) == ["danger words", undelivered.DEAD_CHANNEL]


def test_a_channel_dies_once(room: Path, now: datetime) -> None:
    with db.write() as session:
        _, notice = raised(session, now=now)
        for _ in range(2):
            undelivered.follow_up(session, notice.id, "blocked", gone=True, now=now)
        team = session.scalars(select(Alert).where(Alert.kind == undelivered.DEAD_CHANNEL)).one()
        assert [event.verb for event in alerts.events(session, team)].count("joined") == 0


@pytest.mark.parametrize(("rounds", "hurried"), [(0, True), (1, False)])
def test_a_channel_that_only_refuses_hurries_the_first_round_alone(
    room: Path, now: datetime, rounds: int, hurried: bool
) -> None:
    with db.write() as session:
        alert, notice = raised(session, now=now)
        alert.rounds = rounds
        undelivered.follow_up(session, notice.id, "no mail server set", gone=False, now=now)
        assert (alert.due_at == now) is hurried
        assert session.get_one(StaffChannel, notice.staff_channel_id).dead_at is None


def test_out_of_hours_a_refusal_hurries_nothing(room: Path, now: datetime) -> None:
    with db.write() as session:
        alert, notice = raised(session, now=now)
        providers.here(session).staffed_hours = []
        due = alert.due_at
        undelivered.follow_up(session, notice.id, "no mail server set", gone=False, now=now)
        assert alert.due_at == due


def test_who_was_told_another_way_keeps_their_time(room: Path, now: datetime) -> None:
    with db.write() as session:
        alert, notice = raised(session, now=now)
        channel = session.get_one(StaffChannel, notice.staff_channel_id)
        other = outbox.notify(session, channel, Letter("staff/alert-again"), now=now)
        other.alert_id = alert.id
        session.flush()
        due = alert.due_at
        undelivered.follow_up(session, notice.id, "blocked", gone=True, now=now)
        assert alert.due_at == due


def test_an_alert_somebody_took_is_not_hurried(room: Path, now: datetime) -> None:
    with db.write() as session:
        alert, notice = raised(session, now=now)
        alert.state = alerts.ACKNOWLEDGED
        due = alert.due_at
        undelivered.follow_up(session, notice.id, "blocked", gone=True, now=now)
        assert alert.due_at == due


def test_a_dead_mailbox_does_not_bury_the_web_chat(room: Path, now: datetime) -> None:
    with db.write() as session:
        _, address = people.patient(session, channel="web_chat", chat_id="token", now=now)
        knock = outbox.knock(session, address, "alex@example.org", link="/chat", now=now)
        undelivered.follow_up(session, knock.id, "the mail server said 550", gone=True, now=now)
        assert address.dead_at is None
        assert kinds(session) == ["cannot be reached"]


def test_nobody_phones_a_person_whose_record_is_erased(room: Path, now: datetime) -> None:
    with db.write() as session:
        person, address = people.patient(session, now=now)
        letter = outbox.say(session, address, Letter("conversation/goodbye"), now=now)
        person.erased_at = now
        undelivered.follow_up(session, letter.id, "blocked", gone=True, now=now)
        assert address.dead_at == now and kinds(session) == []


def test_an_answer_of_the_staff_bot_that_failed_is_let_go(room: Path, now: datetime) -> None:
    with db.write() as session:
        letter = outbox.tell(session, "7234567899", Letter("staff/not-linked"), now=now)
        undelivered.follow_up(session, letter.id, "blocked", gone=True, now=now)
        assert kinds(session) == []


@pytest.mark.parametrize(("page", "tasks"), [(FROM_WORKER, [undelivered.MAY_BE_LOST]), (HOME, [])])
def test_a_workers_words_that_may_be_lost_are_a_task_and_a_menu_is_none(
    any_room: Path, now: datetime, page: str, tasks: list[str]
) -> None:
    with db.write() as session:
        _, address = people.patient(session, now=now)
        values = {"worker": "Sample Sam", "text": "Hello", "first_name": "Sample Alex"}
        letter = outbox.say(session, address, Letter(page, values), now=now)
        session.flush()
        undelivered.doubt(session, letter.id, now=now)
        assert kinds(session) == tasks


@pytest.mark.parametrize(
    ("states", "nothing"),
    [
        (["uncertain", "uncertain"], True),
        (["failed", "dropped"], True),
        (["uncertain", "sent"], False),
        (["held"], False),
        ([], False),
    ],
)
def test_silence_counts_only_when_an_asking_surely_arrived(
    any_room: Path, now: datetime, states: list[str], nothing: bool
) -> None:
    with db.write() as session:
        person, address = people.patient(session, now=now)
        for state in states:
            letter = Letter("check-ins/weekly", priority=Priority.CHECK_IN)
            outbox.say(session, address, letter, now=now).state = state
        session.flush()
        assert undelivered.nothing_arrived(session, person.id, since=now) is nothing
