"""The ledger: what went in is what took effect, and what took effect is what came out.

Inputs the fake Telegram issued = rows of the inbox = messages, each once. Every cry for help has
an alert, and every alert is taken, closed, or has a next moment. Every letter left; copies are
counted where they arrive: in the fake Telegram and in the mailbox.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from tests.journeys import live
from tests.journeys.live import LiveRoom
from waiting_room import db
from waiting_room.care import alerts, conversations
from waiting_room.errors import StorageRefused
from waiting_room.letters import Priority
from waiting_room.models import Alert, AlertEvent, InboxUpdate, LetterRow, Message
from waiting_room.models.inbox import DEAD, DONE

DANGER = "I want to kill myself"
BOTS = {"patients": live.PATIENTS_TOKEN, "staff": live.STAFF_TOKEN}
CHANNELS = {"telegram": live.PATIENTS_TOKEN, "staff_telegram": live.STAFF_TOKEN}
UNSETTLED = ("queued", "sending")


@dataclass(frozen=True)
class Sums:
    """What a ledger that balances adds up to."""

    inputs: int
    alerts: int
    letters: int
    extra: int
    extra_crisis: int

    def __str__(self) -> str:
        return (
            f"{self.inputs} inputs, 0 lost, 0 double; {self.alerts} alerts; "
            f"{self.letters} letters, {self.extra} extra copies ({self.extra_crisis} of crisis)"
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


def check(room: LiveRoom, *, seconds: float = 60, kills: int = 0, dead: int = 0) -> Sums:
    """Wait until nothing moves, then add up; fails where it does not balance. So many are `dead`:
    they came in pieces, and not from the fake."""
    room.wait(lambda: is_settled(room), seconds=seconds)
    with db.read() as session:
        inputs = _inputs(room, session.scalars(select(InboxUpdate)), dead)
        _effects(room, session)
        raised = _alerts(session)
        letters = list(session.scalars(select(LetterRow).where(LetterRow.state == "sent")))
        extra = _copies(room, letters, of_crisis=False)
        crisis = _copies(room, letters, of_crisis=True)
    assert max(crisis.values(), default=0) <= max(1, kills), f"a crisis letter repeated: {crisis}"
    assert sum(crisis.values()) <= kills * 2
    return Sums(inputs, raised, len(letters), sum(extra.values()), sum(crisis.values()))


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


def _copies(room: LiveRoom, letters: list[LetterRow], *, of_crisis: bool) -> Counter[str]:
    """Where more arrived than letters left, and how many more. Fewer means that one was lost."""
    extra: Counter[str] = Counter()
    for channel, token in CHANNELS.items():
        ours = [letter for letter in letters if letter.channel == channel]
        left = Counter(str(letter.place) for letter in ours)
        urgent = {str(one.place) for one in ours if one.priority == Priority.CRISIS}
        came = Counter(str(one["chat_id"]) for one in room.api.bot(token).ledger["accepted"])
        assert not left - came, f"marked as sent and never arrived: {left - came}"
        found = came - left
        extra |= Counter({k: n for k, n in found.items() if (k in urgent) == of_crisis})
    if of_crisis:
        # Every copy of a letter has the same number in the mail's head.
        mails = Counter(str(mail.message["Message-ID"]) for mail in room.mail.mails)
        extra |= Counter({number: count - 1 for number, count in mails.items() if count > 1})
    return extra
