"""The last sign of life of each loop: noted in memory, kept in a table by a tick.

A loop notes its beat each time round. Beats are kept on wall time, so that a jump of the demo's
care time looks like no outage.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room.models import Beat

SILENT_AFTER = timedelta(seconds=60)

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
            row.at = max(row.at, at)
    return len(noted)


def all_of(session: Session) -> dict[str, datetime]:
    """The last beat of every loop, of every process."""
    return {beat.name: beat.at for beat in session.scalars(select(Beat))}


def silent(*, wall: datetime, needed: tuple[str, ...]) -> list[str]:
    """The loops of this process that have not beaten for a minute."""
    never = wall - 2 * SILENT_AFTER
    return [name for name in needed if wall - _noted.get(name, never) > SILENT_AFTER]


def forget() -> None:
    """Forget every loop of this process: it is stopping."""
    _noted.clear()
