"""Words between a patient and their case workers, in both directions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from waiting_room import audit, letter_queue, outbox
from waiting_room.care import alerts, consent, people, pushes, referrals
from waiting_room.care.colours import Colour
from waiting_room.errors import BadInput, Refused
from waiting_room.letters import Letter
from waiting_room.models import (
    Address,
    Alert,
    AlertEvent,
    CheckIn,
    LetterRow,
    Message,
    Note,
    Patient,
    Staff,
)
from waiting_room.models.address import WEB_CHAT
from waiting_room.savepoints import attempt

UNSENT = "not safe to message"
FROM_WORKER = "conversation/from-worker"
# Fits one Telegram message (4,096) with the words of the page around it.
LIMIT = 3_000
# An open page shows a letter in seconds: after a minute nobody is looking.
KNOCK_AFTER = timedelta(minutes=1)


def write_to(
    session: Session, patient: Patient, letter: Letter, *, now: datetime
) -> LetterRow | None:
    """Say something to a person where they were heard last. When no address lives, or it is not
    safe to write, a worker hears of it instead, and None comes back: that is not silence."""
    address = people.address_of(session, patient.id)
    if address is None:
        ask_to_phone(session, patient.id, now=now)
        return None
    row = pushes.push(session, address, letter, now=now)
    if row is None:
        tell_of_unsent(session, patient.id, now=now)
    return row


def ask_to_phone(session: Session, patient_id: str, *, now: datetime) -> None:
    """No message reaches this person: somebody must phone them."""
    alerts.raise_(session, alerts.Cause(Colour.GREEN, "cannot be reached", patient_id), now=now)


def tell_of_unsent(session: Session, patient_id: str, *, now: datetime) -> None:
    """Something was due that is not safe to send: somebody must reach this person another way."""
    alerts.raise_(session, alerts.Cause(Colour.GREEN, UNSENT, patient_id), now=now)


def reply(
    session: Session, patient: Patient, text: str, *, by: Staff, now: datetime
) -> LetterRow | None:
    """A case worker's words to a patient. Everything they had sent us counts as read."""
    words = text.strip()
    if not words or len(words) > LIMIT:
        raise BadInput("text", f"Write between 1 and {LIMIT:,} characters.")
    if not referrals.is_safe_to_message(session, patient.id):
        raise Refused("It is not safe to message this person. Please phone.")
    if not _may_write(session, patient.id):
        raise Refused("They asked us to send no more messages. Please phone.")
    audit.record(session, by=by.id, did="wrote to", to=("patient", patient.id), now=now)
    mark_read(session, patient.id, by=by.id, now=now)
    values = {"worker": people.shown(by.name), "text": words}
    return write_to(session, patient, Letter(FROM_WORKER, values), now=now)


def _may_write(session: Session, patient_id: str) -> bool:
    """After "stop" a worker only answers what the person wrote to them since."""
    answer = consent.newest(session, patient_id, consent.CONTACT)
    if answer is None or answer.state == consent.GIVEN:
        return True
    since = (Message.patient_id == patient_id, Message.is_for_worker, Message.at > answer.at)
    return session.scalar(select(Message.id).where(*since).limit(1)) is not None


def for_worker(message: Message) -> None:
    """Mark what a person said as meant for their case worker: it shows as unread."""
    message.is_for_worker = True


def mark_read(session: Session, patient_id: str, *, by: str, now: datetime) -> None:
    """A case worker has read everything this person wrote."""
    unread = (Message.patient_id == patient_id, Message.read_at.is_(None))
    session.execute(update(Message).where(*unread).values(read_at=now, read_by=by))


def unread(session: Session, patient_ids: list[str]) -> dict[str, int]:
    """How many messages wait to be read, by patient."""
    waiting = (Message.is_for_worker, Message.read_at.is_(None))
    query = select(Message.patient_id, func.count()).where(*waiting)
    rows = session.execute(query.where(Message.patient_id.in_(patient_ids)).group_by("patient_id"))
    return {str(patient_id): count for patient_id, count in rows}


@dataclass(frozen=True)
class Moment:
    """One thing in a person's timeline: something said, asked, noted or done."""

    at: datetime
    kind: str
    row: Message | LetterRow | Note | CheckIn


def timeline(session: Session, patient: Patient, *, limit: int = 50) -> list[Moment]:
    """Everything both sides saw, newest first, with notes and answers between."""
    places = [a.id for a in people.addresses(session, patient.id)]
    said = select(Message).where(Message.address_id.in_(places)).order_by(Message.at.desc())
    if not consent.allows(session, patient.id, consent.WORKER):
        # Without their yes a worker sees what was written to a worker, and what raised an alert.
        said = said.where(or_(Message.is_for_worker, Message.id.in_(what_raised(patient.id))))
    sent = select(LetterRow).where(LetterRow.address_id.in_(places))
    sent = sent.order_by(LetterRow.made_at.desc())
    notes = select(Note).where(Note.patient_id == patient.id).order_by(Note.at.desc())
    asked = select(CheckIn).where(CheckIn.patient_id == patient.id)
    asked = asked.where(CheckIn.answered_at.is_not(None)).order_by(CheckIn.answered_at.desc())
    found = [Moment(m.at, "said", m) for m in session.scalars(said.limit(limit))]
    found += [Moment(r.made_at, "letter", r) for r in session.scalars(sent.limit(limit))]
    found += [Moment(n.at, "note", n) for n in session.scalars(notes.limit(limit))]
    found += [
        Moment(c.answered_at or c.due_at, "check-in", c)
        for c in session.scalars(asked.limit(limit))
    ]
    return sorted(found, key=lambda moment: (moment.at, moment.row.id), reverse=True)[:limit]


def what_raised(patient_id: str) -> Select[str]:
    """The ids of everything that raised an alert of this person, or joined one."""
    events = select(AlertEvent.cause_id).join(Alert, Alert.id == AlertEvent.alert_id)
    return events.where(Alert.patient_id == patient_id)


def unseen_pages(session: Session, *, now: datetime, limit: int = 50) -> list[Address]:
    """Web chats with something waiting, nobody looking, and no knock since they last looked."""
    waiting = (LetterRow.channel == WEB_CHAT, letter_queue.in_state(outbox.QUEUED))
    old = LetterRow.made_at <= now - KNOCK_AFTER
    places = select(LetterRow.address_id).where(*waiting, old).distinct()
    seen = func.coalesce(Address.seen_at, Address.made_at)
    away = (Address.id.in_(places), seen < now - timedelta(seconds=people.LIVE_PAGE_SECONDS))
    # One knock for all that waits: a mailbox full of "You have a message" would be noise, and a
    # clue.
    quiet = (Address.knocked_at.is_(None)) | (Address.knocked_at < seen)
    return list(session.scalars(select(Address).where(*away, quiet).limit(limit)))


def knock(session: Session, address: Address, *, now: datetime) -> None:
    """Tell somebody whose page is not open that a message waits. Without a mailbox that is safe to
    write to a worker phones."""
    address.knocked_at = now
    if address.patient_id is None:
        return
    # One whose mailbox cannot be read keeps no other waiting.
    if not attempt(session, partial(_knock, session, address, now=now), what="a knock"):
        ask_to_phone(session, address.patient_id, now=now)


def _knock(session: Session, address: Address, *, now: datetime) -> None:
    patient = session.get_one(Patient, address.patient_id)
    if patient.email and referrals.is_safe_to_message(session, patient.id):
        outbox.knock(session, address, patient.email, link="/chat", now=now)
    else:
        ask_to_phone(session, patient.id, now=now)
