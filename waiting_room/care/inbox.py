"""Raw updates: kept before their sender may forget them, handed out in order, each done once.

States: waiting → done, or waiting → held (it failed and is tried again alone) → done / dead. While
a chat has a held update, nothing behind it is handed out; a try of a held one is counted first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, cast, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from waiting_room import crypto, watchdog
from waiting_room.models import Address, InboxUpdate, PollState, StaffChannel, new_id
from waiting_room.models.address import TELEGRAM
from waiting_room.models.inbox import DEAD, DONE, HELD, KNOWN, STRANGER, WAITING

PATIENTS, STAFF = "patients", "staff"
CHANNELS = {PATIENTS: TELEGRAM, STAFF: "staff_telegram"}
NO_CHAT = "none"

# Senders repeat an update for a day. The same number later is a new one: ids begin anew.
COPIES_COME_WITHIN = timedelta(days=2)
HOLD_ON = text("SELECT set_config('idle_in_transaction_session_timeout', :long, true)")
# More than any pause that is set on purpose.
LONGEST_HOLD = timedelta(minutes=1)


def row(bot: str, update_id: int, raw: bytes, *, chat_hash: str, now: datetime) -> InboxUpdate:
    """A raw update ready to be kept, sealed for the chat it came from, or for NO_CHAT."""
    return InboxUpdate(
        id=new_id(),
        bot=bot,
        update_id=update_id,
        chat_hash=chat_hash,
        # Any byte survives the way through JSON and back.
        body=raw.decode("utf-8", "surrogateescape"),
        state=WAITING,
        tries=0,
        received_at=now,
        due_at=now,
    )


def body(row: InboxUpdate) -> bytes | None:
    """The raw update as it came; None when the chat's key was destroyed, b"" when it was
    tampered with."""
    try:
        found = row.body
    except crypto.CannotOpen:
        return b""
    return None if found is None else str(found).encode("utf-8", "surrogateescape")


def keep(session: Session, rows: Iterable[InboxUpdate], *, now: datetime) -> int:
    """Store these; an update that is stored already stays as it is. Returns how many are new."""
    table = InboxUpdate.__table__
    # One statement may not meet the same row twice; of copies the first counts.
    once = {(row.bot, row.update_id): row for row in reversed(list(rows))}
    known = _known(session, {row.chat_hash for row in once.values()})
    for row in once.values():
        row.rank = KNOWN if row.chat_hash in known else STRANGER
    names = [column.key for column in table.columns]
    values = [{name: getattr(row, name) for name in names} for row in once.values()][::-1]
    if not values:
        return 0
    fresh = _insert(session, table)
    settled = or_(InboxUpdate.state == DONE, InboxUpdate.state == DEAD)
    long_ago = InboxUpdate.received_at < now - COPIES_COME_WITHIN
    fresh = fresh.on_conflict_do_update(
        index_elements=["bot", "update_id"],
        set_={name: fresh.excluded[name] for name in names},
        where=settled & long_ago,
    )
    return len(session.execute(fresh.returning(table.c.id), values).all())


def next_offset(session: Session, bot: str) -> int | None:
    """Where the poller of this bot goes on; None when it never polled."""
    found = session.get(PollState, bot)
    return found.next_offset if found else None


def move_offset(session: Session, bot: str, offset: int, *, now: datetime) -> None:
    """The poller of this bot goes on here, be it higher or lower than before."""
    values = {"bot": bot, "next_offset": offset, "at": now}
    fresh = _insert(session, PollState.__table__).values(values)
    session.execute(fresh.on_conflict_do_update(index_elements=["bot"], set_=values))


def take(session: Session, *, limit: int, few: int = 0) -> list[InboxUpdate]:
    """What may be worked on in this transaction, and by nobody else: the oldest waiting ones, of
    people we know before those of strangers, and of chats that hold none. Where several
    can write and no more than `few` wait, those of one chat: what hangs on them holds no other."""
    found = _ready(session, limit=limit)
    if session.get_bind().dialect.name == "sqlite" or not found:
        return found
    _hold_on(session)
    chats = list(dict.fromkeys(row.chat_hash for row in found))
    for wanted in [set(chats)] if len(found) > few else [{chat} for chat in chats]:
        if mine := _lock(session, wanted):
            # Look again: what another worker did before we had the lock is not ours to do.
            again = _ready(session, limit=limit)
            if rows := [row for row in again if row.chat_hash in mine]:
                return rows
    return []


def held(session: Session, *, now: datetime, limit: int) -> list[str]:
    """Which held ones are due for another try, those that failed most often last."""
    # A clock that was put back must not hold anybody for longer than the longest hold.
    due = or_(InboxUpdate.due_at <= now, InboxUpdate.due_at > now + LONGEST_HOLD)
    query = select(InboxUpdate.id).where(InboxUpdate.state == HELD, due)
    order = (InboxUpdate.tries, InboxUpdate.due_at, InboxUpdate.update_id)
    return list(session.scalars(query.order_by(*order).limit(limit)))


def put_off(session: Session, *, now: datetime, until: datetime) -> None:
    """No held one that is due is tried before then."""
    due = (InboxUpdate.state == HELD, InboxUpdate.due_at <= now)
    session.execute(update(InboxUpdate).where(*due).values(due_at=until))


def try_again(session: Session, row_id: str, *, now: datetime, until: datetime) -> bool:
    """Count a try before it is made, so that one which ends the process counts too. False when
    somebody else was first."""
    due = or_(InboxUpdate.due_at <= now, InboxUpdate.due_at > now + LONGEST_HOLD)
    mine = select(InboxUpdate).where(InboxUpdate.id == row_id, InboxUpdate.state == HELD, due)
    # The row before the chat: else a second worker that comes too late holds the chat for a moment
    # against the first one, whose try then is counted and never made.
    row = session.scalar(mine.with_for_update(skip_locked=True))
    if row is None or not _is_ours(session, row_id):
        return False
    row.tries, row.due_at = row.tries + 1, until
    return True


def one(session: Session, row_id: str) -> InboxUpdate | None:
    """A held update, to be worked on alone; None when somebody else is at it."""
    return session.get_one(InboxUpdate, row_id) if _is_ours(session, row_id) else None


def done(session: Session, ids: Sequence[str], *, now: datetime) -> None:
    """These took effect; stored with their effects or not at all."""
    if ids:
        _mark(session, ids, state=DONE, done_at=now)


def hold(session: Session, row_id: str, *, tries: int, until: datetime) -> None:
    """It failed: try again then, alone, and keep its chat waiting behind it."""
    _mark(session, [row_id], state=HELD, tries=tries, due_at=until)


def bury(session: Session, row_id: str, *, now: datetime) -> None:
    """It is a dead letter: never tried again, kept for a person to look at."""
    _mark(session, [row_id], state=DEAD, done_at=now)


def _mark(session: Session, ids: Sequence[str], **values: Any) -> None:
    mark = update(InboxUpdate).where(InboxUpdate.id.in_(ids)).values(values)
    session.execute(mark, execution_options={"synchronize_session": False})


def _ready(session: Session, *, limit: int) -> list[InboxUpdate]:
    stuck = select(InboxUpdate.chat_hash).where(InboxUpdate.state == HELD)
    waiting = select(InboxUpdate).where(InboxUpdate.state == WAITING)
    # In order within a chat: an answer must not be heard before the question it answers.
    waiting = waiting.where(InboxUpdate.chat_hash.not_in(stuck))
    order = (InboxUpdate.rank, InboxUpdate.due_at, InboxUpdate.update_id)
    waiting = waiting.order_by(*order).limit(limit)
    return list(session.scalars(waiting.execution_options(populate_existing=True)))


def _known(session: Session, chats: set[str]) -> set[str]:
    """Those of these chats that are a patient's or a staff member's. Somebody who has just joined
    stays a stranger while words from before still wait: nothing overtakes within a chat."""
    patients = select(Address.chat_hash).where(Address.patient_id.is_not(None))
    staff = select(StaffChannel.place_hash).where(StaffChannel.kind == CHANNELS[STAFF])
    waiting = (InboxUpdate.state.in_((WAITING, HELD)), InboxUpdate.rank == STRANGER)
    strangers = select(InboxUpdate.chat_hash).where(*waiting, InboxUpdate.chat_hash.in_(chats))
    known = {
        *session.scalars(patients.where(Address.chat_hash.in_(chats))),
        *session.scalars(staff.where(StaffChannel.place_hash.in_(chats))),
    }
    return known - set(session.scalars(strangers)) if known else known


def _is_ours(session: Session, row_id: str) -> bool:
    """Whether nobody else works on this chat now, and will until this transaction ends."""
    if session.get_bind().dialect.name == "sqlite":
        return True
    _hold_on(session)
    chat = session.scalar(select(InboxUpdate.chat_hash).where(InboxUpdate.id == row_id))
    return chat is not None and bool(_lock(session, {chat}))


def _hold_on(session: Session) -> None:
    # What hangs keeps its chat until its process ends: else the next worker would hang on it too.
    session.execute(HOLD_ON, {"long": f"{2 * watchdog.PATIENCE}s"})


def _lock(session: Session, chats: set[str]) -> set[str]:
    """The chats nobody else works on; ours until this transaction ends. Not the rows are locked
    but the chat: another worker must not take its later rows while we have the earlier ones."""
    numbers = {_number(chat): chat for chat in chats}
    wanted = func.unnest(cast(list(numbers), ARRAY(BigInteger))).column_valued("wanted")
    # Tried, not waited for: another worker has that chat, and there are others to do.
    got = select(wanted).where(func.pg_try_advisory_xact_lock(wanted))
    return {numbers[number] for number in session.scalars(got)}


def _number(chat: str) -> int:
    return int.from_bytes(hashlib.blake2b(chat.encode(), digest_size=7).digest(), "big")


def _insert(session: Session, table: Any) -> Any:
    """An insert that knows what to do about a row that is there already."""
    kinds = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
    return kinds[session.get_bind().dialect.name](table)
