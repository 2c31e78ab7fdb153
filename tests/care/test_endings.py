"""How a time in the room ends, and what then never leaves any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import people as sample
from waiting_room import db, outbox
from waiting_room.care import (
    alerts,
    asking,
    check_ins,
    consent,
    endings,
    invitations,
    messages,
    referrals,
    rhythms,
)
from waiting_room.care.colours import Colour
from waiting_room.errors import BadInput, NotFound
from waiting_room.letters import Letter, Priority
from waiting_room.models import Address, CheckIn, LetterRow, Patient, Referral


def _letters(session: Session, state: str = outbox.QUEUED) -> list[str]:
    rows = select(LetterRow).where(LetterRow.state == state, LetterRow.patient_id.is_not(None))
    return [row.page for row in session.scalars(rows.order_by(LetterRow.id))]


def _with_plans(session: Session, now: datetime) -> tuple[Patient, Referral]:
    """Somebody with a rhythm, an asking, a routine letter and a worker's reply on the way."""
    worker = sample.team(session, now=now)["worker"]
    patient, address = sample.patient(session, now=now, worker=worker)
    patient.lock_screen_words = True
    rhythms.choose(session, patient, "weekly", now=now)
    rhythms.fill(session, now=now + timedelta(days=6))
    letter = Letter("conversation/check-in-nudge", priority=Priority.CHECK_IN)
    outbox.say(session, address, letter, now=now)
    messages.reply(session, patient, "See you at 2pm.", by=worker, now=now)
    referral = referrals.open_one(session, patient.id)
    assert referral is not None
    return patient, referral


def test_stop_ends_the_rhythm_and_drops_routine_letters(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, referral = _with_plans(session, now)
        endings.stop(session, patient, now=now)
        assert not consent.allows(session, patient.id, consent.CONTACT)
        plan = check_ins.plan_of(session, patient.id)
        assert plan is not None and plan.ended_at == now
        assert set(session.scalars(select(CheckIn.state))) == {check_ins.SKIPPED}
        # What a worker wrote to them before is still theirs to read.
        assert _letters(session) == ["conversation/from-worker"]
        assert referral.state == referrals.SUPPORTED


def test_no_to_messages_ends_the_rhythm_and_drops_routine_letters(
    room: Path, now: datetime
) -> None:
    with db.write() as session:
        patient, referral = _with_plans(session, now)
        chat = session.scalars(select(Address)).one()
        endings.refuse_contact(session, chat, now=now)
        assert consent.state_of(session, patient.id, consent.CONTACT) == consent.WITHDRAWN
        assert set(session.scalars(select(CheckIn.state))) == {check_ins.SKIPPED}
        assert _letters(session) == ["conversation/from-worker"]
        assert asking.ask_due(session, now=now + timedelta(days=30)) == 0
        assert referral.state == referrals.SUPPORTED


def test_stopping_twice_changes_nothing_more(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _ = _with_plans(session, now)
        endings.stop(session, patient, now=now)
        endings.stop(session, patient, now=now)
        assert consent.state_of(session, patient.id, consent.CONTACT) == consent.WITHDRAWN


def test_stop_by_somebody_who_never_said_yes_is_a_no(room: Path, now: datetime) -> None:
    with db.write() as session:
        worker = sample.team(session, now=now)["worker"]
        referral = sample.referral(session, now=now)
        patient = session.get_one(Patient, referral.patient_id)
        endings.stop(session, patient, by=worker.id, now=now)
        assert consent.state_of(session, patient.id, consent.CONTACT) == consent.REFUSED


def test_leaving_withdraws_the_referral_and_its_links(room: Path, now: datetime) -> None:
    with db.write() as session:
        referral = sample.referral(session, now=now)
        issued = invitations.invite(session, referral, by="system", now=now)
        patient = session.get_one(Patient, referral.patient_id)
        endings.leave(session, patient, now=now)
        assert referral.state == referrals.WITHDRAWN
        with pytest.raises(NotFound):
            invitations.find(session, issued.token, now=now)
        endings.leave(session, patient, now=now)  # nothing left to withdraw


def test_an_open_alert_outlives_every_ending(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _ = _with_plans(session, now)
        alert = alerts.raise_(session, alerts.Cause(Colour.RED, "danger", patient.id), now=now)
        endings.leave(session, patient, now=now)
        assert alert.state in alerts.OPEN and alert.due_at is not None


def test_the_end_is_told_with_its_reason(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, referral = _with_plans(session, now)
        endings.end(session, patient, referral, reason="helped", by="system", now=now)
        assert referral.state == referrals.CLOSED
        assert _letters(session) == ["conversation/from-worker", endings.GOODBYE]
        letter = session.scalars(select(LetterRow).where(LetterRow.page == endings.GOODBYE)).one()
        assert letter.values["reason_words"] == "You have the support you came for."


@pytest.mark.parametrize("reason", referrals.SILENT)
def test_after_a_death_or_a_move_not_one_letter_leaves(
    room: Path, now: datetime, reason: str
) -> None:
    with db.write() as session:
        patient, referral = _with_plans(session, now)
        endings.end(session, patient, referral, reason=reason, by="system", now=now)
        assert _letters(session) == []
        assert asking.ask_due(session, now=now + timedelta(days=30)) == 0
        assert _letters(session) == []


def test_no_goodbye_where_it_is_not_safe(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, referral = _with_plans(session, now)
        patient.safe_to_message = False
        endings.end(session, patient, referral, reason="helped", by="system", now=now)
        assert endings.GOODBYE not in _letters(session)


def test_no_goodbye_to_somebody_who_said_stop(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, referral = _with_plans(session, now)
        endings.stop(session, patient, now=now)
        endings.end(session, patient, referral, reason="other", by="system", now=now)
        assert endings.GOODBYE not in _letters(session)


def test_every_reason_that_is_told_has_words(room: Path, now: datetime) -> None:
    told = [reason for reason in referrals.REASONS if reason not in referrals.SILENT]
    for number, reason in enumerate(told):
        with db.write() as session:
            patient, _ = sample.patient(
                session, now=now, chat_id=str(number), name=f"Sample {number}"
            )
            referral = referrals.open_one(session, patient.id)
            assert referral is not None
            endings.end(session, patient, referral, reason=reason, by="system", now=now)
            mine = (LetterRow.page == endings.GOODBYE, LetterRow.patient_id == patient.id)
            assert session.scalars(select(LetterRow).where(*mine)).one().values["reason_words"]


def test_a_reason_outside_the_list_changes_nothing(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, referral = _with_plans(session, now)
        with pytest.raises(BadInput):
            endings.end(session, patient, referral, reason="fed up", by="system", now=now)
        assert referral.state == referrals.SUPPORTED
