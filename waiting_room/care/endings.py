"""How a time in this room ends: by a worker, or because the person says stop or leave.

An ending never closes an alert: what somebody must look at stays with the person until a person
closes it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from waiting_room import audit, library, outbox
from waiting_room.care import consent, invitations, people, pushes, referrals, rhythms
from waiting_room.letters import Letter, Priority
from waiting_room.models import Address, Patient, Referral

GOODBYE = "conversation/goodbye"


def stop(session: Session, patient: Patient, *, now: datetime, by: str = "") -> None:
    """No routine word any more: contact is withdrawn, nothing planned is asked, nothing queued
    goes out. The person keeps their place. `by` is a staff id when it is done on their behalf."""
    who = by or patient.id
    consent.withdraw(session, patient, consent.CONTACT, by=who, now=now)
    _fall_silent(session, patient.id, why="stopped", now=now)
    audit.record(session, by=who, did="stopped", to=("patient", patient.id), now=now)


def refuse_contact(session: Session, address: Address, *, now: datetime) -> None:
    """ "No" to "May we send you messages here?": from this moment it is as after a stop."""
    patient_id = str(address.patient_id)
    consent.answer(session, address, consent.CONTACT, yes=False, now=now)
    _fall_silent(session, patient_id, why="said no", now=now)


def leave(session: Session, patient: Patient, *, now: datetime, by: str = "") -> None:
    """Stop, and give up the place in the wait."""
    stop(session, patient, now=now, by=by)
    referral = referrals.open_one(session, patient.id)
    if referral is not None:
        referral.due_at = None
        referrals.move(session, referral, referrals.WITHDRAWN, by=by or patient.id, now=now)
        invitations.revoke(session, referral.id, now=now)


def end(
    session: Session, patient: Patient, referral: Referral, *, reason: str, by: str, now: datetime
) -> None:
    """A worker closes the referral: check-ins stop and the person is told why.

    Nobody is told after a death or a move: then even queued replies are dropped. Raises BadInput
    for a reason that is not in the list.
    """
    referrals.close(session, referral, reason=reason, by=by, now=now)
    invitations.revoke(session, referral.id, now=now)
    silent = reason in referrals.SILENT
    least = Priority.REPLY if silent else Priority.CHECK_IN
    _fall_silent(session, patient.id, why=reason, now=now, least=least)
    if not silent:
        _say_goodbye(session, patient, referral, now=now)


def _fall_silent(
    session: Session,
    patient_id: str,
    *,
    why: str,
    now: datetime,
    least: Priority = Priority.CHECK_IN,
) -> None:
    rhythms.end(session, patient_id, why=why, now=now)
    outbox.drop_for(session, patient_id, why=why, now=now, least=least)


def _say_goodbye(session: Session, patient: Patient, referral: Referral, *, now: datetime) -> None:
    """Only where words may go: after a "stop" a goodbye would be a harm."""
    address = people.address_of(session, patient.id)
    wanted = consent.allows(session, patient.id, consent.CONTACT)
    if address is None or not wanted:
        return
    reasons = library.page(GOODBYE, address.language).meta.get("reasons") or {}
    words = str(reasons.get(referral.reason_code) or "")
    pushes.push(session, address, Letter(GOODBYE, {"reason_words": words}), now=now)
