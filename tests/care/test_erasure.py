"""Forgotten means unreadable: here, in a copy from before, and nothing is asked any more."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests import people as sample
from waiting_room import db, keyring
from waiting_room.care import (
    alerts,
    asking,
    check_ins,
    conversations,
    erasure,
    messages,
    people,
    referrals,
    rhythms,
)
from waiting_room.care.conversations import Said
from waiting_room.care.inbox import keep, row
from waiting_room.errors import NotFound, Refused
from waiting_room.models import (
    Address,
    Alert,
    CheckIn,
    InboxUpdate,
    Kinship,
    LetterRow,
    Message,
    Patient,
    Referral,
)

DAY = timedelta(days=1)
CANARIES = (
    "Zedekiah Canary",
    "1931-05-17",
    "9990000018",
    "canary@example.org",
    "+447700900999",
    "CANARY REASON",
    "CANARY RISK",
    "CANARY REACH",
    "CANARY REFERRER",
    "CANARY PRACTICE",
    "CANARY SAID",
    "CANARY NOTE",
    "CANARY REPLY",
    "CANARY COMMENT",
    "CANARY RAW",
    "7009009009",
)
FACTS = {
    "name": CANARIES[0],
    "nhs_number": CANARIES[2],
    "email": CANARIES[3],
    "phone": CANARIES[4],
    "reason": CANARIES[5],
    "risks": CANARIES[6],
    "reach": CANARIES[7],
    "referrer": CANARIES[8],
    "gp_practice": CANARIES[9],
}


def _full_life(session: Session, now: datetime) -> str:
    """Somebody with something in every table that can hold a word of theirs."""
    worker = sample.staff(session, now=now)
    patient, chat = sample.patient(session, now=now, worker=worker, chat_id=CANARIES[-1], **FACTS)
    patient.birth_date = CANARIES[1]
    said = Said("text", "CANARY SAID", "1", now)
    message = conversations.said(session, chat, said, now=now)
    conversations.go(chat, "talk", {"draft": "CANARY SAID"})
    people.note(session, patient.id, "CANARY NOTE", by=worker.id, now=now)
    messages.for_worker(message)
    messages.reply(session, patient, "CANARY REPLY", by=worker, now=now)
    rhythms.choose(session, patient, "weekly", now=now)
    asked = check_ins.ask_now(session, patient, now=now)
    check_ins.answer(session, asked, "ok", now=now)
    check_ins.comment(asked, "CANARY COMMENT")
    raw = row("patients", 1, b'{"text": "CANARY RAW"}', chat_hash=chat.chat_hash, now=now)
    keep(session, [raw], now=now)
    session.add(Kinship(staff_id=worker.id, patient_id=patient.id))
    return patient.id


def _erase(patient_id: str, now: datetime) -> None:
    with db.write() as session:
        erasure.erase(session, patient_id, by="system", now=now)
    with db.write() as session:
        assert erasure.finish(session, now=now) == 1


def _readable(session: Session) -> str:
    """Every value of every row as the product would read it, sealed fields opened."""
    words = []
    for mapper in Patient.registry.mappers:
        names = [name.removesuffix("_sealed") for name in mapper.columns.keys()]  # noqa: SIM118
        for found in session.scalars(select(mapper.class_)):
            words += [str(getattr(found, name)) for name in names]
    return " ".join(words)


def _canaries_in(words: str) -> list[str]:
    return [canary for canary in CANARIES if canary in words]


def test_before_erasing_every_canary_can_be_read(room: Path, now: datetime) -> None:
    with db.write() as session:
        _full_life(session, now)
        session.flush()
        assert _canaries_in(_readable(session)) == list(CANARIES)


def test_afterwards_nothing_can_be_read_anywhere(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient_id = _full_life(session, now)
    _erase(patient_id, now)
    with db.read() as session:
        assert _canaries_in(_readable(session)) == []
        patient = session.get_one(Patient, patient_id)
        assert patient.erased_at == now and patient.name is None
        assert session.scalars(select(Address)).all() == []
        assert session.scalars(select(Kinship)).all() == []


def test_the_count_stays_and_an_update_takes_no_effect_twice(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient_id = _full_life(session, now)
    _erase(patient_id, now)
    with db.read() as session:
        referral = session.scalars(select(Referral)).one()
        assert referral.state == referrals.WITHDRAWN
        assert (referral.source, referral.received_at) == ("gp", now)
        update = session.scalars(select(InboxUpdate)).one()
        assert (update.update_id, update.body) == (1, None)


def test_a_copy_made_before_cannot_be_read_either(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient_id = _full_life(session, now)
    with db.write() as session:
        session.execute(text("SELECT 1"))
    copy = room / "copy.db"
    with sqlite3.connect(room / "waiting-room.db") as source, sqlite3.connect(copy) as target:
        source.backup(target)
    _erase(patient_id, now)
    for suffix in ("", "-wal", "-shm"):
        (room / f"waiting-room.db{suffix}").unlink(missing_ok=True)
    db.close()
    shutil.copy(copy, room / "waiting-room.db")
    db.connect(f"sqlite:///{room / 'waiting-room.db'}")
    with db.read() as session:
        found = _canaries_in(_readable(session))
        assert session.get_one(Patient, patient_id).erased_at is None
        assert found == []
        assert session.get_one(Patient, patient_id).name is None


def test_an_open_alert_comes_first(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient_id = _full_life(session, now)
        lead = sample.staff(session, "Sample Pat", now=now)
        cause = alerts.Cause(alerts.Colour.RED, "danger", patient_id)
        alert = alerts.raise_(session, cause, now=now)
        with pytest.raises(Refused, match="Close it first"):
            erasure.erase(session, patient_id, by="system", now=now)
        alerts.close(session, alert, "person is safe", by=lead, now=now)
        alert_id = alert.id
    _erase(patient_id, now)
    with db.read() as session:
        closed = session.get_one(Alert, alert_id)
        assert (closed.reason, closed.address_id) == ("person is safe", None)


def test_nobody_is_erased_twice(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient_id = _full_life(session, now)
    _erase(patient_id, now)
    with db.write() as session:
        for nobody in (patient_id, "nobody"):
            with pytest.raises(NotFound):
                erasure.erase(session, nobody, by="system", now=now)
        assert erasure.finish(session, now=now) == 0


def test_finishing_after_a_crash_can_be_repeated(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient_id = _full_life(session, now)
        erasure.erase(session, patient_id, by="system", now=now)
    # The keys went, and then the process died before anything else did.
    keyring.current().destroy(patient_id, now=now)
    with db.write() as session:
        assert [who for who, _ in erasure.unfinished(session)] == [patient_id]
        assert erasure.finish(session, now=now) == 1
    with db.write() as session:
        assert erasure.finish(session, now=now) == 0


def test_somebody_who_writes_before_the_end_is_forgotten_too(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient_id = _full_life(session, now)
        erasure.erase(session, patient_id, by="system", now=now)
        chat = conversations.address_known(session, "telegram", CANARIES[-1])
        assert chat is not None
        conversations.said(session, chat, Said("text", "CANARY SAID", "2", now), now=now)
        conversations.revive(chat)
    with db.write() as session:
        assert erasure.finish(session, now=now) == 1
    with db.write() as session:
        assert session.scalars(select(Message)).all() == []
        assert session.scalars(select(Address)).all() == []
        # And whoever writes next from there is a stranger with a key of their own.
        chat = conversations.address(session, "telegram", CANARIES[-1], now=now)
        conversations.said(session, chat, Said("text", "Hello", "3", now), now=now)
        assert chat.patient_id is None
    with db.read() as session:
        assert session.scalars(select(Message)).one().text == "Hello"


def test_an_erased_person_is_never_asked_again(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient_id = _full_life(session, now)
        rhythms.fill(session, now=now + 6 * DAY)
    _erase(patient_id, now)
    with db.write() as session:
        for day in range(5, 30):
            rhythms.fill(session, now=now + day * DAY)
            assert asking.ask_due(session, now=now + day * DAY) == 0
        states = set(session.scalars(select(CheckIn.state)))
        assert states <= {check_ins.ANSWERED, check_ins.SKIPPED}
        assert session.scalars(select(LetterRow)).all() == []
        assert session.scalars(select(Alert)).all() == []


def test_other_people_stay_as_they_are(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient_id = _full_life(session, now)
        other, chat = sample.patient(session, now=now, chat_id="2", name="Sample Kay")
        conversations.said(session, chat, Said("text", "I stay", "1", now), now=now)
        stranger = conversations.address(session, "telegram", "3", now=now)
        conversations.said(session, stranger, Said("text", "So do I", "1", now), now=now)
        other_id = other.id
    _erase(patient_id, now)
    with db.read() as session:
        assert session.get_one(Patient, other_id).name == "Sample Kay"
        said = [message.text for message in session.scalars(select(Message))]
        assert sorted(said) == ["I stay", "So do I"]


def test_what_nobody_accepted_in_30_days_goes(any_room: Path, now: datetime) -> None:
    later = now + 30 * DAY
    with db.write() as session:
        referral = sample.referral(session, now=now, **FACTS)
        patient_id = referral.patient_id
    with db.write() as session:
        assert erasure.forget_overdue(session, now=later) == 1
    with db.write() as session:
        assert erasure.finish(session, now=later) == 1
    with db.read() as session:
        assert session.scalars(select(Referral)).one().state == referrals.EXPIRED
        assert session.get_one(Patient, patient_id).erased_at == later
        assert _canaries_in(_readable(session)) == []


def test_an_open_alert_only_puts_the_forgetting_off(room: Path, now: datetime) -> None:
    later = now + 30 * DAY
    with db.write() as session:
        lead = sample.staff(session, "Sample Pat", now=now)
        referral = sample.referral(session, now=now)
        cause = alerts.Cause(alerts.Colour.GREEN, "new referral", referral.patient_id)
        alert = alerts.raise_(session, cause, now=now)
        assert erasure.forget_overdue(session, now=later) == 0
        assert referral.state == referrals.RECEIVED
        alerts.close(session, alert, "done", by=lead, now=later)
        assert erasure.forget_overdue(session, now=later) == 0
        assert erasure.forget_overdue(session, now=later + DAY) == 1
        patient = session.get_one(Patient, referral.patient_id)
        assert patient.erased_at == later + DAY


def test_an_expired_second_referral_forgets_nobody_in_the_room(room: Path, now: datetime) -> None:
    later = now + 30 * DAY
    with db.write() as session:
        patient, _ = sample.patient(session, now=now)
        second = sample.referral(session, now=now)
        second.patient_id = patient.id  # as after joining two records
        session.flush()
        assert erasure.forget_overdue(session, now=later) == 1
        assert second.state == referrals.EXPIRED
        assert patient.erased_at is None
        first = referrals.open_one(session, patient.id)
        assert first is not None and first.state == referrals.WAITING
