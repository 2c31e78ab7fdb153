"""The vocabulary of the conversation: what was heard, and what the room says and does next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from waiting_room.letters import Letter
from waiting_room.models import Address, Message, Patient


class Kind(StrEnum):
    """What kind of thing somebody sent."""

    TEXT = "text"
    PRESS = "press"
    START = "start"
    VOICE = "voice"
    MEDIA = "media"
    EDIT = "edit"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Heard:
    """One thing heard, the same from every door.

    `text` is what they wrote (a caption, an edited text, a label they typed); `press` is the token
    of a button; `start` is the payload of a joining link. `told_at` is when they said it, in UTC.
    """

    channel: str
    chat_id: str
    kind: Kind
    told_at: datetime
    message_id: str = ""
    text: str = ""
    press: str = ""
    start: str = ""
    language: str = ""
    forwarded: bool = False


@dataclass
class Scene:
    """Where a screen plays: who is there, what they said, and the transaction it happens in."""

    session: Session
    address: Address
    patient: Patient | None
    heard: Heard
    message: Message
    now: datetime
    argument: str = ""
    released: int = 0

    @property
    def person(self) -> Patient:
        """The patient, on screens that only a patient can reach."""
        # A slip of ours, so no refusal in kind words: the update fails, and a person looks at it.
        if self.patient is None:
            raise LookupError("this screen needs a patient")
        return self.patient


@dataclass(frozen=True)
class Turn:
    """What a screen answers: where the person stands now, and what is said to them.

    `place` None leaves them where they are; `carried` is what the next screen must know.
    """

    letters: tuple[Letter, ...] = ()
    place: str | None = None
    carried: dict[str, str] = field(default_factory=dict)


def say(*letters: Letter, place: str | None = None, **carried: str) -> Turn:
    """A turn in one line."""
    return Turn(letters, place, carried)
