"""Claims letters that are due and settles what came of them. Only delivery calls this.

Sending is at least once. A letter being sent is held by a lease and a fence, so a sender that died
or woke too late changes nothing. Routine letters of one line are claimed one after the other.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import Counter
from sqlalchemy import case, update
from sqlalchemy.orm import Session

from waiting_room import keyring, letter_queue, library
from waiting_room.crypto import CannotOpen
from waiting_room.errors import NotFound
from waiting_room.letters import Priority
from waiting_room.models import LetterRow
from waiting_room.outbox import (
    DROPPED,
    FAILED,
    NOWHERE,
    QUEUED,
    SENDING,
    SENT,
    TOO_LATE,
    UNCERTAIN,
    wake,
)

log = logging.getLogger(__name__)

# What carries letters out of the house; a web chat shows its own when its page is opened.
CARRIERS = ("telegram", "staff_telegram", "email")
# Longer than any channel may take (22 s): a letter still on its way is nobody else's yet.
LEASE = timedelta(seconds=30)
# Seconds before the next try after a passing failure; the last one repeats. With the fifteen a try
# may hang, no minute goes by without one.
RETRY = (1, 2, 5, 10, 20, 45)
# Somewhere below the full pause, so that a thousand letters do not knock in the same moment.
AT_LEAST = 0.75
# A routine letter is given up after so long, and a person is told. Only its own tries count: one
# that merely waited while Telegram was away has all of them left.
GIVE_UP, GIVE_UP_TRIES = timedelta(hours=24), 10
# Told on the desk, and to the reader: this letter may be there twice.
TWICE = "may have arrived twice"
NO_PAGE = library.Page("", "", "", "", "", "", {})
UNSEEN = {"synchronize_session": False}
LETTERS = Counter(
    "waiting_room_letters", "Letters by channel and by what became of them", ("channel", "end")
)


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
    made_at: datetime
    is_repeat: bool
    broken: str = ""
    """Why this one can only fail: what it needs cannot be read."""

    @property
    def is_drill(self) -> bool:
        """Whether this letter is for nobody, and only asks whether its channel works."""
        return self.place == NOWHERE

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

    def ids(self, session: Session, *, limit: int, locking: bool) -> list[str]:
        """These letters: first what a dead sender left behind, then what is queued."""
        chosen = vars(self) | {"limit": limit}
        found: list[str] = []
        for look in letter_queue.looks(only_crisis=self.only_crisis, locking=locking):
            found += session.scalars(look, chosen)
        return found[:limit]


def waiting(session: Session, due: Due) -> bool:
    """Whether a letter could be claimed: a look that takes no lock."""
    return bool(due.ids(session, limit=1, locking=False))


def claim(session: Session, due: Due, *, limit: int = 20) -> list[Parcel]:
    """Take letters that are due, most urgent first."""
    ids = due.ids(session, limit=limit, locking=True)
    if not ids:
        return []
    taken = {
        "state": SENDING,
        "lease_until": due.wall + LEASE,
        # A sender that wakes after its lease holds an older number, and settles nothing.
        "fence": LetterRow.fence + 1,
        "tries": LetterRow.tries + 1,
        # What a dead sender had in its hands may have arrived.
        "why": case((LetterRow.state == SENDING, TWICE), else_=LetterRow.why),
    }
    take = update(LetterRow).where(LetterRow.id.in_(ids)).values(taken)
    rows = session.scalars(take.returning(LetterRow), execution_options=UNSEEN).all()
    keyring.current().ready({row.owner for row in rows})
    found = (_parcel(session, row, now=due.now) for row in sorted(rows, key=_urgency))
    return [parcel for parcel in found if parcel is not None]


def take_over(session: Session, channel: str, *, wall: datetime) -> None:
    """Whoever sent on this channel before is gone: what they left on its way is free at once."""
    left = (LetterRow.channel == channel, LetterRow.state == SENDING, LetterRow.lease_until > wall)
    session.execute(update(LetterRow).where(*left).values(lease_until=wall))


def sent(session: Session, parcel: Parcel, message_id: str, *, now: datetime) -> bool:
    """It left. False when somebody else holds the letter now."""
    # Cut to what there is room for: a mark that is refused sends the letter again and again.
    done = {"state": SENT, "settled_at": now, "channel_message_id": message_id[:40]}
    return _settle(session, parcel, done | {"lease_until": None})


def all_sent(session: Session, left: Sequence[tuple[Parcel, str]], *, now: datetime) -> None:
    """These left: the same for many at once. A letter that somebody else holds is passed over."""
    rows = [
        {"letter": parcel.letter_id, "held": parcel.fence, "number": number, "at": now}
        for parcel, number in left
    ]
    session.connection().execute(letter_queue.mark_sent(), rows)


def later(
    session: Session,
    parcel: Parcel,
    *,
    now: datetime,
    seconds: float | None = None,
    tried: bool = True,
) -> bool:
    """It could not leave yet: again after a pause that grows with each try."""
    pause = seconds or pause_after(parcel.tries)
    again = {"state": QUEUED, "due_at": now + timedelta(seconds=pause), "lease_until": None}
    return _settle(session, parcel, again | {"tries": parcel.tries - (not tried)})


def failed(session: Session, parcel: Parcel, why: str, *, now: datetime) -> bool:
    """It will never leave by this address."""
    return _settle(session, parcel, {"state": FAILED, "why": why[:60], "settled_at": now})


def uncertain(session: Session, parcel: Parcel, *, now: datetime) -> bool:
    """It may have left: a routine letter is not sent a second time."""
    return _settle(session, parcel, {"state": UNCERTAIN, "settled_at": now})


def again(session: Session, parcel: Parcel, *, now: datetime) -> bool:
    """It may have left, and may not be given up: it goes once more, and says so."""
    due = now + timedelta(seconds=pause_after(parcel.tries))
    queued = {"state": QUEUED, "due_at": due, "lease_until": None, "why": TWICE}
    return _settle(session, parcel, queued)


def is_hopeless(parcel: Parcel, *, now: datetime) -> bool:
    """Whether this letter was tried for so long that a person must take over from it."""
    old = parcel.made_at + GIVE_UP <= now
    return old and parcel.tries >= GIVE_UP_TRIES and not parcel.is_crisis


def pause_after(tries: int) -> float:
    """Seconds until the next try of what was tried so often."""
    return RETRY[min(tries, len(RETRY)) - 1] * random.uniform(AT_LEAST, 1)


def _settle(session: Session, parcel: Parcel, values: dict[str, Any]) -> bool:
    mine = (LetterRow.id == parcel.letter_id, LetterRow.fence == parcel.fence)
    result = session.execute(
        # By condition, not by memory: whoever came too late changes no row and is told so.
        update(LetterRow).where(*mine, LetterRow.state == SENDING).values(values)
    )
    return bool(result.rowcount == 1)  # type: ignore[attr-defined]


def _urgency(row: LetterRow) -> tuple[int, datetime, str]:
    return row.priority, row.due_at, row.id


def _parcel(session: Session, row: LetterRow, *, now: datetime) -> Parcel | None:
    """What is to be sent; None for what is dropped. One bad row holds up no other."""
    # "How are you?" of yesterday reads like a machine that did not listen.
    if row.stale_at and row.stale_at <= now and row.priority != Priority.CRISIS:
        _drop(session, row, now=now)
        return None
    words, broken = _words(session, row)
    return Parcel(
        letter_id=row.id,
        fence=row.fence,
        channel=row.channel,
        **words,
        priority=row.priority,
        tries=row.tries,
        made_at=row.made_at,
        is_repeat=row.why == TWICE,
        broken=broken,
    )


def _words(session: Session, row: LetterRow) -> tuple[dict[str, Any], str]:
    """What a letter says and where to, and why it cannot be told."""
    nothing = {"place": "", "page": NO_PAGE, "values": {}, "choices": [], "keys": ""}
    try:
        place, offered = row.place, row.choices or {"rows": [], "keys": ""}
        page, values = library.by_digest(session, row.digest), row.values or {}
    except NotFound:
        return nothing, "its page is gone"
    except CannotOpen:
        return nothing, "it cannot be opened"
    # Sealed with a key that was destroyed meanwhile: the person was erased.
    if place is None:
        return nothing, "the place was erased"
    told = {"choices": offered["rows"], "keys": offered["keys"]}
    return told | {"place": str(place), "page": page, "values": values}, ""


def _drop(session: Session, row: LetterRow, *, now: datetime) -> None:
    row.state, row.why, row.settled_at, row.lease_until = DROPPED, TOO_LATE, now, None
    # Those behind it in the line can go now.
    wake(session)
    LETTERS.labels(row.channel, DROPPED).inc()
    log.warning("letter %s dropped: %s", row.id, TOO_LATE)
