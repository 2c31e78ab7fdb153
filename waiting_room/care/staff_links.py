"""Tie a worker's Telegram account to their desk account, by a short code typed in the chat."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from waiting_room import audit, keyring
from waiting_room.care import conversations, duty, staff
from waiting_room.errors import NotFound
from waiting_room.models import Staff, StaffChannel, StaffLinkCode, new_id, new_reference

TELEGRAM = "staff_telegram"
# Typed from one screen into another: whoever needs longer has lost the screen.
GOOD_FOR = timedelta(minutes=10)
LENGTH = 8


def issue_code(session: Session, person: Staff, *, now: datetime) -> str:
    """A code for the staff bot, good for ten minutes and one use. An older one ends."""
    _end_codes(session, person.id, now=now)
    code = new_reference(LENGTH)
    row = StaffLinkCode(id=new_id(), staff_id=person.id, expires_at=now + GOOD_FOR)
    row.code_hash = _hash(code)
    session.add(row)
    session.flush()
    return code


def redeem(session: Session, code: str, chat_id: str, *, now: datetime) -> StaffChannel:
    """The code was typed in this chat: the chat becomes a proved channel. Raises NotFound."""
    query = select(StaffLinkCode).where(StaffLinkCode.code_hash == _hash(code))
    lives = (StaffLinkCode.used_at.is_(None), StaffLinkCode.expires_at > now)
    # Of two chats that type the same code at once, one gets it.
    found = session.scalar(query.where(*lives).with_for_update())
    if found is None or not session.get_one(Staff, found.staff_id).is_active:
        raise NotFound("This code is not right or too old.")
    # Whoever typed the code reads this chat, so nothing else has to prove it.
    found.used_at = now
    channel = _take(session, found.staff_id, chat_id, now=now)
    duty.prove(session, channel, now=now)
    verb, by = "linked channel", found.staff_id
    audit.record(session, by=by, did=verb, to=("channel", channel.id), now=now)
    return channel


def person_of(session: Session, chat_id: str) -> Staff | None:
    """The active staff member this chat belongs to, if any."""
    place = conversations.chat_hash(TELEGRAM, chat_id)
    query = select(Staff).join(StaffChannel, StaffChannel.staff_id == Staff.id)
    living = (StaffChannel.kind == TELEGRAM, StaffChannel.dead_at.is_(None), Staff.is_active)
    return session.scalar(query.where(*living, StaffChannel.place_hash == place))


def _take(session: Session, staff_id: str, chat_id: str, *, now: datetime) -> StaffChannel:
    """This chat for this person. One chat has one person, one person one chat."""
    place = conversations.chat_hash(TELEGRAM, chat_id)
    known = session.scalars(select(StaffChannel).where(StaffChannel.kind == TELEGRAM)).all()
    mine = None
    for channel in known:
        same_person, same_chat = channel.staff_id == staff_id, channel.place_hash == place
        if same_person and same_chat:
            mine = channel
        elif same_person or same_chat:
            duty.bury(session, channel.id, "replaced", now=now)
    return mine or staff.add_channel(session, staff_id, TELEGRAM, chat_id)


def _end_codes(session: Session, staff_id: str, *, now: datetime) -> None:
    theirs = (StaffLinkCode.staff_id == staff_id, StaffLinkCode.used_at.is_(None))
    session.execute(update(StaffLinkCode).where(*theirs).values(used_at=now))


def _hash(code: str) -> str:
    # Short enough to be guessed from a plain hash, so the hash is keyed.
    return keyring.current().fingerprint("staff code", "".join(code.upper().split()))
