"""Store the raw update first; then each takes effect once, in order within its chat.

Nothing here knows Telegram: a door hands in raw bytes, and a hearer for each bot says what an
update means. One transaction works on many chats; each update has a savepoint of its own.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from bot import dead_letters, raw
from waiting_room import bell, clock, db
from waiting_room.care import conversations, inbox
from waiting_room.errors import StorageRefused
from waiting_room.kill_points import reached
from waiting_room.models import InboxUpdate

# The third time an update fails it is a dead letter.
TRIES = 3
FIRST_PAUSE, PAUSE = timedelta(seconds=1), timedelta(seconds=5)
REST = timedelta(seconds=30)
# The bell of another process does not ring here.
LOOK_EVERY = 1.0
# SQLite's own code for a statement that is wrong, as opposed to a disk or a lock that is.
SQLITE_ERROR = 1

log = logging.getLogger(__name__)


class Hear(Protocol):
    """Lets one update take effect. It may raise: then nothing of it happened."""

    def __call__(self, session: Session, update: dict[str, Any], *, now: datetime) -> None:
        """Read the update and act on it, in this transaction."""
        ...


Hearers = Mapping[str, Hear]
"""Who hears the updates of which bot."""


def store(bot: str, updates: Sequence[bytes], *, next_offset: int | None, now: datetime) -> int:
    """Put these updates on disk, with the poller's offset; when this returns they cannot be lost.

    Copies are left out; returns how many were new. Raises StorageRefused when nothing was stored.
    """
    # Sealed before the lock is taken: the first word of a new chat makes a key.
    rows = [_row(bot, update, now=now) for update in updates]
    with db.write() as session:
        new = inbox.keep(session, rows, now=now)
        if next_offset is not None:
            inbox.move_offset(session, bot, next_offset, now=now)
        # A worker woken before the commit would look, find nothing, and sleep again.
        db.after_commit(session, _wake)
        reached("inbox not stored", new)
    reached("inbox stored", new)
    return new


def next_offset(bot: str) -> int | None:
    """Where the poller of this bot goes on; None when it never polled."""
    with db.read() as session:
        return inbox.next_offset(session, bot)


def work_once(hearers: Hearers, *, now: datetime, limit: int = 50) -> int:
    """Let what waits take effect; returns how many updates were dealt with, 0 when none wait."""
    with db.write() as session:
        # Asked before the work, so that what fails in this round is not tried again in the same
        # one.
        due = inbox.held(session, now=now, limit=limit)
        rows = inbox.take(session, limit=limit)
        reached("work taken", len(rows))
        finished: list[str] = []
        for chat in _by_chat(rows):
            # One commit for many chats: the sync to disk is the dear part of a small transaction.
            finished += _work_chat(session, chat, hearers, now=now)
        reached("work not marked", len(finished))
        inbox.done(session, finished, now=now)
        reached("work not stored", len(finished))
    reached("work stored", len(finished))
    # After the others, each in a transaction alone: a poisoned one can then spoil nobody's work.
    return len(rows) + sum(_try_again(row_id, hearers, now=now) for row_id in due)


def suspect(*, now: datetime, limit: int = 50) -> int:
    """After a start: what was under way when the process ended is tried again one by one, so that
    an update which ends the process is a dead letter the third time, and never stops the room."""
    with db.write() as session:
        chats = _by_chat(inbox.take(session, limit=limit))
        for chat in chats:
            inbox.hold(session, chat[0].id, tries=0, until=now)
    return len(chats)


async def run_worker(
    hearers: Hearers, stop: asyncio.Event, *, beat: Callable[[], None] = lambda: None
) -> None:
    """Work whenever the bell rings or a second has passed, until told to stop."""
    listener = bell.Listener(bell.INBOX)
    await asyncio.to_thread(_work, lambda: suspect(now=clock.now()))
    try:
        while not stop.is_set():
            beat()
            if not await asyncio.to_thread(_work, lambda: work_once(hearers, now=clock.now())):
                await listener.wait(LOOK_EVERY)
    finally:
        listener.close()


def _work(act: Callable[[], int]) -> int:
    try:
        return act()
    except StorageRefused as refusal:
        log.error("the inbox waits because storage refuses: %s", refusal)
        return 0


def _row(bot: str, update: bytes, *, now: datetime) -> InboxUpdate:
    label = raw.label(update)
    hashed = conversations.chat_hash(inbox.CHANNELS[bot], label.chat_id) if label.chat_id else ""
    return inbox.row(bot, label.update_id, update, chat_hash=hashed, now=now)


def _wake() -> None:
    bell.ring(bell.INBOX)


def _by_chat(rows: Iterable[InboxUpdate]) -> list[list[InboxUpdate]]:
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


def _work_chat(
    session: Session, chat: list[InboxUpdate], hearers: Hearers, *, now: datetime
) -> list[str]:
    """The ids that took effect. What fails is held, and all behind it in this chat waits."""
    finished: list[str] = []
    for row in chat:
        if _heard(session, row, hearers, now=now):
            finished.append(row.id)
        # Trying again what cannot be read would only make its sender wait.
        elif _is_readable(row):
            inbox.hold(session, row.id, tries=1, until=now + FIRST_PAUSE)
            break
        else:
            _give_up(session, row, now=now)
    return finished


def _try_again(row_id: str, hearers: Hearers, *, now: datetime) -> bool:
    """Try a held update alone. The try is stored first: one that ends the process counts too."""
    with db.write() as session:
        if not inbox.try_again(session, row_id, now=now, until=now + PAUSE):
            return False
    reached("try counted")
    with db.write() as session:
        row = inbox.one(session, row_id)
        if row.tries <= TRIES and _heard(session, row, hearers, now=now):
            inbox.done(session, [row_id], now=now)
        elif row.tries >= TRIES or not _is_readable(row):
            _give_up(session, row, now=now)
        reached("retry not stored")
    return True


def _heard(session: Session, row: InboxUpdate, hearers: Hearers, *, now: datetime) -> bool:
    body = inbox.body(row)
    if body is None:
        # The key of this chat was destroyed: there is nobody left to answer.
        return True
    update = raw.load(body)
    if update is None:
        return False
    return _attempt(session, partial(hearers[row.bot], session, update, now=now))


def _is_readable(row: InboxUpdate) -> bool:
    return raw.load(inbox.body(row) or b"") is not None


def _give_up(session: Session, row: InboxUpdate, *, now: datetime) -> None:
    """A dead letter still brings a person; if even that fails it is tried until it does not."""
    body = inbox.body(row) or b""
    for last_resort in (dead_letters.answer, dead_letters.alarm):
        if _attempt(session, partial(last_resort, session, row, body, now=now)):
            reached("letter not buried")
            inbox.bury(session, row.id, now=now)
            return
    inbox.hold(session, row.id, tries=row.tries, until=now + REST)


def _attempt(session: Session, act: Callable[[], object]) -> bool:
    """Do it in a savepoint; False when it failed and nothing of it happened."""
    try:
        with session.begin_nested():
            act()
    except Exception as error:
        if _is_refusal(error):
            raise
        # Neither the words of the error nor its values: both may be the patient's.
        where = traceback.extract_tb(error.__traceback__)[-1]
        kind = type(error).__name__
        log.error("an update failed: %s in %s line %s", kind, where.name, where.lineno)
        return False
    return True


def _is_refusal(error: Exception) -> bool:
    """Whether the storage is to blame, and not this update: then all of them wait, unharmed."""
    if isinstance(error, (OperationalError, InterfaceError)):
        # SQLite says "operational" also for a query that is wrong in itself.
        return getattr(error.orig, "sqlite_errorcode", None) != SQLITE_ERROR
    gone = isinstance(error, DBAPIError) and error.connection_invalidated
    return gone or isinstance(error, StorageRefused)
