"""The clock was put back: what has happened has happened, and what was due in a minute still is.

Without this an alert would wait an hour longer, a consent taken back now would be older than the
one it takes back, and nobody would be told again of what "was just said" tomorrow.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Table, select, update
from sqlalchemy.orm import Session

from waiting_room.care import alerts, ladder
from waiting_room.models import Alert, Base, LetterRow
from waiting_room.models.base import UtcDateTime
from waiting_room.outbox import QUEUED
from waiting_room.sending import LEASE

LOOKS_AHEAD = {
    "due_at", "until", "next_at", "answer_by", "stale_at", "lease_until", "expires_at",
    "paused_until",
}  # fmt: skip
# Chained, in an order of their own, kept by the wall, or planned by people for days to come.
LEFT_ALONE = {"audit", "audit_head", "published_set", "lease", "beat", "absence"}
ENDED_AT_ONCE = "share"


def put_back(session: Session, *, by: timedelta, now: datetime, wall: datetime) -> None:
    """Set right what the rows say of moments that are to come again."""
    for table in Base.metadata.tables.values():
        for column in _past(table):
            ahead = update(table).where(column > now)
            session.execute(ahead.values({column.name: now}))
    for alert in session.scalars(select(Alert).where(Alert.state.in_(alerts.OPEN))):
        ladder.put_back(session, alert, by=by, now=now)
    _letters(session, now=now, wall=wall)


def _letters(session: Session, *, now: datetime, wall: datetime) -> None:
    """None waits for a moment that is to come a second time."""
    waits = update(LetterRow).where(LetterRow.state == QUEUED, LetterRow.due_at > now)
    session.execute(waits.values(due_at=now))
    held = update(LetterRow).where(LetterRow.lease_until > wall + LEASE)
    session.execute(held.values(lease_until=wall + LEASE))


def _past(table: Table) -> Iterator[Column[Any]]:
    """The columns that say when something was."""
    for column in table.columns if table.name not in LEFT_ALONE else ():
        ends = column.name in LOOKS_AHEAD and table.name != ENDED_AT_ONCE
        if isinstance(column.type, UtcDateTime) and not ends:
            yield column
