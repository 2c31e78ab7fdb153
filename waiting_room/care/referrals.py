"""A referral from its receipt to its end, and the honest story of the wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room import audit, permissions
from waiting_room.care import hours, people, references, states
from waiting_room.care.intake import Intake
from waiting_room.care.providers import here
from waiting_room.errors import BadInput
from waiting_room.models import Patient, Referral, Share, Staff, new_id

RECEIVED, INVITED, WAITING, SUPPORTED = "received", "invited", "waiting", "supported"
CLOSED, DECLINED, WITHDRAWN = "closed", "declined", "withdrawn"
EXPIRED, MERGED = "expired", "merged"
MOVES = states.table(
    received="invited waiting declined withdrawn expired merged closed",
    invited="waiting declined withdrawn expired merged closed",
    waiting="supported withdrawn merged closed",
    supported="waiting withdrawn merged closed",
)
OPEN = (RECEIVED, INVITED, WAITING, SUPPORTED)
REASONS = (
    "helped",
    "not needed",
    "could not reach",
    "asked to leave",
    "moved away",
    "died",
    "other",
)
# Reasons after which not one more letter may go out.
SILENT = ("moved away", "died")
WHO_SEES_A_NEW_PERSON = {
    permissions.INTAKE: "not assigned yet",
    permissions.COORDINATION: "coordinators can always hand over",
}
# Nothing may be kept of somebody who never agreed to be here (DESIGN: before acceptance).
ANSWER_WITHIN = timedelta(days=30)


def receive(
    session: Session, intake: Intake, *, by: str, now: datetime, is_sample: bool = False
) -> Referral:
    """A new referral, and a record that holds the least until the person accepts."""
    provider = here(session)
    patient = people.enter(
        session,
        name=intake.name,
        birth_date=intake.birth_date,
        organisation_id=provider.organisation_id,
        now=now,
        is_sample=is_sample,
    )
    _describe(patient, intake, provider.time_zone)
    people.remember(session, patient)
    referral = _row(patient, intake, now)
    referral.reference = references.free(session, Referral.reference, length=6)
    session.add(referral)
    for role, why in WHO_SEES_A_NEW_PERSON.items():
        holder = provider.organisation_id
        permissions.share(session, patient.id, role=role, why=why, now=now, holder=holder)
    session.flush()
    audit.record(session, by=by, did="referred", to=("referral", referral.id), now=now)
    return referral


def move(session: Session, referral: Referral, state: str, *, by: str, now: datetime) -> None:
    """The one function that changes a referral's state."""
    # As it is now: of two who move it at the same moment, the second sees what the first one did.
    session.flush()
    session.refresh(referral, with_for_update=True)
    states.check_move(MOVES, "referral", referral.state, state)
    referral.state, referral.moved_at = state, now
    if state == WAITING:
        referral.accepted_at, referral.due_at = referral.accepted_at or now, None
    audit.record(session, by=by, did=f"moved to {state}", to=("referral", referral.id), now=now)


def accept(session: Session, referral: Referral, *, by: str, now: datetime) -> None:
    """The person said yes: they wait, or are in support if they have a case worker already."""
    move(session, referral, WAITING, by=by, now=now)
    if worker_of(session, referral.patient_id, now=now) is not None:
        move(session, referral, SUPPORTED, by=by, now=now)


def close(session: Session, referral: Referral, *, reason: str, by: str, now: datetime) -> None:
    """End a referral with a reason from the list; raises BadInput for another one."""
    if reason not in REASONS:
        raise BadInput("reason", "Choose a reason from the list.")
    referral.reason_code, referral.due_at = reason, None
    move(session, referral, CLOSED, by=by, now=now)


def open_one(session: Session, patient_id: str) -> Referral | None:
    """The person's newest referral that has not ended."""
    query = select(Referral).where(Referral.patient_id == patient_id, Referral.state.in_(OPEN))
    return session.scalars(query.order_by(Referral.received_at.desc()).limit(1)).first()


