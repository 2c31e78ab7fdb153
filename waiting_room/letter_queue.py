"""What the database is asked about letters that are still to leave, so that an index answers it."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Update, bindparam, exists, or_, select, update
from sqlalchemy.orm import aliased
from sqlalchemy.orm.util import AliasedClass

from waiting_room.letters import Priority
from waiting_room.models import LetterRow
from waiting_room.outbox import QUEUED, SENDING, SENT

# After five minutes of tries of its own a letter no longer holds up those behind it in the line.
STUCK = 12


def in_state(
    *states: str, of: type[LetterRow] | AliasedClass[LetterRow] = LetterRow
) -> ColumnElement[bool]:
    """Letters in these states, for a question about the queue.

    The states are written into the statement: only then can the database see that an index of the
    few letters that are still to leave will do, and it does not read all that ever left.
    """
    if len(states) == 1:
        return of.state == bindparam(None, states[0], literal_execute=True)
    return of.state.in_(bindparam(None, states, expanding=True, literal_execute=True))


# Made once: putting such a statement together costs more than running it.
@cache
def looks(*, only_crisis: bool, locking: bool) -> tuple[Select[str], ...]:
    """The ids of letters that may leave now: what a dead sender left behind, then what is queued,
    most urgent first."""
    mine = [LetterRow.channel == bindparam("channel")]
    mine += [LetterRow.priority == Priority.CRISIS] if only_crisis else []
    lost = (in_state(SENDING), LetterRow.lease_until < bindparam("wall"))
    left_behind = select(LetterRow.id).where(*mine, *lost).order_by(LetterRow.priority)
    free = or_(LetterRow.priority == Priority.CRISIS, ~_held_up())
    ready = (in_state(QUEUED), LetterRow.due_at <= bindparam("now"), free)
    order = (LetterRow.priority, LetterRow.due_at, LetterRow.id)
    queued = select(LetterRow.id).where(*mine, *ready).order_by(*order)
    looks = tuple(look.limit(bindparam("limit")) for look in (left_behind, queued))
    # On PostgreSQL what another process is claiming is passed over, not waited for.
    return tuple(look.with_for_update(skip_locked=True) for look in looks) if locking else looks


@cache
def mark_sent() -> Update:
    """Marks a letter as sent, unless somebody else holds it now."""
    letters = LetterRow.metadata.tables[LetterRow.__tablename__]
    mine = (letters.c.id == bindparam("letter"), letters.c.fence == bindparam("held"))
    done: dict[str, Any] = {"state": SENT, "lease_until": None, "settled_at": bindparam("at")}
    mark = update(letters).where(*mine, letters.c.state == SENDING)
    return mark.values(done | {"channel_message_id": bindparam("number")})


def _held_up() -> ColumnElement[bool]:
    """Whether a letter said earlier in the same line is to arrive first: one as urgent, or one
    whose sending has begun."""
    before = aliased(LetterRow)
    begun = (before.priority <= LetterRow.priority) | (before.tries > 0)
    open_one = (in_state(QUEUED, SENDING, of=before), before.priority != Priority.CRISIS)
    in_line = (before.line == LetterRow.line, before.id < LetterRow.id)
    same = before.channel == LetterRow.channel
    return exists().where(*in_line, *open_one, same, begun, before.tries < STUCK)
