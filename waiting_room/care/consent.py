"""Yes or no to each use of a person's data: five purposes, rows only added, the newest counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room import audit, library
from waiting_room.care import states
from waiting_room.models import Address, Consent, new_id

CONTACT, WORKER, PARTNERS, REFERRER, GROUPS = "contact", "worker", "partners", "referrer", "groups"
PURPOSES = (CONTACT, WORKER, PARTNERS, REFERRER, GROUPS)
NOT_ASKED, GIVEN, REFUSED, WITHDRAWN = "not-asked", "given", "refused", "withdrawn"
MOVES = {
    NOT_ASKED: frozenset({GIVEN, REFUSED}),
    GIVEN: frozenset({GIVEN, WITHDRAWN}),
    REFUSED: frozenset({GIVEN, REFUSED}),
    WITHDRAWN: frozenset({GIVEN, WITHDRAWN}),
}


def page_for(purpose: str) -> str:
    """The page that asks about this purpose."""
    return f"conversation/consent-{purpose}"


def answer(
    session: Session, address: Address, purpose: str, *, yes: bool, now: datetime
) -> Consent:
    """Record the person's own answer with the exact words they were shown."""
    assert address.patient_id is not None
    before = state_of(session, address.patient_id, purpose)
    after = GIVEN if yes else (WITHDRAWN if before in (GIVEN, WITHDRAWN) else REFUSED)
    states.check_move(MOVES, "consent", before, after)
    page = library.page(page_for(purpose), address.language)
    row = Consent(
        id=new_id(),
        patient_id=address.patient_id,
        purpose=purpose,
        state=after,
        page=page.key,
        digest=page.digest,
        language=page.language,
        channel=address.channel,
        by=address.patient_id,
        at=now,
    )
    session.add(row)
    session.flush()
    did, patient = f"{after} consent: {purpose}", ("patient", address.patient_id)
    audit.record(session, by=address.patient_id, did=did, to=patient, now=now)
    return row


def state_of(session: Session, patient_id: str, purpose: str) -> str:
    """Where this person stands on one purpose."""
    return current(session, patient_id)[purpose]


def current(session: Session, patient_id: str) -> dict[str, str]:
    """Where this person stands on every purpose."""
    rows = select(Consent).where(Consent.patient_id == patient_id).order_by(Consent.at, Consent.id)
    found = {row.purpose: row.state for row in session.scalars(rows)}
    return {purpose: found.get(purpose, NOT_ASKED) for purpose in PURPOSES}


def allows(session: Session, patient_id: str, purpose: str) -> bool:
    """Whether the person said yes, and has not taken it back."""
    return state_of(session, patient_id, purpose) == GIVEN