def assign(session: Session, patient: Patient, staff: Staff, *, by: str, now: datetime) -> None:
    """Give a person their case worker. The intake team's sight ends here. Raises Refused for
    somebody who may not see this person: a relative, or an editor."""
    permissions.check_lead(session, patient.id, staff)
    # One after the other: a person who is assigned twice at once would have two case workers.
    session.flush()
    session.refresh(patient, with_for_update={"key_share": True})
    lead = permissions.LEAD
    permissions.end_share(session, patient.id, role=lead, now=now)
    # The whole team saw a new person because nobody else did; now somebody does.
    permissions.end_share(session, patient.id, role=permissions.INTAKE, now=now)
    permissions.share(session, patient.id, role=lead, why="assigned", now=now, holder=staff)
    audit.record(session, by=by, did="assigned", to=("patient", patient.id), now=now)
    referral = open_one(session, patient.id)
    if referral is not None and referral.state == WAITING:
        move(session, referral, SUPPORTED, by=by, now=now)


def worker_of(session: Session, patient_id: str, *, now: datetime) -> Staff | None:
    """The person's case worker, if somebody is assigned."""
    held = (Share.patient_id == patient_id, Share.role == permissions.LEAD)
    runs = (Share.since <= now, Share.until.is_(None))
    query = select(Staff).join(Share, Share.staff_id == Staff.id).where(*held, *runs)
    return session.scalars(query.limit(1)).first()


def is_safe_to_message(session: Session, patient_id: str) -> bool:
    """False when others may read what reaches this person: so said whoever referred them, or
    somebody on the desk since."""
    return session.get_one(Patient, patient_id).safe_to_message


def was_accepted(session: Session, patient_id: str) -> bool:
    """Whether this person ever said yes to any referral of theirs."""
    theirs = (Referral.patient_id == patient_id, Referral.accepted_at.is_not(None))
    return session.scalar(select(Referral.id).where(*theirs).limit(1)) is not None


def overdue(session: Session, *, now: datetime) -> list[Referral]:
    """Referrals nobody accepted within 30 days: what they hold must go. Nobody accepts one of these
    any more while this transaction lasts."""
    late = (Referral.state.in_((RECEIVED, INVITED)), Referral.due_at <= now)
    query = select(Referral).where(*late).limit(100)
    return list(session.scalars(query.with_for_update(skip_locked=True)))


@dataclass(frozen=True)
class Wait:
    """What we can honestly tell a person about their wait."""

    source: str
    referred_on: str
    waiting_since: str
    holder: str
    has_worker: bool
    range: str


def wait_of(session: Session, patient: Patient, *, now: datetime) -> Wait | None:
    """The story of this person's wait, or None when they have no open referral."""
    referral = open_one(session, patient.id)
    if referral is None:
        return None
    provider, worker = here(session), worker_of(session, patient.id, now=now)
    zone = patient.time_zone
    accepted = referral.accepted_at or referral.received_at
    return Wait(
        source=referral.source,
        referred_on=hours.day_words(hours.local(referral.received_at, zone).date()),
        waiting_since=hours.day_words(hours.local(accepted, zone).date()),
        holder=worker.name if worker else provider.name,
        has_worker=worker is not None,
        range=provider.expected_wait,
    )


def _describe(patient: Patient, intake: Intake, time_zone: str) -> None:
    for field in ("nation", "area", "phone", "email", "nhs_number", "language"):
        setattr(patient, field, getattr(intake, field) or getattr(patient, field))
    patient.language = intake.language
    patient.safe_to_message = intake.safe_to_message
    patient.time_zone = time_zone


def _row(patient: Patient, intake: Intake, now: datetime) -> Referral:
    return Referral(
        id=new_id(),
        patient_id=patient.id,
        state=RECEIVED,
        source=intake.source,
        referrer=intake.referrer,
        gp_practice=intake.gp_practice,
        reason=intake.reason,
        needs=list(intake.needs),
        risks=intake.risks,
        reach=intake.reach,
        safe_to_message=intake.safe_to_message,
        agreed=intake.agreed,
        received_at=now,
        moved_at=now,
        due_at=now + ANSWER_WITHIN,
    )
