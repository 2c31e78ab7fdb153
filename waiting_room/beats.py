"""The last sign of life of each loop: noted in memory, kept in a table by a tick.

A loop notes its beat each time round. Beats are kept on wall time, so that a jump of the demo's
care time looks like no outage.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from waiting_room.models import Beat

SILENT_AFTER = timedelta(seconds=60)
STORED_EVERY = timedelta(seconds=20)
RETIRED_AFTER = timedelta(days=1)
SCHEDULER, PROOF = "scheduler", "proof of life"

_noted: dict[str, datetime] = {}


def note(name: str, *, wall: datetime) -> None:
    """This loop is alive."""
    _noted[name] = wall


def keep(session: Session) -> int:
    """Store what was noted since the last time; returns how many loops."""
    noted = dict(_noted)
    for name, at in noted.items():
        row = session.get(Beat, name)
        if row is None:
            session.add(Beat(name=name, at=at))
        else:
            # Another process may have kept a later beat of a loop by the same name.
            row.at = max(row.at, at)
    return len(noted)


def all_of(session: Session) -> dict[str, datetime]:
    """The last beat of every loop, of every process."""
    return {beat.name: beat.at for beat in session.scalars(select(Beat))}


def silent(session: Session, *, wall: datetime) -> list[str]:
    """The loops, of any process, that have not beaten for a minute and were not retired."""
    # What is stored is a little behind. A name nobody uses any more goes quiet by itself in a day.
    quiet = {name: wall - at for name, at in all_of(session).items() if name != PROOF}
    return sorted(n for n, q in quiet.items() if SILENT_AFTER + STORED_EVERY < q < RETIRED_AFTER)


def leave(session: Session) -> None:
    """The loops of this process end as they should, and nobody need miss them."""
    # The scheduler's beat stays: the next start measures the time away by it.
    names = set(_noted) - {SCHEDULER, PROOF}
    session.execute(delete(Beat).where(Beat.name.in_(names)))
    forget()


def forget() -> None:
    """Forget what was noted in this process."""
    _noted.clear()
