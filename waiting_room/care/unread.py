"""Words for a case worker that nobody reads in the time we promised: then others are called."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from waiting_room.care import alerts, duty, messages
from waiting_room.care.colours import Colour
from waiting_room.models import Message
from waiting_room.savepoints import attempt

NOT_READ = "message not read"
TRY_AGAIN = timedelta(hours=1)


def await_reading(session: Session, message: Message, *, now: datetime) -> None:
    """This is for a case worker, and must be read by the time the person is told of."""
    messages.for_worker(message)
    message.read_due_at = duty.read_by(session, Colour.GREEN, now=now)


def is_any_overdue(session: Session, *, now: datetime) -> bool:
    """Whether `chase` would find anything: a look that takes no lock."""
    return session.scalar(select(Message.id).where(*_overdue(now)).limit(1)) is not None


def chase(session: Session, *, now: datetime, limit: int = 25) -> int:
    """Raise an AMBER alert for words nobody read in time, once for each; returns how many."""
    query = select(Message).where(*_overdue(now)).order_by(Message.read_due_at).limit(limit)
    told = 0
    for row in session.scalars(query.with_for_update(skip_locked=True)).all():
        done = attempt(session, partial(_tell, session, row, now=now), what="unread words")
        # One that cannot be told of keeps no other waiting.
        row.read_due_at = None if done else now + TRY_AGAIN
        told += done
    return told


def _overdue(now: datetime) -> tuple[ColumnElement[bool], ...]:
    living = (Message.patient_id.is_not(None), Message.read_at.is_(None))
    return Message.read_due_at <= now, *living


def _tell(session: Session, row: Message, *, now: datetime) -> None:
    what = {"what": "message", "what_id": row.id}
    cause = alerts.Cause(Colour.AMBER, NOT_READ, row.patient_id, row.address_id, **what)
    alerts.raise_(session, cause, now=now)
