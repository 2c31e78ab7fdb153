"""What has no more use goes by itself, table by table."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from waiting_room import keyring
from waiting_room.care import alerts, readers, sign_ins
from waiting_room.models import Address, Alert, Button, InboxUpdate, LetterRow, Message
from waiting_room.models.inbox import HELD, WAITING

# Long enough to look into what went wrong last week.
INBOX_BODIES = timedelta(days=7)
# Longer than a button works (30 days): a late press is known as late, not as hand-made.
BUTTONS = timedelta(days=35)
# Without a word for so long, nobody here has any use for what somebody we do not know once wrote.
STRANGERS = timedelta(days=30)


def retire(session: Session, *, now: datetime, wall: datetime, limit: int = 200) -> int:
    """Drop what is past its time, at most so many rows of a kind; returns how many changed, so ask
    until it is 0. The keys of inbox rows stay, so that an update that comes again takes no effect
    again."""
    bodies = (InboxUpdate.state != WAITING, InboxUpdate.done_at < now - INBOX_BODIES)
    old = select(InboxUpdate.id).where(*bodies, InboxUpdate.body_sealed.is_not(None))
    worn = select(Button.id).where(Button.made_at < now - BUTTONS)
    empty = update(InboxUpdate).where(InboxUpdate.id.in_(old.limit(limit)))
    done = [
        session.execute(empty.values(body_sealed=None)),
        session.execute(delete(Button).where(Button.id.in_(worn.limit(limit)))),
    ]
    rows = sum(result.rowcount for result in done)  # type: ignore[attr-defined]
    rows += readers.forget(session, now=now, limit=limit)
    return rows + sign_ins.sweep(session, wall=wall)


def forget_strangers(session: Session, *, now: datetime, limit: int = 200) -> int:
    """Forget whole chats that belong to nobody we know and were silent for 30 days: their rows and
    their keys. An open alert about one keeps it. Returns how many went; ask until it is 0."""
    chats = _silent_strangers(session, now - STRANGERS, limit)
    # The keys first, unlike with a patient: what a crash leaves unreadable is found here again, and
    # whoever comes back in between is answered under a new key.
    keyring.current().destroy(*{chat.sealed_for for chat in chats}, now=now)
    ids, hashes = [chat.id for chat in chats], [chat.chat_hash for chat in chats]
    for kind in (Message, LetterRow, Button):
        session.execute(delete(kind).where(kind.address_id.in_(ids)))
    session.execute(update(Alert).where(Alert.address_id.in_(ids)).values(address_id=None))
    session.execute(delete(InboxUpdate).where(InboxUpdate.chat_hash.in_(hashes)))
    session.execute(delete(Address).where(Address.id.in_(ids)))
    return len(chats)


def _silent_strangers(session: Session, since: datetime, limit: int) -> list[Address]:
    about_them = select(Alert.id).where(
        Alert.address_id == Address.id, Alert.state.in_(alerts.OPEN)
    )
    # What came lately may not have been heard yet.
    lately = select(InboxUpdate.id).where(InboxUpdate.chat_hash == Address.chat_hash)
    unheard = InboxUpdate.state.in_((WAITING, HELD))
    lately = lately.where((InboxUpdate.received_at >= since) | unheard)
    silent = func.coalesce(Address.heard_at, Address.made_at) < since
    query = select(Address).where(Address.patient_id.is_(None), silent)
    query = query.where(~about_them.exists(), ~lately.exists()).limit(limit)
    return list(session.scalars(query.with_for_update(skip_locked=True)))
