"""Words in both directions: who may read them, where they go, and when somebody is called."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests import people as sample
from waiting_room import db
from waiting_room.care import alerts, check_ins, consent, conversations, endings, messages, people
from waiting_room.care.colours import Colour
from waiting_room.care.conversations import Said
from waiting_room.errors import BadInput, Refused
from waiting_room.letters import Letter
from waiting_room.models import Address, Alert, LetterRow, Message, Patient, Staff

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
KNOCK = "staff/knock-mail"


def _somebody(session: Session, now: datetime, **changes: object) -> tuple[Staff, Patient, Address]:
    worker = sample.staff(session, now=now)
    patient, chat = sample.patient(session, now=now, worker=worker, **changes)
    return worker, patient, chat


def _says(session: Session, chat: Address, text: str, now: datetime) -> Message:
    return conversations.said(session, chat, Said("text", text, text, now), now=now)


def _tasks(session: Session) -> list[str]:
    return list(session.scalars(select(Alert.kind).order_by(Alert.id)))


def test_a_reply_carries_the_workers_name_and_reads_what_was_written(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        worker, patient, chat = _somebody(session, now)
        message = _says(session, chat, "Are you there?", now)
        messages.for_worker(message)
        session.flush()
        assert messages.unread(session, [patient.id]) == {patient.id: 1}
        letter = messages.reply(session, patient, " Yes. ", by=worker, now=now + MINUTE)
        assert letter is not None
        assert letter.values == {"worker": "Sample Sam", "text": "Yes."}
        session.refresh(message)
        assert (message.read_at, message.read_by) == (now + MINUTE, worker.id)
        assert messages.unread(session, [patient.id]) == {}


@pytest.mark.parametrize("text", ["", " \n ", "x" * 3_001])
def test_a_reply_has_words_and_a_limit(room: Path, now: datetime, text: str) -> None:
    with db.write() as session:
        worker, patient, _ = _somebody(session, now)
        with pytest.raises(BadInput):
            messages.reply(session, patient, text, by=worker, now=now)


def test_nobody_writes_where_others_may_read(room: Path, now: datetime) -> None:
    with db.write() as session:
        worker, patient, _ = _somebody(session, now, safe_to_message=False)
        with pytest.raises(Refused, match="not safe"):
            messages.reply(session, patient, "Hello", by=worker, now=now)


def test_after_a_stop_a_worker_only_answers(room: Path, now: datetime) -> None:
    with db.write() as session:
        worker, patient, chat = _somebody(session, now)
        endings.stop(session, patient, now=now)
        with pytest.raises(Refused, match="no more messages"):
            messages.reply(session, patient, "Hello", by=worker, now=now)
        messages.for_worker(_says(session, chat, "I changed my mind", now + MINUTE))
        session.flush()
        assert messages.reply(session, patient, "Good.", by=worker, now=now + MINUTE)


def test_who_was_never_asked_may_be_written_to(room: Path, now: datetime) -> None:
    with db.write() as session:
        worker = sample.staff(session, now=now)
        referral = sample.referral(session, now=now)
        patient = session.get_one(Patient, referral.patient_id)
        assert messages.reply(session, patient, "Hello", by=worker, now=now) is None
        assert _tasks(session) == ["cannot be reached"]


def test_no_address_reached_is_not_silence(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        _, patient, chat = _somebody(session, now)
        conversations.bury(chat, "blocked", now=now)
        letter = Letter("conversation/check-in-nudge", {"first_name": "Sample"})
        assert messages.write_to(session, patient, letter, now=now) is None
        alert = session.scalars(select(Alert)).one()
        assert (alert.colour, alert.kind) == (Colour.GREEN, "cannot be reached")


def test_the_timeline_holds_both_sides_newest_first(room: Path, now: datetime) -> None:
    with db.write() as session:
        worker, patient, chat = _somebody(session, now)
        _says(session, chat, "First", now)
        people.note(session, patient.id, "A note", by=worker.id, now=now + SECOND)
        asked = check_ins.ask_now(session, patient, now=now)
        check_ins.answer(session, asked, "ok", now=now + 2 * SECOND)
        messages.reply(session, patient, "Second", by=worker, now=now + 3 * SECOND)
        session.flush()
        found = messages.timeline(session, patient)
        assert [moment.kind for moment in found] == ["letter", "check-in", "note", "said"]
        assert [m.kind for m in messages.timeline(session, patient, limit=1)] == ["letter"]


def test_without_their_yes_a_worker_reads_what_was_for_a_worker_or_raised_an_alert(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        _, patient, chat = _somebody(session, now)
        _says(session, chat, "To myself", now)
        messages.for_worker(_says(session, chat, "To my worker", now + MINUTE))
        danger = _says(session, chat, "In danger", now + 2 * MINUTE)
        what = {"what": "message", "what_id": danger.id}
        alerts.raise_(session, alerts.Cause(Colour.RED, "danger", patient.id, **what), now=now)

        def read() -> list[str]:
            session.flush()
            found = messages.timeline(session, patient)
            return [moment.row.text for moment in found if isinstance(moment.row, Message)]

        assert read() == ["In danger", "To my worker", "To myself"]
        consent.answer(session, chat, consent.WORKER, yes=False, now=now + MINUTE)
        assert read() == ["In danger", "To my worker"]
        consent.answer(session, chat, consent.WORKER, yes=True, now=now + 2 * MINUTE)
        assert len(read()) == 3


def _away(session: Session, now: datetime, **changes: object) -> tuple[Patient, Address]:
    """A person of the web chat with a letter waiting and nobody looking."""
    worker, patient, chat = _somebody(session, now, channel="web_chat", chat_id="t", **changes)
    chat.seen_at = now
    safe, patient.safe_to_message = patient.safe_to_message, True
    messages.reply(session, patient, "See you at 2pm.", by=worker, now=now)
    patient.safe_to_message = safe
    session.flush()
    return patient, chat


def _knock(session: Session, now: datetime) -> int:
    pages = messages.unseen_pages(session, now=now)
    for page in pages:
        messages.knock(session, page, now=now)
    session.flush()
    return len(pages)


def test_a_mailbox_that_cannot_be_read_keeps_no_other_waiting(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        worker, broken, _ = _somebody(session, now, channel="web_chat", chat_id="a")
        whole, _ = sample.patient(session, now=now, channel="web_chat", chat_id="b")
        for one in (broken, whole):
            messages.reply(session, one, "Hello", by=worker, now=now)
        session.execute(update(Patient).where(Patient.id == broken.id).values(email_sealed=b"x"))
    with db.write() as session:
        assert _knock(session, now + 91 * SECOND) == 2
        assert len(session.scalars(select(LetterRow).where(LetterRow.page == KNOCK)).all()) == 1
        assert _tasks(session) == ["cannot be reached"]


def test_one_knock_for_each_absence(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        _, chat = _away(session, now)
        assert _knock(session, now + 59 * SECOND) == 0  # the letter is too fresh
        assert _knock(session, now + 90 * SECOND) == 0  # the page may still be open
        assert _knock(session, now + 91 * SECOND) == 1
        assert _knock(session, now + 60 * MINUTE) == 0
        mail = session.scalars(select(LetterRow).where(LetterRow.page == KNOCK)).one()
        assert (mail.channel, mail.place, mail.values) == (
            "email",
            "alex@example.org",
            {"link": "/chat"},
        )
        # They came, left something unread and went again: one more.
        chat.seen_at = now + 61 * MINUTE
        session.flush()
        assert _knock(session, now + 62 * MINUTE) == 0
        assert _knock(session, now + 63 * MINUTE) == 1


@pytest.mark.parametrize("changes", [{"email": ""}, {"safe_to_message": False}])
def test_without_a_safe_mailbox_somebody_phones(
    room: Path, now: datetime, changes: dict[str, object]
) -> None:
    with db.write() as session:
        _away(session, now, **changes)
        assert _knock(session, now + 2 * MINUTE) == 1
        assert session.scalars(select(LetterRow).where(LetterRow.page == KNOCK)).all() == []
        assert _tasks(session) == ["cannot be reached"]


def test_a_stranger_is_not_knocked_at(room: Path, now: datetime) -> None:
    with db.write() as session:
        chat = conversations.address(session, "web_chat", "t", now=now)
        messages.knock(session, chat, now=now)
        assert chat.knocked_at == now
        assert session.scalars(select(LetterRow)).all() == []
