"""The staff bot: link an account, take an alert with a second tap, say that a test arrived.

It says nothing about a person: a reference and the way to the desk. An account nobody knows hears
one neutral line. Every answer goes through the outbox, to the chat it belongs to.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from bot.telegram import updates
from bot.turn import Heard, Kind
from waiting_room import outbox, permissions
from waiting_room.care import alerts, duty, people, proofs, staff_links
from waiting_room.errors import NotFound, Refused
from waiting_room.letters import Choice, Letter, one_each
from waiting_room.models import Alert, Staff
from waiting_room.models.base import REFERENCE_LETTERS

# Their letters have no vowels, so that hardly any word is taken for a code.
CODE = re.compile(rf"\s*([{REFERENCE_LETTERS}]{{{staff_links.LENGTH}}})\s*", re.IGNORECASE)
DESK = {"link": "/desk"}


class Act(Protocol):
    """What a press does: `argument` is what stands behind the colon of the button's value."""

    def __call__(
        self, session: Session, person: Staff, argument: str, /, *, now: datetime
    ) -> Letter:
        """Act in this transaction; returns the answer."""
        ...


def hear(session: Session, update: dict[str, Any], *, now: datetime) -> None:
    """One raw update of the staff bot, in the transaction of its effect. The door itself answers
    the press and leaves groups."""
    meaning = updates.read(update, now=now)
    if isinstance(meaning, updates.Moved):
        _moved(session, meaning, now=now)
    elif isinstance(meaning, Heard):
        letter = _answer(session, meaning, now=now)
        outbox.tell(session, meaning.chat_id, letter, now=now)


def _answer(session: Session, heard: Heard, *, now: datetime) -> Letter:
    code = _code_in(heard)
    if code:
        return _link(session, code, heard, now=now)
    person = staff_links.person_of(session, heard.chat_id)
    if person is None:
        # The same for everybody who is not staff: this bot must not tell what room it belongs to.
        return Letter("staff/not-linked")
    verb, _, argument = heard.press.partition(":")
    if verb not in PRESSES:
        return Letter("staff/nothing-here", DESK)
    return PRESSES[verb](session, person, argument, now=now)


def _code_in(heard: Heard) -> str:
    """The code somebody typed, or that came with /start; "" when this is something else."""
    words = heard.start if heard.kind == Kind.START else heard.text
    found = CODE.fullmatch(words) if heard.kind in (Kind.START, Kind.TEXT) else None
    return found[1] if found else ""


def _link(session: Session, code: str, heard: Heard, *, now: datetime) -> Letter:
    try:
        channel = staff_links.redeem(session, code, heard.chat_id, now=now)
    except NotFound:
        return Letter("staff/code-wrong")
    person = session.get_one(Staff, channel.staff_id)
    return Letter("staff/linked", {"name": people.shown(person.name)})


def _take(session: Session, person: Staff, alert_id: str, *, now: datetime) -> Letter:
    """The first tap takes nothing: a pocket can press a button."""
    alert = _alert(session, person, alert_id, now=now)
    if alert is None:
        return Letter("staff/no-such-alert", DESK)
    choices = one_each(
        Choice("", f"confirm:{alert.id}", text="Yes, I have this"),
        Choice("", f"leave:{alert.id}", text="No"),
    )
    # A reference and a colour: who the patient is stands on the desk alone.
    values = {"ref": alert.reference, "colour": alert.colour.upper()}
    return Letter("staff/take-confirm", values, choices)


def _confirm(session: Session, person: Staff, alert_id: str, *, now: datetime) -> Letter:
    """The second tap: they have it, and this chat has been shown to reach them."""
    alert = _alert(session, person, alert_id, now=now)
    if alert is None:
        return Letter("staff/no-such-alert", DESK)
    # Even if somebody was first: they read this chat, and that is what a proof is about.
    _prove(session, person, now=now)
    values = {"ref": alert.reference, "link": f"/desk/alerts/{alert.id}"}
    try:
        alerts.acknowledge(session, alert, person, now=now)
    except Refused as refusal:
        return Letter("staff/taken-by-other", values | {"reason": str(refusal)})
    return Letter("staff/taken", values)


def _leave(session: Session, person: Staff, alert_id: str, *, now: datetime) -> Letter:
    alert = _alert(session, person, alert_id, now=now)
    if alert is None:
        return Letter("staff/no-such-alert", DESK)
    return Letter("staff/not-taken", {"ref": alert.reference})


def _works(session: Session, person: Staff, token: str, *, now: datetime) -> Letter:
    try:
        proofs.confirm(session, person.id, token, now=now)
    except NotFound:
        return Letter("staff/test-too-old")
    return Letter("staff/test-works")


PRESSES: dict[str, Act] = {
    "take": _take,
    "confirm": _confirm,
    "leave": _leave,
    "works": _works,
}


def _alert(session: Session, person: Staff, alert_id: str, *, now: datetime) -> Alert | None:
    try:
        return permissions.alert_for(session, person, alert_id, now=now)
    except NotFound:
        return None


def _prove(session: Session, person: Staff, *, now: datetime) -> None:
    for channel in duty.channels_of(session, person.id):
        if channel.kind == staff_links.TELEGRAM:
            duty.prove(session, channel, now=now)


def _moved(session: Session, moved: updates.Moved, *, now: datetime) -> None:
    """They blocked the bot: nobody counts on this chat until it is linked or tested anew."""
    person = staff_links.person_of(session, moved.chat_id) if moved.blocked else None
    for channel in duty.channels_of(session, person.id) if person else []:
        if channel.kind == staff_links.TELEGRAM:
            duty.bury(session, channel.id, "blocked", now=now)
