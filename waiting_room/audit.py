"""Who did what to which record. Rows are only added; a tick seals them into a chain.

Each link is a keyed hash over the link before and the row, so an edited, deleted or swapped row
shows. A chain cannot see its own tail cut: the head is stored apart and sent to an anchor outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room import keyring
from waiting_room.models import AuditHead, AuditRow

SYSTEM = "system"
BATCH = 2_000


def record(session: Session, *, by: str, did: str, to: tuple[str, str], now: datetime) -> None:
    """Write down who did what to which record, in the transaction that did it.

    `by` is a staff id, a patient id or SYSTEM; `to` is (kind, id). Never a personal value.
    """
    # An act of nobody is a slip of ours; it fails here rather than in an inquiry.
    if not by:
        raise ValueError("every act has somebody who did it")
    session.add(AuditRow(by=by, did=did, to_kind=to[0], to_id=to[1], at=now))


def seal(session: Session, *, now: datetime) -> int:
    """Chain the rows that are not chained yet, oldest first; returns how many."""
    # Sealers take turns: two that chained at once would give two rows the same place.
    head = session.get(AuditHead, 1, with_for_update=True)
    if head is None:
        head = AuditHead(id=1, at=now)
        session.add(head)
        session.flush()
    # Chained afterwards and not when written: else every act in the room would wait for the one
    # before.
    loose = select(AuditRow).where(AuditRow.place.is_(None)).order_by(AuditRow.id).limit(BATCH)
    rows = session.scalars(loose).all()
    for row in rows:
        head.place += 1
        head.link = row.link = _link(head.link, head.place, row)
        row.place = head.place
    head.at = now
    return len(rows)


def head(session: Session) -> tuple[int, str]:
    """Where the chain ends now: what is anchored outside."""
    found = session.get(AuditHead, 1)
    return (found.place, found.link) if found else (0, "")


def verify(session: Session, *, anchor: tuple[int, str] | None = None) -> str:
    """An empty text when the chain is whole, else one line that names the first bad place."""
    expected, link = 0, ""
    for row in _chained(session):
        expected += 1
        if row.place != expected:
            return f"row {expected} is missing"
        link = _link(link, expected, row)
        if row.link != link:
            return f"row {expected} ({row.id}) was changed"
        if anchor and anchor[0] == expected and anchor[1] != link:
            return f"row {expected} does not fit the anchor: the chain was rewritten"
    if (expected, link) != head(session):
        return f"the chain ends at row {expected}, its head says {head(session)[0]}"
    if anchor and anchor[0] > expected:
        return f"the anchor saw row {anchor[0]}, the chain ends at row {expected}"
    return ""


def _chained(session: Session) -> Iterator[AuditRow]:
    rows = select(AuditRow).where(AuditRow.place.is_not(None)).order_by(AuditRow.place)
    yield from session.scalars(rows.execution_options(yield_per=BATCH))


def _link(before: str, place: int, row: AuditRow) -> str:
    words = (row.id, row.by, row.did, row.to_kind, row.to_id, row.at.isoformat())
    return keyring.current().signature(before, str(place), *words)
