"""Sample people and their stories, made with the product's own verbs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from waiting_room import permissions
from waiting_room.care import consent, conversations, duty, invitations, providers, referrals
from waiting_room.care.intake import Intake
from waiting_room.models import Address, Patient, Referral, Staff, StaffChannel, new_id
from waiting_room.models.staff import CASE_WORKER, COORDINATOR

INTAKE: dict[str, Any] = {
    "name": "Sample Alex",
    "birth_date": date(1958, 3, 27),
    "source": "gp",
    "reason": "Lives alone since spring and would like company.",
    "area": "LS6",
    "phone": "+447700900123",
    "email": "alex@example.org",
    "referrer": "Sample Surgery, 0113 496 0123",
    "needs": ("loneliness",),
}


def staff(
    session: Session, name: str = "Sample Sam", *, role: str = CASE_WORKER, now: datetime
) -> Staff:
    """A staff member with a mail channel that was proved."""
    email = f"{name.split()[-1].lower()}@example.org"
    person = Staff(
        id=new_id(),
        organisation_id=providers.here(session).organisation_id,
        name=name,
        email=email,
        role=role,
        made_at=now,
    )
    session.add(person)
    session.flush()
    channel(session, person, "email", email, now=now)
    return person


def channel(
    session: Session, person: Staff, kind: str, place: str, *, now: datetime
) -> StaffChannel:
    """A proved channel of a staff member."""
    hashed = conversations.chat_hash(kind, place)
    row = StaffChannel(
        id=new_id(), staff_id=person.id, kind=kind, place=place, place_hash=hashed, proved_at=now
    )
    session.add(row)
    session.flush()
    return row


def team(session: Session, *, now: datetime) -> dict[str, Staff]:
    """A worker, a backup and a duty lead, each on their rung."""
    people = {
        "worker": staff(session, "Sample Sam", now=now),
        "backup": staff(session, "Sample Kim", now=now),
        "lead": staff(session, "Sample Pat", role=COORDINATOR, now=now),
    }
    duty.stand(session, people["backup"].id, duty.BACKUP, since=now)
    duty.stand(session, people["lead"].id, duty.LEAD, since=now)
    return people


def referral(session: Session, *, now: datetime, **changes: Any) -> Referral:
    """A received referral of Sample Alex, or of whoever the changes make them."""
    return referrals.receive(session, Intake(**INTAKE | changes), by="system", now=now)


def patient(
    session: Session,
    *,
    now: datetime,
    chat_id: str = "7234567890",
    channel: str = "telegram",
    worker: Staff | None = None,
    **changes: Any,
) -> tuple[Patient, Address]:
    """Somebody who joined, said yes to everything and stands in the home menu."""
    received = referral(session, now=now, **changes)
    issued = invitations.invite(session, received, by="system", now=now)
    address = conversations.address(session, channel, chat_id, now=now)
    invitation = invitations.find(session, issued.token, now=now)
    invitations.join(session, invitation.id, issued.pin, address, now=now)
    for purpose in consent.PURPOSES:
        consent.answer(session, address, purpose, yes=True, now=now)
    referrals.move(session, received, referrals.WAITING, by="system", now=now)
    conversations.go(address, "home")
    person = session.get_one(Patient, received.patient_id)
    if worker is not None:
        referrals.assign(session, person, worker, by="system", now=now)
    return person, address


def lead_of(session: Session, person: Patient, worker: Staff, *, now: datetime) -> None:
    """Let this worker see the patient as their case worker."""
    role = permissions.LEAD
    permissions.share(session, person.id, role=role, why="assigned", now=now, holder=worker)
