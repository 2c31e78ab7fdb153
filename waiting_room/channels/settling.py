"""Writes down what came of letters, and what follows from it, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from waiting_room import sending
from waiting_room.care import undelivered
from waiting_room.channels.contract import Later, NotSent, Permanent, Unsure
from waiting_room.kill_points import reached
from waiting_room.sending import Parcel

# Routine letters are claimed and marked in groups, one disk write for each. How many a kill may
# repeat is bounded elsewhere: by how many a lane has under way.
GROUP = 100


@dataclass(frozen=True)
class Outcome:
    """What came of one letter. `bare`: write down only that, because more failed before."""

    parcel: Parcel
    message_id: str = ""
    trouble: NotSent | None = None
    bare: bool = False


def judged(parcel: Parcel, trouble: NotSent, *, now: datetime) -> NotSent:
    """What to make of a trouble: what was tried for a day is final, and a person is told."""
    if isinstance(trouble, Later) and sending.is_hopeless(parcel, now=now):
        return Permanent("tried for a day")
    return trouble


def groups(outcomes: Iterable[Outcome]) -> Iterator[list[Outcome]]:
    """What goes into one transaction: many plain marks, but each crisis letter and each failure
    alone, so that neither waits for the others nor takes them down with it."""
    group: list[Outcome] = []
    for outcome in outcomes:
        alone = outcome.bare or isinstance(outcome.trouble, Permanent | Unsure)
        if alone or outcome.parcel.is_crisis:
            yield [outcome]
            continue
        group.append(outcome)
        if len(group) == GROUP:
            yield group
            group = []
    if group:
        yield group


def write_all_down(session: Session, outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """Settle letters that belong into one transaction."""
    left = [(one.parcel, one.message_id) for one in outcomes if one.trouble is None]
    if left:
        sending.all_sent(session, left, now=now)
    for outcome in outcomes:
        if outcome.trouble is not None:
            _write_trouble_down(session, outcome, outcome.trouble, now=now)
    reached("failure written", sum(isinstance(one.trouble, Permanent) for one in outcomes))


def _write_trouble_down(
    session: Session, outcome: Outcome, trouble: NotSent, *, now: datetime
) -> None:
    parcel = outcome.parcel
    if isinstance(trouble, Later):
        seconds, tried = trouble.seconds, trouble.tried
        sending.later(session, parcel, now=now, seconds=seconds, tried=tried)
        return
    # Better a crisis letter twice than never; better a routine one never than twice.
    if isinstance(trouble, Unsure) and parcel.is_crisis:
        sending.again(session, parcel, now=now)
        return
    # What follows (a dead address, a task to phone) is done in the transaction of the mark: a kill
    # between the two would leave a person unreached and nobody asked to phone.
    if isinstance(trouble, Unsure):
        if sending.uncertain(session, parcel, now=now) and not outcome.bare:
            undelivered.doubt(session, parcel.letter_id, now=now)
    elif isinstance(trouble, Permanent):
        mine = sending.failed(session, parcel, trouble.why, now=now)
        if mine and not outcome.bare:
            why, gone = trouble.why, trouble.gone
            undelivered.follow_up(session, parcel.letter_id, why, gone=gone, now=now)
