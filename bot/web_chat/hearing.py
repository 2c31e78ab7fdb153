"""One thing said in a browser reaches the conversation: once, however often it was sent."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot import conversation
from bot.turn import Heard, Kind
from bot.web_chat import visitors
from waiting_room import db
from waiting_room.care import chat_log, conversations
from waiting_room.kill_points import reached
from waiting_room.models import Address
from waiting_room.models.address import WEB_CHAT


@dataclass(frozen=True)
class Act:
    """What somebody did on a page: wrote, pressed, or came with a link.

    `value` is the words, the token of a button or of the link. `once` is the random id of the form
    it came from: the same thing from the same form is the same message.
    """

    kind: Kind
    value: str
    once: str
    language: str = ""

    @property
    def message_id(self) -> str:
        """The id by which the conversation knows it again; "" for a form without an id."""
        if not self.once:
            return ""
        # With the words in it: a form that a browser kept (the back button) and that now says
        # something else is another message.
        said = f"{self.kind}\x1f{self.once}\x1f{self.value}".encode()
        return hashlib.sha256(said).hexdigest()[:32]


def pass_on(session: Session, token: str, act: Act, *, now: datetime) -> None:
    """Let the conversation hear it, in the transaction of the door."""
    heard = Heard(
        WEB_CHAT,
        token,
        act.kind,
        now,
        message_id=act.message_id,
        text=act.value if act.kind == Kind.TEXT else "",
        press=act.value if act.kind == Kind.PRESS else "",
        start=act.value if act.kind == Kind.START else "",
        language=act.language,
    )
    conversation.receive(session, heard, now=now)


def take(token: str, act: Act, *, now: datetime) -> bool:
    """Hear somebody who is in; False when this browser is not."""
    with db.write() as session:
        address = visitors.address_of(session, token)
        if address is None:
            return False
        conversations.hold(session, address)
        label = _label(session, address, act, now=now)
        pass_on(session, token, act, now=now)
        if label:
            chat_log.name_press(session, address, act.message_id, label=label)
        reached("form not stored")
    reached("form stored")
    return True


def _label(session: Session, address: Address, act: Act, *, now: datetime) -> str:
    if act.kind != Kind.PRESS or not act.message_id:
        return ""
    return chat_log.label_of(chat_log.last(session, address, now=now), act.value)
