"""Writes down what came of letters, and what follows from it, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from waiting_room import library, sending
from waiting_room.care import undelivered
from waiting_room.channels.contract import Later, NotSent, Permanent, Unsure
from waiting_room.kill_points import reached
from waiting_room.sending import Parcel

# Routine letters are marked in groups: at most so many copies after a kill, and one disk write.
GROUP = 20
# The page that says "you may have seen this", for notices that may have arrived already.
REPEATS = {"staff/alert-telegram": "staff/alert-again"}


@dataclass(frozen=True)
class Outcome:
    """What came of one letter. `bare`: write down only that, because more failed before."""

    parcel: Parcel
    message_id: str = ""
    trouble: NotSent | None = None
    bare: bool = False


def groups(outcomes: Iterable[Outcome]) -> Iterator[list[Outcome]]:
    """What goes into one transaction: many plain marks, but each crisis letter and each failure
    alone, so that neither waits for the others nor takes them down with it."""
    group: list[Outcome] = []
    for outcome in outcomes:
        alone = outcome.bare or isinstance(outcome.trouble, Permanent)
        if alone or outcome.parcel.is_crisis:
            yield [outcome]
            continue
        group.append(outcome)
        if len(group) == GROUP:
            yield group
            group = []
    if group:
        yield group


def write_down(session: Session, outcome: Outcome, *, now: datetime) -> bool:
    """Settle one letter. False when somebody else holds it now, and nothing was written."""
    parcel, trouble = outcome.parcel, outcome.trouble
    if isinstance(trouble, Permanent):
        mine = sending.failed(session, parcel, trouble.why, now=now)
        # What follows (a dead address, a task to phone) is done in the transaction of the mark: a
        # kill between the two would leave a person unreached and nobody asked to phone.
        if mine and not outcome.bare:
            why, gone = trouble.why, trouble.gone
            undelivered.follow_up(session, parcel.letter_id, why, gone=gone, now=now)
            reached("failure written")
        return mine
    if isinstance(trouble, Later):
        return sending.later(session, parcel, now=now, seconds=trouble.seconds)
    if isinstance(trouble, Unsure):
        return _unsure(session, parcel, now=now)
    return sending.sent(session, parcel, outcome.message_id, now=now)


def _unsure(session: Session, parcel: Parcel, *, now: datetime) -> bool:
    """Better a crisis letter twice than never; better a routine one never than twice."""
    if not parcel.is_crisis:
        return sending.uncertain(session, parcel, now=now)
    repeat = REPEATS.get(parcel.page.key)
    page = library.page(repeat, parcel.page.language) if repeat else None
    return sending.again(session, parcel, now=now, page=page)
