"""What follows when a letter will never leave: whoever counted on it hears of it in another way.

No address reached is not silence, and a dead channel is not a person who was told.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room import bell, db, outbox
from waiting_room.care import alerts, conversations, duty, messages, providers
from waiting_room.care.colours import Colour
from waiting_room.letters import Priority
from waiting_room.models import Address, Alert, LetterRow, Patient

DEAD_CHANNEL, MAY_BE_LOST = "staff channel dead", "message may be lost"


def follow_up(session: Session, letter_id: str, why: str, *, gone: bool, now: datetime) -> None:
    """This letter failed for good. `gone`: nobody is reached at its address any more."""
    letter = session.get_one(LetterRow, letter_id)
    if letter.staff_channel_id:
        _staff(session, letter, why, gone=gone, now=now)
    elif letter.address_id:
        _person(session, letter, why, gone=gone, now=now)


def doubt(session: Session, letter_id: str, *, now: datetime) -> None:
    """This letter may not have arrived, and is not sent twice. A machine's words are said again
    when the person writes or the next asking comes; a worker's own would be missed by nobody."""
    letter = session.get_one(LetterRow, letter_id)
    patient = session.get(Patient, letter.patient_id) if letter.patient_id else None
    if letter.page == messages.FROM_WORKER and patient is not None and patient.erased_at is None:
        what = {"what": "letter", "what_id": letter.id}
        cause = alerts.Cause(Colour.GREEN, MAY_BE_LOST, patient.id, **what)
        alerts.raise_(session, cause, now=now)


def nothing_arrived(session: Session, patient_id: str, *, since: datetime) -> bool:
    """Whether no asking since then surely reached this person: then their silence says nothing."""
    askings = (LetterRow.patient_id == patient_id, LetterRow.made_at >= since)
    query = select(LetterRow.state).where(*askings, LetterRow.priority == Priority.CHECK_IN)
    states = set(session.scalars(query))
    return bool(states) and states <= {outbox.UNCERTAIN, outbox.FAILED, outbox.DROPPED}


def _person(session: Session, letter: LetterRow, why: str, *, gone: bool, now: datetime) -> None:
    address = session.get_one(Address, letter.address_id)
    # A knock goes by mail for a web chat: a dead mailbox says nothing about the chat.
    if gone and address.channel == letter.channel:
        conversations.bury(address, why, now=now)
    patient = session.get(Patient, letter.patient_id) if letter.patient_id else None
    if patient is not None and patient.erased_at is None:
        messages.ask_to_phone(session, patient.id, now=now)


def _staff(session: Session, letter: LetterRow, why: str, *, gone: bool, now: datetime) -> None:
    channel_id = str(letter.staff_channel_id)
    # Looked at before it is buried, so that one dead channel is reported once and not for each
    # letter.
    living = any(c.id == channel_id for c in duty.channels_of(session, str(letter.staff_id)))
    if gone:
        duty.bury(session, channel_id, why, now=now)
    alert = session.get(Alert, letter.alert_id) if letter.alert_id else None
    if alert is not None and not _somebody_told(session, letter):
        _hasten(session, alert, gone=gone, now=now)
    if gone and living:
        # Whoever looks after the staff puts it right; a team without a channel cannot be told.
        what = {"what": "staff_channel", "what_id": channel_id}
        alerts.raise_(session, alerts.Cause(Colour.GREEN, DEAD_CHANNEL, **what), now=now)


def _somebody_told(session: Session, letter: LetterRow) -> bool:
    """Whether another notice of the same step has left, or still may."""
    same_step = (LetterRow.alert_id == letter.alert_id, LetterRow.made_at == letter.made_at)
    # Uncertain counts as hope: perhaps it arrived, and hurrying on would skip a person who knows.
    hope = LetterRow.state.not_in((outbox.FAILED, outbox.DROPPED))
    other = select(LetterRow.id).where(*same_step, hope, LetterRow.id != letter.id)
    return session.scalar(other.limit(1)) is not None


def _hasten(session: Session, alert: Alert, *, gone: bool, now: datetime) -> None:
    """Nobody of this step could be told: the next step is due now, not after its wait.

    A channel that is gone dies once. One that only refused would refuse each round again, so it
    hurries the first round alone, in the hours in which there is a next person.
    """
    waits = alert.state in (alerts.RAISED, alerts.NOTIFYING)
    staffed = providers.is_staffed(providers.here(session), now=now)
    if not waits or not (gone or (staffed and alert.rounds == 0)):
        return
    alert.due_at = min(alert.due_at or now, now)
    db.ring(session, bell.ALERTS)
