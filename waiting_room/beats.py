"""The last sign of life of each loop, of each process: noted in memory, kept in a table.

A loop notes its beat each time round. Beats are kept on wall time, so that a jump of the demo's
care time looks like no outage.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from waiting_room import process
from waiting_room.models import Beat
from waiting_room.settings import Settings

SILENT_AFTER = timedelta(seconds=60)
STORED_EVERY = timedelta(seconds=20)
RETIRED_AFTER = timedelta(days=1)
SAME_TIME = timedelta(seconds=5)
SCHEDULER, PROOF = "scheduler", "proof of life"
LANES = ("lane telegram", "lane staff_telegram", "lane email")
BACKUP, BACKUP_FAILED = "backup", "backup failed"
# Whichever process last did it speaks for the room.
OF_THE_ROOM = (SCHEDULER, PROOF, BACKUP, BACKUP_FAILED)
# Moments that are kept here and are no loop's: nobody expects the next.
NO_LOOPS = (PROOF, BACKUP, BACKUP_FAILED)

_noted: dict[str, datetime] = {}


def note(name: str, *, wall: datetime) -> None:
    """This loop is alive."""
    _noted[name] = wall


def keep(session: Session) -> int:
    """Store what was noted since the last time; returns how many loops."""
    noted = {_row(name): at for name, at in _noted.items()}
    for name, at in noted.items():
        row = session.get(Beat, name)
        if row is None:
            session.add(Beat(name=name, at=at))
        else:
            # Another process may have kept a later beat of the room.
            row.at = max(row.at, at)
    return len(noted)


def mark(session: Session, name: str, at: datetime) -> None:
    """Keep a moment under this name, for every process to see."""
    session.merge(Beat(name=name, at=at))


def all_of(session: Session) -> dict[str, datetime]:
    """The last beat of the room and of every loop, which is called `loop@process`."""
    return {beat.name: beat.at for beat in session.scalars(select(Beat))}


def proved(session: Session) -> datetime | None:
    """When the room last showed that every promise is kept; None when it never did."""
    found = session.get(Beat, PROOF)
    return found.at if found else None


def required(settings: Settings) -> list[str]:
    """The loops without which this room is not well, whichever process runs them."""
    tokens = {"patients": settings.telegram_token, "staff": settings.staff_telegram_token}
    polls = settings.telegram_mode == "polling"
    pollers = [f"poller {bot}" for bot, token in tokens.items() if token and polls]
    return ["ticks", "clock", "inbox", *LANES, *pollers]


def missing(session: Session, required: Iterable[str], *, wall: datetime) -> list[str]:
    """Which of these loops no process runs any more: one that lives is enough."""
    # What is stored is a little behind; our own we know as of now.
    since = wall - SILENT_AFTER - STORED_EVERY
    alive = {name for name, at in all_of(session).items() if at >= since}
    alive |= {name for name, at in _noted.items() if at >= wall - SILENT_AFTER}
    return [loop for loop in required if loop not in {name.split("@")[0] for name in alive}]


def silent(session: Session, *, wall: datetime) -> list[str]:
    """Loops, as `loop@process`, that have not beaten for a minute and were not retired: somebody
    should look, but another process may well do their work."""
    # A name nobody uses any more goes quiet by itself in a day.
    quiet = {name: wall - at for name, at in all_of(session).items() if name not in NO_LOOPS}
    return sorted(n for n, q in quiet.items() if SILENT_AFTER + STORED_EVERY < q < RETIRED_AFTER)


def leave(session: Session) -> None:
    """The loops of this process end as they should, and nobody need miss them."""
    # The scheduler's beat stays: the next start measures the time away by it.
    names = {_row(name) for name in _noted} - set(OF_THE_ROOM)
    session.execute(delete(Beat).where(Beat.name.in_(names)))
    forget()


def retire(session: Session, *, wall: datetime) -> None:
    """Forget processes that are long gone."""
    gone = Beat.name.not_in(OF_THE_ROOM), Beat.at < wall - RETIRED_AFTER
    session.execute(delete(Beat).where(*gone))


def put_back(session: Session, *, wall: datetime) -> timedelta:
    """The clock was put back: forget beats that are to come, or a dead loop would look alive until
    then. Returns how far ahead they were."""
    for name, at in list(_noted.items()):
        if at > wall:
            del _noted[name]
    latest = max(all_of(session).values(), default=wall)
    # Two machines never show quite the same time.
    if latest <= wall + SAME_TIME:
        return timedelta()
    session.execute(delete(Beat).where(Beat.at > wall))
    return latest - wall


def _row(name: str) -> str:
    return name if name in OF_THE_ROOM else f"{name}@{process.NAME}"


def forget() -> None:
    """Forget what was noted in this process."""
    _noted.clear()
