"""What a chat shows of itself: the last things both sides said there, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from waiting_room import foresight, outbox
from waiting_room.letters import Letter, Priority
from waiting_room.models import Address, Button, LetterRow, Message

# As far back as a person scrolls on a phone; each one is unsealed for every page.
LAST = 50

Said = Message | LetterRow


def last(session: Session, address: Address, *, now: datetime, limit: int = LAST) -> list[Said]:
    """The last things said to and from this chat, in the order they were said."""
    heard = select(Message).where(Message.address_id == address.id)
    heard = heard.order_by(Message.at.desc(), Message.id.desc()).limit(limit)
    sent = select(LetterRow).where(*_for_its_eyes(address, now))
    sent = sent.order_by(LetterRow.made_at.desc(), LetterRow.id.desc()).limit(limit)
    found: list[Said] = [*session.scalars(heard), *session.scalars(sent)]
    # Up to twice as many were fetched, because nobody knows beforehand which side spoke more.
    return sorted(found, key=moment)[-limit:]


def moment(said: Said) -> tuple[datetime, str]:
    """When it was said; what was said in one breath is told apart by its id."""
    return (said.at if isinstance(said, Message) else said.made_at, said.id)


def version(session: Session, address: Address, *, now: datetime) -> str:
    """Changes whenever something was said; cheap enough to be asked every other second."""
    heard = select(func.count()).where(Message.address_id == address.id)
    sent = select(func.count()).where(*_for_its_eyes(address, now))
    return f"{session.scalar(heard)}.{session.scalar(sent)}"


def was_just_told(
    session: Session, address: Address, letters: Sequence[Letter], *, since: datetime
) -> bool:
    """Whether the last thing this chat was told since then is exactly this."""
    pages = [letter.page for letter in letters]
    foreseen = foresight.told_since(session, address.id, since)
    # The values are sealed: they are opened only where the pages are the same.
    if foreseen is not None and foreseen[-len(pages) :] != pages:
        return False
    sent = select(LetterRow).where(LetterRow.address_id == address.id, LetterRow.made_at > since)
    # By id: letters of one breath have one time, and ids that only grow.
    newest = session.scalars(sent.order_by(LetterRow.id.desc()).limit(len(letters))).all()
    told = [(row.page, row.values) for row in reversed(newest)]
    return told == [(letter.page, dict(letter.values)) for letter in letters]


def waiting(session: Session, address: Address, *, now: datetime) -> list[LetterRow]:
    """Letters to this chat that nobody has seen yet, oldest first."""
    unseen = (*_for_its_eyes(address, now), LetterRow.state == outbox.QUEUED)
    query = select(LetterRow).where(*unseen).order_by(LetterRow.made_at, LetterRow.id)
    return list(session.scalars(query))


def looked(session: Session, address: Address, *, now: datetime) -> None:
    """Somebody has this chat open: nobody needs to knock."""
    address.seen_at = now


def shown(session: Session, address: Address, seen: Sequence[Said], *, now: datetime) -> None:
    """The person has these before them. A letter that came meanwhile still waits, and one that
    comes too late to make sense is dropped."""
    looked(session, address, now=now)
    if not seen:
        return
    ids = [said.id for said in seen if isinstance(said, LetterRow)]
    # What is older than all of these is out of sight for good; nobody must be called for it.
    before = LetterRow.made_at < moment(seen[0])[0]
    mine = (LetterRow.address_id == address.id, LetterRow.state == outbox.QUEUED)
    late = update(LetterRow).where(*mine, _is_stale(now))
    session.execute(late.values(state=outbox.DROPPED, why=outbox.TOO_LATE, settled_at=now))
    done = update(LetterRow).where(*mine, or_(LetterRow.id.in_(ids), before))
    session.execute(done.values(state=outbox.SENT, settled_at=now))


def name_press(session: Session, address: Address, message_id: str, *, label: str) -> None:
    """Keep the words of the button beside the press, so that both sides can read it later."""
    mine = (Message.address_id == address.id, Message.channel_message_id == message_id)
    message = session.scalar(select(Message).where(*mine))
    if message is not None and not message.text:
        message.text = label


def pressed(session: Session, letters: Sequence[LetterRow]) -> set[str]:
    """Ids of the letters of which some button has been pressed."""
    tokens = {wire["token"]: letter.id for letter in letters for wire in _wires(letter)}
    used = select(Button.id).where(Button.id.in_(tokens), Button.used_at.is_not(None))
    return {tokens[token] for token in session.scalars(used)}


def label_of(said: Sequence[Said], token: str) -> str:
    """The words on the button with this token; "" when none of these letters has it."""
    wires = [wire for row in said if isinstance(row, LetterRow) for wire in _wires(row)]
    return next((wire["label"] for wire in wires if wire["token"] == token), "")


def _wires(letter: LetterRow) -> list[dict[str, str]]:
    offered = letter.choices or {"rows": []}
    return [wire for row in offered["rows"] for wire in row]


def _for_its_eyes(address: Address, now: datetime) -> tuple[ColumnElement[bool], ...]:
    here = (LetterRow.address_id == address.id, LetterRow.channel == address.channel)
    # What was never said must not stand on the page as if it had been.
    lost = LetterRow.state.in_((outbox.DROPPED, outbox.FAILED))
    late = and_(LetterRow.state == outbox.QUEUED, _is_stale(now))
    return (*here, LetterRow.due_at <= now, ~lost, ~late)


def _is_stale(now: datetime) -> ColumnElement[bool]:
    ended = and_(LetterRow.stale_at.is_not(None), LetterRow.stale_at <= now)
    return and_(ended, LetterRow.priority != int(Priority.CRISIS))
