"""The ledger: what went in is what took effect, and what took effect is what came out.

Inputs the fake Telegram issued = rows of the inbox = messages, each once. Every cry for help has
an alert, and every alert is taken, closed, or has a next moment. Every letter left; copies are
counted where they arrive (`arrivals.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from tests.faults import arrivals
from tests.faults.arrivals import NONE, Arrival, Held
from tests.journeys import live
from tests.journeys.live import LiveRoom
from waiting_room import db
from waiting_room.care import alerts, conversations
from waiting_room.errors import StorageRefused
from waiting_room.models import Alert, AlertEvent, InboxUpdate, LetterRow, Message
from waiting_room.models.inbox import DEAD, DONE

DANGER = "I want to kill myself"
BOTS = {"patients": live.PATIENTS_TOKEN, "staff": live.STAFF_TOKEN}
UNSETTLED = ("queued", "sending")


@dataclass(frozen=True)
class Sums:
    """What a ledger that balances adds up to."""

    inputs: int
    alerts: int
    letters: int
    extra: int
    extra_crisis: int
    held: int

    def __str__(self) -> str:
        return (
            f"{self.inputs} inputs, 0 lost, 0 double; {self.alerts} alerts; "
            f"{self.letters} letters, {self.extra} routine and {self.extra_crisis} crisis copies, "
            f"each marked (≤ {self.held} in hand at the faults)"
        )


def is_settled(room: LiveRoom) -> bool:
    """Whether nothing waits any more: not at Telegram's, not in the inbox, not in the outbox."""
    if any(room.api.bot(token).ledger["waiting"] for token in BOTS.values()):
        return False
    with db.read() as session:
        heard = select(func.count()).select_from(InboxUpdate)
        if session.scalar(heard.where(InboxUpdate.state.in_(("waiting", "held")))):
            return False
        outgoing = select(LetterRow.id).where(LetterRow.state.in_(UNSETTLED))
        return not session.scalar(outgoing.where(LetterRow.channel != "web_chat").limit(1))


def heard() -> int:
    """How many messages took effect; 0 while the database does not answer."""
    try:
        with db.read() as session:
            return session.scalar(select(func.count()).select_from(Message)) or 0
    except StorageRefused:
        return 0


def in_hand() -> Held:
    """Letters that are claimed and not marked at this moment, each with the number of its claim:
    a process that dies now may have sent them. Nothing while the database does not answer."""
    try:
        with db.read() as session:
            hers = select(LetterRow.id, LetterRow.fence).where(LetterRow.state == "sending")
            return {(number, fence) for number, fence in session.execute(hers)}
    except StorageRefused:
        return set()


def check(room: LiveRoom, *, seconds: float = 60, held: Held = NONE, dead: int = 0) -> Sums:
    """Wait until nothing moves, then add up; fails where it does not balance. Letters of `held`
    may have come once more. So many inputs are `dead`: in pieces, and not from the fake."""
    room.wait(lambda: is_settled(room), seconds=seconds)
    with db.read() as session:
        inputs = _inputs(room, session.scalars(select(InboxUpdate)), dead)
        _effects(room, session)
        raised = _alerts(session)
    letters, came = room.wait(lambda: _at_rest(room), seconds=seconds)
    extra, crisis = arrivals.copies(came, letters, held)
    sent = sum(letter.state == "sent" for letter in letters.values())
    return Sums(inputs, raised, sent, extra, crisis, len(held))


def _at_rest(room: LiveRoom) -> tuple[dict[str, LetterRow], list[Arrival]] | None:
    """All letters and all that came, in a moment without any on the way: alerts go on climbing,
    and a notice that leaves while we count would look like a copy."""
    came = list(arrivals.arrived(room))
    with db.read() as session:
        letters = {letter.id: letter for letter in session.scalars(select(LetterRow))}
    outgoing = (one for one in letters.values() if one.channel != "web_chat")
    moving = any(one.state in UNSETTLED for one in outgoing)
    still = not moving and len(list(arrivals.arrived(room))) == len(came)
    return (letters, came) if still else None


def _inputs(room: LiveRoom, rows: Iterable[InboxUpdate], dead: int) -> int:
    """Every update the fake issued is in the inbox, once, and done with."""
    kept = Counter()
    for row in rows:
        if row.state == DEAD and dead:
            dead -= 1
            continue
        assert row.state == DONE, f"update {row.update_id} is {row.state}"
        kept[row.bot, row.update_id] += 1
    issued = Counter(
        (bot, line["update_id"])
        for bot, token in BOTS.items()
        for line in room.api.bot(token).ledger["issued"]
    )
    assert not dead
    assert kept == issued, f"lost {issued - kept}, invented or doubled {kept - issued}"
    return sum(issued.values())


def _effects(room: LiveRoom, session: Any) -> None:
    """Every message somebody wrote is a message of the room, once, in the words they wrote."""
    issued: Counter[tuple[str, str, str]] = Counter()
    for line in room.api.bot(live.PATIENTS_TOKEN).ledger["issued"]:
        if line["kind"] == "message" and line["text"]:
            chat = conversations.chat_hash("telegram", str(line["chat_id"]))
            issued[chat, str(line["message_id"]), line["text"]] += 1
    stored = Counter(
        (m.chat_hash, m.channel_message_id, str(m.text))
        for m in session.scalars(select(Message))
        if m.kind == "text" and m.channel_message_id.isdigit()
    )
    assert stored == issued, f"lost {issued - stored}, doubled or changed {stored - issued}"


def _alerts(session: Any) -> int:
    """Every cry for help raised an alert or joined one, once; every alert has a next moment."""
    cries = [m.id for m in session.scalars(select(Message)) if m.text == DANGER]
    causes = Counter(session.scalars(select(AlertEvent.cause_id)))
    assert {causes[cry] for cry in cries} <= {1}, "a cry without its alert, or with two"
    raised = list(session.scalars(select(Alert)))
    forgotten = [a.reference for a in raised if a.state != alerts.CLOSED and a.due_at is None]
    assert not forgotten, f"alerts nobody will come back to: {forgotten}"
    return len(raised)
