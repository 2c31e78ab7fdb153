"""One person's page: what a worker may read there, and what only an alert opens."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from tests import people as sample
from waiting_room import db
from waiting_room.care import alerts, check_ins, consent, conversations, messages, people, records
from waiting_room.care.colours import Colour
from waiting_room.care.conversations import Said
from waiting_room.models import Address, Kinship, Message, Patient, Staff
from waiting_room.models.staff import EDITOR

SECOND = timedelta(seconds=1)


def _life(session: Session, now: datetime) -> tuple[Staff, Patient, Address]:
    """Two messages, two answers and a reply; the second of each raised an alert."""
    worker = sample.staff(session, now=now)
    patient, chat = sample.patient(session, now=now, worker=worker)
    for number, text in enumerate(("To myself", "In danger")):
        said = Said("text", text, text, now)
        message = conversations.said(session, chat, said, now=now + number * SECOND)
    what = {"what": "message", "what_id": message.id}
    alerts.raise_(session, alerts.Cause(Colour.RED, "danger", patient.id, **what), now=now)
    for value in ("ok", "need-help"):
        check_ins.answer(session, check_ins.ask_now(session, patient, now=now), value, now=now)
    messages.reply(session, patient, "I am here.", by=worker, now=now)
    people.note(session, patient.id, "A note", by=worker.id, now=now)
    session.flush()
    return worker, patient, chat


def _words(moments: list[messages.Moment]) -> list[str]:
    return sorted(m.row.text for m in moments if isinstance(m.row, Message))


def test_the_record_shows_all_of_somebody_who_said_yes(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        worker, patient, chat = _life(session, now)
        record = records.read(session, patient, now=now)
        assert (record.patient, record.worker, record.address) == (patient, worker, chat)
        assert record.shares_words
        assert record.alert is not None and record.alert.alert.colour == Colour.RED
        assert record.referral is record.latest is not None
        assert _words(record.timeline) == ["In danger", "To myself"]
        assert sorted(row.answer for row in record.check_ins) == ["need-help", "ok"]
        assert record.names[worker.id] == "Sample Sam"


def test_without_their_yes_it_shows_what_an_alert_opened(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        _, patient, chat = _life(session, now)
        consent.answer(session, chat, consent.WORKER, yes=False, now=now + SECOND)
        record = records.read(session, patient, now=now)
        assert not record.shares_words
        assert _words(record.timeline) == ["In danger"]
        assert [row.answer for row in record.check_ins] == ["need-help"]
        kinds = {moment.kind for moment in record.timeline}
        assert kinds == {"said", "note", "letter", "check-in"}


def test_a_record_without_anything_is_a_record(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient = session.get_one(Patient, sample.referral(session, now=now).patient_id)
        for row in records.read(session, patient, now=now).referrals:
            session.delete(row)
        session.flush()
        record = records.read(session, patient, now=now)
        assert (record.alert, record.worker, record.latest, record.referral) == (None,) * 4
        assert not record.shares_words and record.timeline == []


def test_who_can_be_the_case_worker(room: Path, now: datetime) -> None:
    with db.write() as session:
        team = sample.team(session, now=now)
        sample.staff(session, "Sample Editor", role=EDITOR, now=now)
        patient = session.get_one(Patient, sample.referral(session, now=now).patient_id)
        session.add(Kinship(staff_id=team["backup"].id, patient_id=patient.id))
        session.flush()
        assert records.assignable(session, patient.id) == [team["lead"], team["worker"]]


def test_of_a_stranger_we_know_one_chat(room: Path, now: datetime) -> None:
    with db.write() as session:
        chat = conversations.address(session, "telegram", "1", now=now)
        for number in range(3):
            said = Said("text", f"word {number}", str(number), now)
            conversations.said(session, chat, said, now=now + number * SECOND)
        found = records.at_address(session, chat.id, limit=2)
        assert [m.row.text for m in found if isinstance(m.row, Message)] == ["word 2", "word 1"]
