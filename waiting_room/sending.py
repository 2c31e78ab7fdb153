"""Claims letters that are due and settles what came of them. Only delivery calls this.

Sending is at least once. A letter being sent is held by a lease and a fence, so a sender that died
or woke too late changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from waiting_room import library
from waiting_room.errors import NotFound
from waiting_room.letters import Priority
from waiting_room.models import LetterRow
from waiting_room.outbox import DROPPED, FAILED, QUEUED, SENDING, SENT, TOO_LATE, UNCERTAIN

# Longer than any channel may take (22 s): a letter still on its way is nobody else's yet.
LEASE = timedelta(seconds=30)
# Seconds before the next try after a passing failure; the last one repeats.
RETRY = (1, 2, 5, 10, 20, 40, 60)


@dataclass(frozen=True)
class Parcel:
    """A claimed letter with all a channel needs to send it, and no need of the database."""

    letter_id: str
    fence: int
    channel: str
    place: str
    page: library.Page
    values: dict[str, str]
    choices: list[list[dict[str, str]]]
    keys: str
    priority: int
    tries: int
    answers: str | None

    @property
    def is_crisis(self) -> bool:
        """Whether this letter may never be given up."""
        return self.priority == Priority.CRISIS


@dataclass(frozen=True)
class Due:
    """Which letters may leave now. Leases run on wall time, due dates on care time, so that a jump
    of the demo's clock sends nothing twice."""

    channel: str
    now: datetime
    wall: datetime
    only_crisis: bool = False

    @property
    def where(self) -> list[ColumnElement[bool]]:
        """The conditions for these letters."""
        free = or_(LetterRow.state == QUEUED, LetterRow.lease_until < self.wall)
        due = [LetterRow.state.in_((QUEUED, SENDING)), free, LetterRow.due_at <= self.now]
        urgent = [LetterRow.priority == Priority.CRISIS] if self.only_crisis else []
        return [*due, LetterRow.channel == self.channel, *urgent]


def waiting(session: Session, due: Due) -> bool:
    """Whether a letter could be claimed: a look that takes no lock."""
    return session.scalar(select(LetterRow.id).where(*due.where).limit(1)) is not None


def claim(session: Session, due: Due, *, limit: int = 20) -> list[Parcel]:
    """Take letters that are due, most urgent first."""
    query = (
        select(LetterRow)
        .where(*due.where)
        .order_by(LetterRow.priority, LetterRow.due_at, LetterRow.id)
        .limit(limit)
        # On PostgreSQL what another process is claiming is passed over, not waited for.
        .with_for_update(skip_locked=True)
    )
    parcels = []
    for row in session.scalars(query):
        ends = _cannot_leave(session, row, now=due.now)
        if ends:
            row.state, row.why = ends
            row.settled_at, row.lease_until = due.now, None
            continue
        row.state, row.lease_until = SENDING, due.wall + LEASE
        # A sender that wakes after its lease holds an older number, and settles nothing.
        row.fence += 1
        row.tries += 1
        parcels.append(_parcel(session, row))
    return parcels


def take_over(session: Session, channel: str, *, wall: datetime) -> None:
    """Whoever sent on this channel before is gone: what they left on its way is free at once."""
    left = (LetterRow.channel == channel, LetterRow.state == SENDING, LetterRow.lease_until > wall)
    session.execute(update(LetterRow).where(*left).values(lease_until=wall))


def sent(session: Session, parcel: Parcel, message_id: str, *, now: datetime) -> bool:
    """It left. False when somebody else holds the letter now."""
    # Cut to what there is room for: a mark that is refused sends the letter again and again.
    done = {"state": SENT, "settled_at": now, "channel_message_id": message_id[:40]}
    return _settle(session, parcel, done | {"lease_until": None})


def later(session: Session, parcel: Parcel, *, now: datetime, seconds: float | None = None) -> bool:
    """It could not leave yet: try again after a pause that grows."""
    pause = seconds or pause_after(parcel.tries)
    again = {"state": QUEUED, "due_at": now + timedelta(seconds=pause), "lease_until": None}
    return _settle(session, parcel, again)


def failed(session: Session, parcel: Parcel, why: str, *, now: datetime) -> bool:
    """It will never leave by this address."""
    return _settle(session, parcel, {"state": FAILED, "why": why[:60], "settled_at": now})


def uncertain(session: Session, parcel: Parcel, *, now: datetime) -> bool:
    """It may have left: a routine letter is not sent a second time."""
    return _settle(session, parcel, {"state": UNCERTAIN, "settled_at": now})


def again(
    session: Session, parcel: Parcel, *, now: datetime, page: library.Page | None = None
) -> bool:
    """It may have left, and may not be given up: it goes once more, in words that say so."""
    due = now + timedelta(seconds=pause_after(parcel.tries))
    values = {"state": QUEUED, "due_at": due, "lease_until": None}
    marked = {"page": page.key, "digest": page.digest} if page else {}
    return _settle(session, parcel, values | marked)


def put_back(session: Session, *, now: datetime, wall: datetime) -> None:
    """The clock was put back: nothing waits for a moment that is to come a second time."""
    waits = update(LetterRow).where(LetterRow.state == QUEUED, LetterRow.due_at > now)
    session.execute(waits.values(due_at=now))
    held = update(LetterRow).where(LetterRow.lease_until > wall + LEASE)
    session.execute(held.values(lease_until=wall + LEASE))


def pause_after(tries: int) -> int:
    """Seconds until the next try of a letter that was tried so often."""
    return RETRY[min(tries, len(RETRY)) - 1]


def _cannot_leave(session: Session, row: LetterRow, *, now: datetime) -> tuple[str, str] | None:
    """Why a claimed letter goes nowhere; one bad row must not hold up the others."""
    # "How are you?" of yesterday reads like a machine that did not listen.
    if row.stale_at and row.stale_at <= now and row.priority != Priority.CRISIS:
        return DROPPED, TOO_LATE
    # Sealed with a key that was destroyed meanwhile: the person was erased.
    if row.place is None:
        return FAILED, "the place was erased"
    try:
        library.by_digest(session, row.digest)
    except NotFound:
        return FAILED, "its page is gone"
    return None


def _settle(session: Session, parcel: Parcel, values: dict[str, Any]) -> bool:
    mine = (LetterRow.id == parcel.letter_id, LetterRow.fence == parcel.fence)
    result = session.execute(
        # By condition, not by memory: whoever came too late changes no row and is told so.
        update(LetterRow).where(*mine, LetterRow.state == SENDING).values(values)
    )
    return bool(result.rowcount == 1)  # type: ignore[attr-defined]


def _parcel(session: Session, row: LetterRow) -> Parcel:
    offered = row.choices or {"rows": [], "keys": ""}
    return Parcel(
        letter_id=row.id,
        fence=row.fence,
        channel=row.channel,
        place=str(row.place or ""),
        page=library.by_digest(session, row.digest),
        values=row.values or {},
        choices=offered["rows"],
        keys=offered["keys"],
        priority=row.priority,
        tries=row.tries,
        answers=row.answers,
    )
