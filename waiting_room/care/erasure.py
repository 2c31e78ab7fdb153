"""Being forgotten: what a person said and was told goes, and their key with it.

Alerts stay as ids and verbs, the referral as a count. What is left cannot be read by anybody, in
this database or in a copy of it: the key is destroyed (DESIGN, sealing).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from waiting_room import audit, crypto, keyring
from waiting_room.care import alerts, referrals, rhythms
from waiting_room.errors import NotFound, Refused
from waiting_room.models import (
    Address,
    Alert,
    Button,
    CheckIn,
    InboxUpdate,
    Invitation,
    Kinship,
    LetterRow,
    Message,
    Note,
    Patient,
    Referral,
    SearchHash,
    Share,
)

GONE = "erased"
SEALED_IN_A_REFERRAL = (
    "referrer_sealed",
    "gp_practice_sealed",
    "reason_sealed",
    "risks_sealed",
    "reach_sealed",
)
LOOK_AGAIN = timedelta(days=1)


def erase(session: Session, patient_id: str, *, by: str, now: datetime) -> None:
    """Erase one person's words and fields. `finish` then destroys their keys.

    Raises Refused while an alert is open: a person closes it first.
    """
    # Held in full: an alert that is being raised about them waits, or is seen below.
    patient = session.get(Patient, patient_id, with_for_update=True)
    if patient is None or patient.erased_at is not None:
        raise NotFound("There is no such person.")
    if alerts.open_for(session, patient_id) is not None:
        # Somebody in danger is not forgotten by a button: a person looks first (F31).
        raise Refused("An alert of this person is open. Close it first.")
    _forget(session, patient, by=by, now=now)


def erase_again(session: Session, destroyed: Collection[bytes], *, now: datetime) -> int:
    """A copy from before an erasure brought these people back: they go once more; how many."""
    known = select(Patient).where(Patient.erased_at.is_(None), Patient.name_sealed.is_not(None))
    back = [
        p for p in session.scalars(known) if crypto.key_id_of(p.name_sealed or b"") in destroyed
    ]
    for patient in back:
        # Somebody closed it before the erasure, and that was lost. Nobody can see it under a
        # person who is gone: it stays open without one, for somebody to look at.
        theirs = update(Alert).where(Alert.patient_id == patient.id, Alert.state.in_(alerts.OPEN))
        session.execute(theirs.values(patient_id=None, address_id=None))
        _forget(session, patient, by=audit.SYSTEM, now=now)
    return len(back)


def _forget(session: Session, patient: Patient, *, by: str, now: datetime) -> None:
    patient_id = patient.id
    _end_everything(session, patient_id, by=by, now=now)
    _empty(session, patient, now=now)
    for kind in (Message, LetterRow, Note, SearchHash, Invitation, Share, Kinship):
        session.execute(delete(kind).where(kind.patient_id == patient_id))
    _forget_chats(session, patient_id, now=now)
    audit.record(session, by=by, did="erased", to=("patient", patient_id), now=now)


def finish(session: Session, *, now: datetime) -> int:
    """Destroy the keys of everybody erased, then drop what pointed at them; safe to repeat."""
    waiting = unfinished(session)
    for patient_id, chats in waiting:
        # Chats have keys of their own, from before we knew whose they were.
        for owner in (patient_id, *chats):
            keyring.current().destroy(owner, now=now)
        gone = {"name_sealed": None}
        session.execute(update(Patient).where(Patient.id == patient_id).values(gone))
        # Somebody may have written between the erasing and now: their key is gone all the same.
        _forget_chats(session, patient_id, now=now)
        places = select(Address.id).where(Address.patient_id == patient_id)
        points = update(Alert).where(Alert.address_id.in_(places)).values(address_id=None)
        session.execute(points)
        session.execute(delete(Address).where(Address.patient_id == patient_id))
    return len(waiting)


def unfinished(session: Session) -> list[tuple[str, list[str]]]:
    """People erased whose keys may still be there: their id and the owners of their chats' keys."""
    erased = select(Patient.id).where(Patient.erased_at.is_not(None))
    named = session.scalars(erased.where(Patient.name_sealed.is_not(None)))
    found: dict[str, list[str]] = {patient_id: [] for patient_id in named}
    for address in session.scalars(select(Address).where(Address.patient_id.in_(erased))):
        found.setdefault(str(address.patient_id), []).append(address.sealed_for)
    return list(found.items())


def forget_overdue(session: Session, *, now: datetime) -> int:
    """Referrals nobody accepted in 30 days end, and the person is erased; the count stays. Somebody
    we owe more than an answer is kept: an open alert first, a time in the room always."""
    ended = 0
    for referral in referrals.overdue(session, now=now):
        if alerts.open_for(session, referral.patient_id) is not None:
            referral.due_at = now + LOOK_AGAIN
            continue
        referral.due_at = None
        referrals.move(session, referral, referrals.EXPIRED, by=audit.SYSTEM, now=now)
        if not referrals.was_accepted(session, referral.patient_id):
            erase(session, referral.patient_id, by=audit.SYSTEM, now=now)
        ended += 1
    return ended


def _end_everything(session: Session, patient_id: str, *, by: str, now: datetime) -> None:
    """Nothing is asked any more, and nobody is counted as waiting."""
    rhythms.end(session, patient_id, why=GONE, now=now)
    while (referral := referrals.open_one(session, patient_id)) is not None:
        referral.due_at = None
        referrals.move(session, referral, referrals.WITHDRAWN, by=by, now=now)
        session.flush()


def _empty(session: Session, patient: Patient, *, now: datetime) -> None:
    # The sealed name stays until the key is destroyed: it marks the person as not finished.
    patient.erased_at = now
    for field in ("birth_date", "nhs_number", "phone", "email"):
        setattr(patient, field, None)
    patient.area = ""
    blank = dict.fromkeys(SEALED_IN_A_REFERRAL)
    rows = Referral.patient_id == patient.id
    session.execute(update(Referral).where(rows).values(blank))
    answers = {"answer_sealed": None, "comment_sealed": None}
    session.execute(update(CheckIn).where(CheckIn.patient_id == patient.id).values(answers))


def _forget_chats(session: Session, patient_id: str, *, now: datetime) -> None:
    chats = session.scalars(select(Address).where(Address.patient_id == patient_id)).all()
    for chat in chats:
        session.execute(delete(Message).where(Message.address_id == chat.id))
        session.execute(delete(LetterRow).where(LetterRow.address_id == chat.id))
        session.execute(delete(Button).where(Button.address_id == chat.id))
        # The keys of the inbox stay: an update that comes again must not take effect again.
        said = InboxUpdate.chat_hash == chat.chat_hash
        session.execute(update(InboxUpdate).where(said).values(body_sealed=None))
        chat.chat_id = chat.carried = chat.keys = None
        chat.dead_at, chat.dead_why = now, GONE
