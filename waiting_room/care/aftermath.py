"""What a room owes people after it was put back from a copy: the time in between is lost.

Nothing that was waiting to leave goes out by itself: most of it left long ago. Alerts that were
open climb at once, because nobody can tell what became of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from waiting_room import audit, keyring, letter_queue, outbox, permissions
from waiting_room.care import alerts, erasure
from waiting_room.care.colours import Colour
from waiting_room.errors import NotFound
from waiting_room.models import (
    Alert,
    AlertEvent,
    LetterRow,
    SignInLink,
    Staff,
    StaffSession,
)

WHY = "the room was restored"
RESTORED = "restored from a copy"
HELD = (letter_queue.in_state(outbox.HELD), LetterRow.why == WHY)
SHOWN = 100


@dataclass(frozen=True)
class Owed:
    """What came of putting the room back."""

    held: int
    climbing: int
    erased: int


def hold_letters(session: Session, *, now: datetime) -> None:
    """Nothing old leaves by itself: what was written to people is held until somebody decides."""
    gone = {"why": WHY, "settled_at": now, "lease_until": None}
    sending = update(LetterRow).where(LetterRow.state == outbox.SENDING)
    session.execute(sending.values(gone | {"state": outbox.UNCERTAIN}))
    # Open alerts call again by themselves, in fresh notices; settled ones must call nobody.
    notices = LetterRow.state == outbox.QUEUED, LetterRow.patient_id.is_(None)
    session.execute(update(LetterRow).where(*notices).values(gone | {"state": outbox.DROPPED}))
    letters = update(LetterRow).where(LetterRow.state == outbox.QUEUED)
    session.execute(letters.values(state=outbox.HELD, why=WHY))


def settle(session: Session, *, lost_since: datetime, now: datetime) -> Owed:
    """Erase again, call again, and tell everybody which time is lost."""
    erased = erasure.erase_again(session, keyring.current().destroyed(), now=now)
    waiting = update(Alert).where(Alert.state.in_(alerts.OPEN))
    climbing = session.execute(waiting.values(due_at=now)).rowcount  # type: ignore[attr-defined]
    # Somebody may have been signed out or let go meanwhile: everybody signs in anew.
    for kind in (StaffSession, SignInLink):
        session.execute(delete(kind))
    alert = alerts.raise_(session, alerts.Cause(Colour.AMBER, RESTORED), now=now)
    # What a copy of a copy said before is no news: the newest event counts.
    gap = {"from": lost_since.isoformat(), "until": now.isoformat()}
    row = AlertEvent(alert_id=alert.id, verb=RESTORED, by=audit.SYSTEM, details=gap, at=now)
    session.add(row)
    audit.record(session, by=audit.SYSTEM, did="restored", to=("room", "copy"), now=now)
    return Owed(held_letters(session), climbing, erased)


def lost_time(session: Session) -> tuple[datetime, datetime] | None:
    """From when until when words are lost, while somebody still has to see to it."""
    # Of the open alerts only: events are kept for years.
    ours = select(Alert.id).where(Alert.kind == RESTORED, Alert.state.in_(alerts.OPEN))
    known = select(AlertEvent).where(AlertEvent.alert_id.in_(ours), AlertEvent.verb == RESTORED)
    event = session.scalars(known.order_by(AlertEvent.at.desc()).limit(1)).first()
    if event is None:
        return None
    return (
        datetime.fromisoformat(event.details["from"]),
        datetime.fromisoformat(event.details["until"]),
    )


def held_letters(session: Session) -> int:
    """How many letters wait for somebody to decide."""
    return session.scalar(select(func.count()).select_from(LetterRow).where(*HELD)) or 0


def held_for(session: Session, staff: Staff, *, now: datetime) -> list[LetterRow]:
    """The held letters to people this person sees, oldest first."""
    seen = permissions.sees(staff, LetterRow.patient_id, now=now)
    mine = select(LetterRow).where(*HELD, seen)
    return list(session.scalars(mine.order_by(LetterRow.id).limit(SHOWN)))


def decide(session: Session, staff: Staff, letter_id: str, *, send: bool, now: datetime) -> None:
    """A held letter leaves now, or never. Raises NotFound when there is none such for them."""
    seen = permissions.sees(staff, LetterRow.patient_id, now=now)
    one = select(LetterRow).where(*HELD, seen, LetterRow.id == letter_id)
    row = session.scalars(one.with_for_update()).first()
    if row is None:
        raise NotFound("There is no such letter.")
    if send:
        row.state, row.why, row.due_at, row.stale_at = outbox.QUEUED, "", now, None
        outbox.wake(session)
    else:
        row.state, row.settled_at = outbox.DROPPED, now
    did = "sent a held letter" if send else "dropped a held letter"
    audit.record(session, by=staff.id, did=did, to=("patient", str(row.patient_id)), now=now)
