"""What a whole batch of messages will ask one by one, asked once for all of them.

A hint and nothing more, kept beside the transaction: who is not foreseen is looked up as ever, so
every answer is the same without it, and only slower.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from waiting_room import keyring
from waiting_room.models import Address, LetterRow, Message, Patient
from waiting_room.models.letter import HELD

KEPT = "foresight"
# Longer than any time within which a screen asks what was just said.
LATELY = timedelta(minutes=10)
NEVER = datetime.max.replace(tzinfo=UTC)
Chat = tuple[str, str]
"""Channel and keyed hash of a chat."""
Told = tuple[str, datetime]
"""The page of a letter, and when it was made."""


@dataclass
class Foresight:
    """What is known of the chats of this batch, kept up while it is worked on."""

    since: datetime = NEVER
    chats: dict[Chat, Address] = field(default_factory=dict)
    people: list[Patient] = field(default_factory=list)
    addresses: set[str] = field(default_factory=set)
    asked: set[tuple[str, str]] = field(default_factory=set)
    heard: set[tuple[str, str]] = field(default_factory=set)
    told: dict[str, list[Told]] = field(default_factory=lambda: defaultdict(list))
    holding: set[str] = field(default_factory=set)
    unsaid: set[str] = field(default_factory=set)


def look_ahead(session: Session, said: Collection[tuple[Chat, str]], *, now: datetime) -> None:
    """Learn about these chats, and about the message ids that came from them."""
    found = Foresight(since=now - LATELY)
    hashes = {hashed for (_, hashed), _ in said}
    rows = session.scalars(select(Address).where(Address.chat_hash.in_(hashes)))
    found.chats = {(row.channel, row.chat_hash): row for row in rows}
    whose = {row.patient_id for row in found.chats.values() if row.patient_id}
    # Held on to, because the session itself forgets what nobody holds.
    found.people = list(session.scalars(select(Patient).where(Patient.id.in_(whose))))
    found.addresses = {row.id for row in found.chats.values()}
    found.asked = {(found.chats[chat].id, number) for chat, number in said if chat in found.chats}
    keyring.current().ready({row.sealed_for for row in found.chats.values()} | whose)
    _look_at_messages(session, found)
    _look_at_letters(session, found)
    session.info[KEPT] = found


def look_at_addresses(
    session: Session, addresses: Collection[Address], marks: Collection[str], *, since: datetime
) -> None:
    """Learn what will be asked to write to these: what each was told since then, their keys, and
    which of these `dedupe` marks were used."""
    found = Foresight(since=since, addresses={row.id for row in addresses})
    whose = {row.patient_id for row in addresses if row.patient_id}
    keyring.current().ready({row.sealed_for for row in addresses} | whose)
    _look_at_letters(session, found)
    used = select(LetterRow.dedupe).where(LetterRow.dedupe.in_(marks))
    found.unsaid = set(marks).difference(session.scalars(used))
    session.info[KEPT] = found


def of(session: Session) -> Foresight:
    """What is foreseen in this transaction; nothing, unless somebody looked ahead."""
    found: Foresight | None = session.info.get(KEPT)
    return found or Foresight()


def forget(session: Session) -> None:
    """Something went back: look everything up again."""
    session.info.pop(KEPT, None)


def is_new(session: Session, address_id: str, message_id: str) -> bool:
    """Whether this message of this chat surely never came before. Only a yes counts."""
    found, this = of(session), (address_id, message_id)
    return this in found.asked and this not in found.heard


def heard(session: Session, address_id: str, message_id: str) -> None:
    """This message came just now."""
    of(session).heard.add((address_id, message_id))


def is_unsaid(session: Session, mark: str) -> bool:
    """Whether surely no letter bears this `dedupe` mark. Only a yes counts, and only once."""
    unsaid = of(session).unsaid
    if mark not in unsaid:
        return False
    unsaid.discard(mark)
    return True


def told_since(session: Session, address_id: str, since: datetime) -> list[str] | None:
    """The pages this chat was told since then, oldest first; None when that is not known here."""
    found = of(session)
    if address_id not in found.addresses or since < found.since:
        return None
    return [page for page, at in found.told[address_id] if at > since]


def told(session: Session, row: LetterRow) -> None:
    """This letter was said just now."""
    if row.address_id is not None:
        of(session).told[row.address_id].append((row.page, row.made_at))


def holds_nothing(session: Session, address_id: str) -> bool:
    """Whether surely no letter is held for this chat. Only a yes counts."""
    found = of(session)
    return address_id in found.addresses and address_id not in found.holding


def holds(session: Session, address_id: str) -> None:
    """A letter is held for this chat from now on."""
    of(session).holding.add(address_id)


def _look_at_messages(session: Session, found: Foresight) -> None:
    addresses, numbers = {one for one, _ in found.asked}, {number for _, number in found.asked}
    there = (Message.address_id.in_(addresses), Message.channel_message_id.in_(numbers))
    rows = session.execute(select(Message.address_id, Message.channel_message_id).where(*there))
    found.heard = {(address, number) for address, number in rows}


def _look_at_letters(session: Session, found: Foresight) -> None:
    theirs = LetterRow.address_id.in_(found.addresses)
    columns = (LetterRow.address_id, LetterRow.page, LetterRow.made_at)
    lately = select(*columns).where(theirs, LetterRow.made_at > found.since)
    for address, page, at in session.execute(lately.order_by(LetterRow.id)):
        found.told[address or ""].append((page, at))
    # Written into the statement, so that the small index of held letters will do.
    is_held = LetterRow.state == bindparam(None, HELD, literal_execute=True)
    held = select(LetterRow.address_id).where(theirs, is_held)
    found.holding = {address or "" for address in session.scalars(held)}
