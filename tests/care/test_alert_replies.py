"""The person who wrote is told that somebody has it, where they wrote, and only if it is safe."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import people
from waiting_room import db, library
from waiting_room.care import alerts, conversations
from waiting_room.care.alerts import Cause
from waiting_room.care.colours import Colour
from waiting_room.models import Address, LetterRow, Patient, Staff


def told(session: Session) -> list[LetterRow]:
    page = LetterRow.page == "conversation/alert-taken"
    return list(session.scalars(select(LetterRow).where(page)))


def waiting(session: Session, now: datetime) -> tuple[Staff, Patient, Address]:
    worker = people.staff(session, now=now)
    person, address = people.patient(session, worker=worker, now=now)
    return worker, person, address


def taken(session: Session, worker: Staff, cause: Cause, now: datetime) -> None:
    alerts.acknowledge(session, alerts.raise_(session, cause, now=now), worker, now=now)


def test_it_is_said_where_the_words_were_written(room: Path, now: datetime) -> None:
    with db.write() as session:
        worker, person, first = waiting(session, now)
        other = conversations.address(session, "web_chat", "token", now=now)
        other.patient_id = person.id
        taken(session, worker, Cause(Colour.RED, "danger words", person.id, first.id), now)
        assert [(row.address_id, row.values) for row in told(session)] == [
            (first.id, {"worker": "Sample Sam"})
        ]


def test_a_dead_chat_hands_over_to_a_living_one(room: Path, now: datetime) -> None:
    with db.write() as session:
        worker, person, first = waiting(session, now)
        other = conversations.address(session, "web_chat", "token", now=now)
        other.patient_id = person.id
        conversations.bury(first, "blocked", now=now)
        taken(session, worker, Cause(Colour.AMBER, "bad answer", person.id, first.id), now)
        assert [row.address_id for row in told(session)] == [other.id]


def test_a_stranger_hears_that_it_was_read_and_is_promised_nobody(
    room: Path, now: datetime
) -> None:
    with db.write() as session:
        worker = people.staff(session, now=now)
        address = conversations.address(session, "telegram", "7234567899", now=now)
        taken(session, worker, Cause(Colour.AMBER, "unknown person", None, address.id), now)
        assert told(session) == []
        page = LetterRow.page == "conversation/alert-taken-stranger"
        row = session.scalars(select(LetterRow).where(page)).one()
        assert row.address_id == address.id and worker.name not in str(row.values)
        assert "will contact you" not in library.page(row.page).body


def test_nobody_is_told_of_a_task(room: Path, now: datetime) -> None:
    with db.write() as session:
        worker, person, _ = waiting(session, now)
        taken(session, worker, Cause(Colour.GREEN, "silence", person.id), now)
        assert told(session) == []


def test_nothing_is_written_where_it_is_not_safe(room: Path, now: datetime) -> None:
    with db.write() as session:
        worker, person, address = waiting(session, now)
        person.safe_to_message = False
        taken(session, worker, Cause(Colour.RED, "danger words", person.id, address.id), now)
        assert told(session) == []
