"""One patient's record as a case worker may see it, and what a stranger wrote to us.

Without the person's yes to "my worker sees this", a worker sees what was written to a worker and
what raised an alert, and nothing else the person said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room.care import alerts, caseload, check_ins, consent, messages, people, referrals
from waiting_room.models import (
    Address,
    CheckIn,
    CheckInPlan,
    Consent,
    Kinship,
    LetterRow,
    Message,
    Patient,
    Referral,
    Staff,
)
from waiting_room.models.staff import ADMINISTRATOR, CASE_WORKER, COORDINATOR

SHORT, LONG = 40, 400
# Letters a worker sees in any case: their own, and those about an alert.
OURS = ("conversation/from-worker", "conversation/goodbye", "conversation/alert-", "crisis/")


@dataclass(frozen=True)
class Record:
    """What the page of one person shows."""

    patient: Patient
    referrals: list[Referral]
    worker: Staff | None
    alert: caseload.OpenAlert | None
    consents: dict[str, Consent | None]
    plan: CheckInPlan | None
    address: Address | None
    timeline: list[messages.Moment]
    check_ins: list[CheckIn]
    names: dict[str, str]
    unread: int

    @property
    def referral(self) -> Referral | None:
        """The newest referral that has not ended."""
        return next((r for r in self.referrals if r.state in referrals.OPEN), None)

    @property
    def latest(self) -> Referral | None:
        """The newest referral, open or not."""
        return self.referrals[0] if self.referrals else None

    @property
    def shares_words(self) -> bool:
        """Whether the person said yes to their worker seeing messages and answers."""
        answer = self.consents[consent.WORKER]
        return answer is not None and answer.state == consent.GIVEN


def read(session: Session, patient: Patient, *, now: datetime, limit: int = SHORT) -> Record:
    """The record of a patient the caller was allowed to fetch."""
    alert = alerts.open_for(session, patient.id)
    query = select(Referral).where(Referral.patient_id == patient.id)
    return Record(
        patient=patient,
        referrals=list(session.scalars(query.order_by(Referral.received_at.desc()))),
        worker=referrals.worker_of(session, patient.id, now=now),
        alert=caseload.one_alert(session, alert, now=now) if alert else None,
        consents=consents(session, patient.id),
        plan=check_ins.plan_of(session, patient.id),
        address=people.address_of(session, patient.id),
        timeline=timeline(session, patient, limit=limit),
        check_ins=answers(session, patient),
        names=names(session),
        unread=messages.unread(session, [patient.id]).get(patient.id, 0),
    )


def timeline(session: Session, patient: Patient, *, limit: int = SHORT) -> list[messages.Moment]:
    """Everything both sides saw that this person lets a worker see, newest first."""
    found = messages.timeline(session, patient, limit=limit)
    if consent.allows(session, patient.id, consent.WORKER):
        return found
    raised = set(session.scalars(messages.what_raised(patient.id)))
    return [moment for moment in found if _is_ours(moment, raised)]


def answers(session: Session, patient: Patient) -> list[CheckIn]:
    """The check-ins a worker may see, oldest first."""
    found = check_ins.history(session, patient.id)
    if consent.allows(session, patient.id, consent.WORKER):
        return found
    raised = set(session.scalars(messages.what_raised(patient.id)))
    return [row for row in found if row.id in raised]


def consents(session: Session, patient_id: str) -> dict[str, Consent | None]:
    """The newest answer to every purpose; None where nobody asked yet."""
    return {purpose: consent.newest(session, patient_id, purpose) for purpose in consent.PURPOSES}


def names(session: Session) -> dict[str, str]:
    """What every staff member is called, by id."""
    rows = session.execute(select(Staff.id, Staff.name))
    return {staff_id: people.shown(name) for staff_id, name in rows}


def assignable(session: Session, patient_id: str) -> list[Staff]:
    """Who can be this person's case worker, by name; never themself or a relative."""
    roles = (CASE_WORKER, COORDINATOR, ADMINISTRATOR)
    related = select(Kinship.staff_id).where(Kinship.patient_id == patient_id)
    query = select(Staff).where(Staff.is_active, Staff.role.in_(roles), Staff.id.not_in(related))
    return list(session.scalars(query.order_by(Staff.name)))


def at_address(session: Session, address_id: str, *, limit: int = SHORT) -> list[messages.Moment]:
    """What was said at one chat, by both sides: all we know of a stranger."""
    said = select(Message).where(Message.address_id == address_id)
    sent = select(LetterRow).where(LetterRow.address_id == address_id)
    newest_said = session.scalars(said.order_by(Message.at.desc()).limit(limit))
    newest_sent = session.scalars(sent.order_by(LetterRow.made_at.desc()).limit(limit))
    found = [messages.Moment(row.at, "said", row) for row in newest_said]
    found += [messages.Moment(letter.made_at, "letter", letter) for letter in newest_sent]
    return sorted(found, key=lambda moment: moment.at, reverse=True)[:limit]


def _is_ours(moment: messages.Moment, raised: set[str]) -> bool:
    row = moment.row
    if isinstance(row, Message):
        return row.is_for_worker or row.id in raised
    if isinstance(row, LetterRow):
        return row.page.startswith(OURS)
    return not isinstance(row, CheckIn) or row.id in raised
