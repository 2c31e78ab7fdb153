"""What happens with an update nobody could read or handle: a person looks at it.

Its words are screened even so, and the sender is given the help lines and the truth.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot import raw
from waiting_room import outbox
from waiting_room.care import alerts, conversations, danger
from waiting_room.care.colours import Colour
from waiting_room.care.inbox import PATIENTS
from waiting_room.letters import Letter, Priority
from waiting_room.models import InboxUpdate
from waiting_room.models.address import TELEGRAM

KIND = "unreadable message"
PAGE = "crisis/could-not-pass-on"


def answer(session: Session, row: InboxUpdate, body: bytes, *, now: datetime) -> None:
    """Raise a person, RED when the words are of danger, and give the sender the lines."""
    # Staff write no cries for help here, and are given no help lines for a broken update.
    if row.bot != PATIENTS:
        _raise(session, row, Colour.AMBER, now=now)
        return
    danger_words = danger.screen(raw.words(body), danger.current()) is not None
    chat_id = raw.label(body).chat_id
    # A group is nobody's own chat: nothing is ever said there.
    if not chat_id or int(chat_id) < 0:
        _raise(session, row, Colour.RED if danger_words else Colour.AMBER, now=now)
        return
    chat = conversations.address(session, TELEGRAM, chat_id, now=now)
    cause = alerts.Cause(
        Colour.RED if danger_words else Colour.AMBER,
        KIND,
        patient_id=chat.patient_id,
        address_id=chat.id,
        what="inbox",
        what_id=row.id,
    )
    alerts.raise_(session, cause, now=now)
    priority = Priority.CRISIS if danger_words else Priority.REPLY
    outbox.say(session, chat, Letter(PAGE, priority=priority), now=now)


def alarm(session: Session, row: InboxUpdate, body: bytes, *, now: datetime) -> None:
    """The least that can be done when even an answer fails. Nothing was screened, so it is RED."""
    _raise(session, row, Colour.RED, now=now)


def _raise(session: Session, row: InboxUpdate, colour: Colour, *, now: datetime) -> None:
    cause = alerts.Cause(colour, KIND, what="inbox", what_id=row.id)
    alerts.raise_(session, cause, now=now)
