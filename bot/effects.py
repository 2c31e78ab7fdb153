"""How waiting updates take effect: all together where that goes well, else each on its own.

Together they are many times cheaper, and nearly always nothing fails. Where something does, all
goes back and each update has a savepoint of its own, so that a bad one stops nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from sqlalchemy.orm import Session

from bot import dead_letters, raw
from waiting_room import foresight
from waiting_room.care import inbox
from waiting_room.kill_points import reached
from waiting_room.models import InboxUpdate
from waiting_room.savepoints import attempt

FIRST_PAUSE = timedelta(seconds=1)
REST = timedelta(seconds=30)
AN_UPDATE = "an update"

Update = dict[str, Any]


class Hear(Protocol):
    """Lets one update take effect. It may raise: then nothing of it happened."""

    def __call__(self, session: Session, update: Update, *, now: datetime) -> None:
        """Read the update and act on it, in this transaction."""
        ...


class LookAhead(Protocol):
    """Asks once, for many updates, what hearing each of them will ask again."""

    def __call__(self, session: Session, several: Sequence[Update], /, *, now: datetime) -> None:
        """Look, and keep what was found beside the transaction."""
        ...


@dataclass(frozen=True)
class Hearer:
    """Who hears the updates of one bot."""

    hear: Hear
    look_ahead: LookAhead | None = None


Hearers = Mapping[str, Hearer]


def of_all(
    session: Session, rows: Sequence[InboxUpdate], hearers: Hearers, *, now: datetime
) -> list[str]:
    """Let these take effect; returns the ids of those that did."""
    chats = by_chat(rows)
    together = partial(_together, session, chats, hearers, now=now)
    if attempt(session, together, what="a batch of updates"):
        return [row.id for row in rows]
    foresight.forget(session)
    finished: list[str] = []
    for chat in chats:
        finished += _of_chat(session, chat, hearers, now=now)
    return finished


def of_one(session: Session, row: InboxUpdate, hearers: Hearers, *, now: datetime) -> bool:
    """Let this one take effect in a savepoint; False when it failed and nothing happened."""
    body = inbox.body(row)
    if body is None:
        # The key of this chat was destroyed: there is nobody left to answer.
        return True
    update = raw.load(body)
    if update is None:
        return False
    hear = partial(hearers[row.bot].hear, session, update, now=now)
    return attempt(session, hear, what=AN_UPDATE)


def by_chat(rows: Iterable[InboxUpdate]) -> list[list[InboxUpdate]]:
    """The chats in the order they were taken, each in the order things were said there."""
    chats: dict[tuple[str, str], list[InboxUpdate]] = {}
    for row in rows:
        chats.setdefault((row.bot, row.chat_hash), []).append(row)
    return [_in_order(chat) for chat in chats.values()]


def _in_order(chat: list[InboxUpdate]) -> list[InboxUpdate]:
    """By number, but never against the calendar: numbers may begin anew at a lower one."""
    if len(chat) == 1:
        return chat
    moments: dict[str, int] = {}
    moment = 0
    chat = sorted(chat, key=lambda row: row.update_id)
    for row in chat:
        # A press has no date of its own: it stays behind what came just before it.
        moment = moments[row.id] = raw.said_at(inbox.body(row) or b"") or moment
    return sorted(chat, key=lambda row: moments[row.id])


def is_readable(row: InboxUpdate) -> bool:
    """Whether anybody can tell what it says."""
    return raw.load(inbox.body(row) or b"") is not None


def give_up(session: Session, row: InboxUpdate, *, now: datetime) -> None:
    """A dead letter still brings a person; if even that fails it is tried until it does not."""
    body = inbox.body(row) or b""
    for last_resort in (dead_letters.answer, dead_letters.alarm):
        last = partial(last_resort, session, row, body, now=now)
        if attempt(session, last, what=AN_UPDATE):
            reached("letter not buried")
            inbox.bury(session, row.id, now=now)
            return
    inbox.hold(session, row.id, tries=row.tries, until=now + REST)


def _together(
    session: Session, chats: Sequence[Sequence[InboxUpdate]], hearers: Hearers, *, now: datetime
) -> None:
    opened = [(row.bot, _opened(row)) for chat in chats for row in chat]
    for bot, hearer in hearers.items():
        several = [update for whose, update in opened if whose == bot and update is not None]
        if hearer.look_ahead is not None and several:
            hearer.look_ahead(session, several, now=now)
    for bot, update in opened:
        if update is not None:
            hearers[bot].hear(session, update, now=now)


def _opened(row: InboxUpdate) -> Update | None:
    """The update; None when there is nobody left to answer. Raises ValueError when unreadable."""
    body = inbox.body(row)
    update = raw.load(body) if body is not None else None
    if body is not None and update is None:
        raise ValueError("unreadable")
    return update


def _of_chat(
    session: Session, chat: list[InboxUpdate], hearers: Hearers, *, now: datetime
) -> list[str]:
    """The ids that took effect. What fails is held, and all behind it in this chat waits."""
    finished: list[str] = []
    for row in chat:
        if of_one(session, row, hearers, now=now):
            finished.append(row.id)
        # Trying again what cannot be read would only make its sender wait.
        elif is_readable(row):
            inbox.hold(session, row.id, tries=1, until=now + FIRST_PAUSE)
            break
        else:
            give_up(session, row, now=now)
    return finished
