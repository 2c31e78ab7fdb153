"""A chat: whose it is, where the person stands in it, and what they said there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from waiting_room import audit, foresight, keyring
from waiting_room.models import Address, Button, Message, Patient, new_id
from waiting_room.models.address import TELEGRAM

BUTTON_LASTS = timedelta(days=30)


def chat_hash(channel: str, chat_id: str) -> str:
    """The keyed hash by which a chat is known without naming it."""
    return keyring.current().fingerprint("chat", channel, chat_id)


def address(
    session: Session, channel: str, chat_id: str, *, now: datetime, language: str = "en"
) -> Address:
    """This chat's address; made when we have not heard from it before."""
    hashed = chat_hash(channel, chat_id)
    found = by_hash(session, channel, hashed)
    if found is not None:
        if channel == TELEGRAM and found.chat_id is None:
            # Its key is gone, as after an older copy of the keys: still they must be answered.
            found.chat_id = chat_id
        return found
    row = Address(
        id=new_id(),
        channel=channel,
        chat_hash=hashed,
        # A browser's token is a secret of its own: its hash is enough, it is never written to.
        chat_id=chat_id if channel == TELEGRAM else None,
        language=language,
        made_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        # Somebody pressed twice, and the other press was first by a breath.
        return session.scalars(_of(channel, hashed)).one()
    return row


def hold(session: Session, chat: Address) -> None:
    """Let one thing after the other be heard in this chat: whoever comes second waits here, and
    then sees what the first one did. On SQLite there is one writer anyway."""
    session.refresh(chat, with_for_update=True)


def address_known(session: Session, channel: str, chat_id: str) -> Address | None:
    """This chat's address, when we have heard from it before."""
    return by_hash(session, channel, chat_hash(channel, chat_id))


def by_hash(session: Session, channel: str, hashed: str) -> Address | None:
    """A chat we know already, by its hash."""
    foreseen = foresight.of(session).chats.get((channel, hashed))
    return foreseen or session.scalar(_of(channel, hashed))


def _of(channel: str, hashed: str) -> Select[Address]:
    return select(Address).where(Address.channel == channel, Address.chat_hash == hashed)


def patient_of(session: Session, chat: Address) -> Patient | None:
    """The patient behind a chat; None for a stranger."""
    return session.get(Patient, chat.patient_id) if chat.patient_id else None


def go(chat: Address, place: str, carried: Mapping[str, Any] | None = None) -> None:
    """Move the person to a place in the conversation, with what must be remembered there."""
    chat.place = place
    chat.carried = dict(carried) if carried else None


@dataclass(frozen=True)
class Said:
    """What somebody said, as the message row keeps it. `told_at` is when they said it, in UTC."""

    kind: str
    text: str
    message_id: str
    told_at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)


def said(session: Session, chat: Address, words: Said, *, now: datetime) -> Message:
    """Store what somebody said, as they said it."""
    row = Message(
        id=new_id(),
        chat_hash=chat.chat_hash,
        address_id=chat.id,
        patient_id=chat.patient_id,
        kind=words.kind,
        text=words.text,
        channel_message_id=words.message_id,
        told_at=words.told_at,
        at=now,
        place=chat.place,
        details=dict(words.details),
    )
    session.add(row)
    foresight.heard(session, chat.id, words.message_id)
    chat.heard_at = now
    return row


def heard_before(session: Session, chat: Address, message_id: str, kind: str) -> bool:
    """Whether this very message took effect already, under whatever update number it came."""
    if foresight.is_new(session, chat.id, message_id):
        return False
    same = (Message.address_id == chat.id, Message.channel_message_id == message_id)
    query = select(Message.id).where(*same, Message.kind == kind).limit(1)
    return session.scalar(query) is not None


def press(session: Session, chat: Address, token: str, *, now: datetime) -> str | None:
    """What a button of this chat means; None when it is not ours, too old, or hand-made."""
    row = session.get(Button, token)
    if row is None or row.address_id != chat.id:
        by, what = chat.patient_id or audit.SYSTEM, ("address", chat.id)
        audit.record(session, by=by, did="pressed what is no button of theirs", to=what, now=now)
        return None
    if row.made_at + BUTTON_LASTS < now:
        return None
    row.used_at = row.used_at or now
    return row.value


def bury(chat: Address, why: str, *, now: datetime) -> None:
    """Nobody is reached here any more: blocked, deactivated, signed out."""
    chat.dead_at, chat.dead_why = chat.dead_at or now, why[:60]


def revive(chat: Address) -> None:
    """The person wrote from here: the address lives."""
    chat.dead_at, chat.dead_why = None, ""
