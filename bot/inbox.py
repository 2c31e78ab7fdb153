"""Store the raw update first; then each takes effect once, in order within its chat.

Nothing here knows Telegram: a door hands in raw bytes, and a hearer for each bot says what an
update means. One transaction works on many chats.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot import effects, raw
from bot.effects import Hearers
from waiting_room import bell, clock, db, keyring, leases
from waiting_room.care import conversations, inbox
from waiting_room.errors import StorageRefused
from waiting_room.kill_points import reached
from waiting_room.leases import Held
from waiting_room.models.address import chat_owner

# The third time an update fails it is a dead letter.
TRIES = 3
PAUSE = timedelta(seconds=5)
BATCH, FEW = 100, 3
"""Updates in one transaction, and how many make one worth its price."""
# After a start, before what may have ended the last process is tried.
OTHERS_FIRST = timedelta(seconds=3)
# The bell of another process does not ring here.
LOOK_EVERY = 1.0

log = logging.getLogger(__name__)


def store(
    bot: str,
    updates: Sequence[bytes],
    *,
    next_offset: int | None,
    now: datetime,
    held: Held | None = None,
) -> int:
    """Put these updates on disk, with the poller's offset; when this returns they cannot be lost.

    Copies are left out; returns how many were new. Raises StorageRefused when nothing was stored.
    """
    labels = [(raw.label(update), update) for update in updates]
    hashes = [_hash(bot, label) for label, _ in labels]
    # Sealed before the lock is taken: the first word of a new chat makes a key.
    keyring.current().ready(map(chat_owner, hashes), make=True)
    rows = [
        inbox.row(bot, label.update_id, update, chat_hash=hashed, now=now)
        for (label, update), hashed in zip(labels, hashes, strict=True)
    ]
    with db.write() as session:
        new = inbox.keep(session, rows, now=now)
        # A poller that was stopped and woke too late keeps what it holds, but moves nothing.
        if next_offset is not None and (held is None or leases.is_current(session, held)):
            inbox.move_offset(session, bot, next_offset, now=now)
        # A worker woken before the commit would look, find nothing, and sleep again.
        db.ring(session, bell.INBOX)
        reached("inbox not stored", new)
    reached("inbox stored", new)
    return new


def next_offset(bot: str) -> int | None:
    """Where the poller of this bot goes on; None when it never polled."""
    with db.read() as session:
        return inbox.next_offset(session, bot)


def work_once(hearers: Hearers, *, now: datetime, limit: int = BATCH) -> int:
    """Let what waits take effect; returns how many updates were dealt with, 0 when none wait."""
    # Asked before the work, so that what fails in this round is not tried again in the same one.
    with db.read() as session:
        due = inbox.held(session, now=now, limit=limit)
    done = _work_some(hearers, now=now, limit=limit)
    # After the others, each in a transaction alone: a poisoned one can then spoil nobody's work.
    return done + sum(_try_again(row_id, hearers, now=now) for row_id in due)


def _work_some(hearers: Hearers, *, now: datetime, limit: int) -> int:
    with db.write() as session:
        rows = inbox.take(session, limit=limit, few=FEW)
        reached("work taken", len(rows))
        # One commit for many chats: the sync to disk is the dear part of a small transaction.
        finished = effects.of_all(session, rows, hearers, now=now)
        reached("work not marked", len(finished))
        inbox.done(session, finished, now=now)
        reached("work not stored", len(finished))
    reached("work stored", len(finished))
    return len(rows)


def suspect(*, now: datetime, limit: int = BATCH) -> int:
    """After a start: what was under way when the process ended is tried again one by one, so that
    an update which ends the process is a dead letter the third time, and never stops the room."""
    with db.write() as session:
        inbox.put_off(session, now=now, until=now + OTHERS_FIRST)
        firsts = [chat[0] for chat in effects.by_chat(inbox.take(session, limit=limit))]
        # What waited longest is the likeliest to have ended us: all others are served before it.
        oldest = min((row.due_at for row in firsts), default=now)
        for row in firsts:
            is_likely = row.due_at == oldest and len(firsts) > 1
            inbox.hold(session, row.id, tries=0, until=now + OTHERS_FIRST if is_likely else now)
    return len(firsts)


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


def _hash(bot: str, label: raw.Label) -> str:
    known = label.chat_id
    return conversations.chat_hash(inbox.CHANNELS[bot], known) if known else inbox.NO_CHAT


def _try_again(row_id: str, hearers: Hearers, *, now: datetime) -> bool:
    """Try a held update alone. The try is stored first: one that ends the process counts too."""
    with db.write() as session:
        if not inbox.try_again(session, row_id, now=now, until=now + PAUSE):
            return False
    reached("try counted")
    with db.write() as session:
        row = inbox.one(session, row_id)
        if row is None:
            return False
        if row.tries <= TRIES and effects.of_one(session, row, hearers, now=now):
            inbox.done(session, [row_id], now=now)
        elif row.tries >= TRIES or not effects.is_readable(row):
            effects.give_up(session, row, now=now)
        reached("retry not stored")
    return True
