"""Yes or no to each use of a person's data: five purposes, rows only added, the newest counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room import audit, library
from waiting_room.care import states
from waiting_room.models import Address, Consent, Patient, new_id

CONTACT, WORKER, PARTNERS, REFERRER, GROUPS = "contact", "worker", "partners", "referrer", "groups"
PURPOSES = (CONTACT, WORKER, PARTNERS, REFERRER, GROUPS)
NOT_ASKED, GIVEN, REFUSED, WITHDRAWN = "not-asked", "given", "refused", "withdrawn"
MOVES = {
    NOT_ASKED: frozenset({GIVEN, REFUSED}),
    # Given may be given again: the page was changed meanwhile, and the new words count now.
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
    patient_id, before = address.patient_id, state_of(session, address.patient_id, purpose)
    after = GIVEN if yes else _no_after(before)
    states.check_move(MOVES, "consent", before, after)
    shown = library.page(page_for(purpose), address.language)
    row = _row(patient_id, purpose, after, shown=shown, channel=address.channel, by=patient_id)
    return _add(session, row, now=now)


def withdraw(
    session: Session, patient: Patient, purpose: str, *, by: str, now: datetime
) -> Consent:
    """Take a yes back without the chat: by "stop", or by a worker at the person's wish."""
    after = _no_after(state_of(session, patient.id, purpose))
    shown = library.page(page_for(purpose), patient.language)
    channel = "chat" if by == patient.id else "desk"
    row = _row(patient.id, purpose, after, shown=shown, channel=channel, by=by)
    return _add(session, row, now=now)


def state_of(session: Session, patient_id: str, purpose: str) -> str:
    """Where this person stands on one purpose."""
    return current(session, patient_id)[purpose]


def current(session: Session, patient_id: str) -> dict[str, str]:
    """Where this person stands on every purpose."""
    # Rows are never changed: the law asks to show who agreed to which words, and when.
    rows = select(Consent).where(Consent.patient_id == patient_id).order_by(Consent.at, Consent.id)
    found = {row.purpose: row.state for row in session.scalars(rows)}
    return {purpose: found.get(purpose, NOT_ASKED) for purpose in PURPOSES}


def newest(session: Session, patient_id: str, purpose: str) -> Consent | None:
    """The last answer to one purpose, with its words and time; None when nobody asked yet."""
    mine = (Consent.patient_id == patient_id, Consent.purpose == purpose)
    query = select(Consent).where(*mine).order_by(Consent.at.desc(), Consent.id.desc())
    return session.scalars(query.limit(1)).first()


def allows(session: Session, patient_id: str, purpose: str) -> bool:
    """Whether the person said yes, and has not taken it back."""
    return state_of(session, patient_id, purpose) == GIVEN


def _no_after(before: str) -> str:
    return WITHDRAWN if before in (GIVEN, WITHDRAWN) else REFUSED


def _row(
    patient_id: str, purpose: str, state: str, *, shown: library.Page, channel: str, by: str
) -> Consent:
    return Consent(
        id=new_id(),
        patient_id=patient_id,
        purpose=purpose,
        state=state,
        page=shown.key,
        digest=shown.digest,
        language=shown.language,
        channel=channel,
        by=by,
    )


def _add(session: Session, row: Consent, *, now: datetime) -> Consent:
    row.at = now
    session.add(row)
    session.flush()
    did, patient = f"{row.state} consent: {row.purpose}", ("patient", row.patient_id)
    audit.record(session, by=row.by, did=did, to=patient, now=now)
    return row
