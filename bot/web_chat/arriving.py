"""A link and 7 numbers, heard in one transaction: who this browser is afterwards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy.orm import Session

from bot.turn import Kind
from bot.web_chat import hearing, presenting, visitors
from bot.web_chat.hearing import Act
from waiting_room import keyring
from waiting_room.care import chat_log, conversations, invitations
from waiting_room.errors import NotFound
from waiting_room.models import Address
from waiting_room.models.address import WEB_CHAT

ENTER_PIN = "conversation/enter-pin"
PIN = re.compile(rf"[0-9]{{{invitations.PIN_DIGITS}}}")
NOT_IN_A_PIN = re.compile(r"[\s.,/()-]+")


@dataclass(frozen=True)
class Attempt:
    """One sending of the numbers. The seed stays the same for a form that is shown again."""

    link: str
    pin: str
    seed: str
    once: str
    language: str

    @property
    def browser(self) -> str:
        """The token this browser will hold: made here, never the browser's choice, and the same
        when the same form comes twice because the first answer got lost."""
        return keyring.current().fingerprint("browser", self.seed, self.link)

    @property
    def has_words(self) -> bool:
        """Whether it is more than numbers and what people put between them."""
        return any(c.isalpha() for c in self.pin)

    @property
    def is_pin(self) -> bool:
        """Whether it could be the numbers."""
        return bool(PIN.fullmatch(NOT_IN_A_PIN.sub("", self.pin)))

    @property
    def is_slip(self) -> bool:
        """Too few or too many numbers: no try is used up for that. Words are for the room."""
        return not self.is_pin and not self.has_words


@dataclass(frozen=True)
class Outcome:
    """Where somebody stands after an attempt, and what the room answered."""

    joined: bool
    may_try: bool
    pages: tuple[str, ...] = ()
    bodies: tuple[Markup, ...] = ()


def arrive(session: Session, attempt: Attempt, *, holds: str, site: str, now: datetime) -> Outcome:
    """Let the room hear the link and the numbers. `holds` is the token the browser has so far."""
    address = _heard(session, attempt, now=now)
    if address.patient_id is not None:
        _leave(session, holds, address, now=now)
        return Outcome(joined=True, may_try=False)
    answered = chat_log.waiting(session, address, now=now)
    chat_log.shown(session, address, answered, now=now)
    eye = presenting.Eye(session, address, now, site)
    told = [letter for letter in answered if letter.page != ENTER_PIN]
    bodies = tuple(presenting.html(eye, letter) for letter in told)
    return Outcome(False, bool(address.place), tuple(letter.page for letter in told), bodies)


def is_own(session: Session, link: str, address: Address) -> bool:
    """Whether this chat was joined by this link."""
    used = invitations.find_used(session, link)
    return used is not None and used.used_by == address.id


def is_good(session: Session, link: str, *, now: datetime) -> bool:
    """Whether the link may still be used; asking uses nothing up."""
    try:
        invitations.find(session, link, now=now)
    except NotFound:
        return False
    return True


def _heard(session: Session, attempt: Attempt, *, now: datetime) -> Address:
    language = attempt.language
    address = conversations.address(session, WEB_CHAT, attempt.browser, now=now, language=language)
    # A double click sends both at once: the second waits, and then finds that it was heard.
    conversations.hold(session, address)
    start = Act(Kind.START, attempt.link, attempt.once, language)
    hearing.pass_on(session, attempt.browser, start, now=now)
    # A bad link leads nowhere, and numbers mean nothing there; words are heard all the same.
    if address.place or not attempt.is_pin:
        said = Act(Kind.TEXT, attempt.pin, attempt.once, language)
        hearing.pass_on(session, attempt.browser, said, now=now)
    return address


def _leave(session: Session, holds: str, address: Address, *, now: datetime) -> None:
    """A browser holds one chat: the one it had before is signed out, not left without a reader."""
    old = visitors.address_of(session, holds)
    if old is not None and old.id != address.id:
        visitors.sign_out(session, old, now=now)
