"""The way in: a link and 7 numbers become a cookie. Opening the link uses nothing up."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request
from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.turn import Kind
from bot.web_chat import answers, hearing, limits, presenting, visitors
from bot.web_chat.hearing import Act
from waiting_room import clock, db, keyring, library
from waiting_room.care import chat_log, conversations, invitations
from waiting_room.errors import NotFound, StorageRefused
from waiting_room.models import Address
from waiting_room.models.address import WEB_CHAT
from waiting_room.pages.render import render
from waiting_room.pages.security import CheckedForm, Fields
from waiting_room.pages.site import site_of

ENTER_PIN, WRONG_PIN = "conversation/enter-pin", "conversation/wrong-pin"
BAD_LINK = "conversation/bad-link"
PIN = re.compile(rf"[0-9]{{{invitations.PIN_DIGITS}}}")
NOT_IN_A_PIN = re.compile(r"[\s.,/()-]+")
SEED = re.compile(r"[A-Za-z0-9_-]{22,64}")
router = APIRouter(prefix="/chat")


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
    def numbers(self) -> str:
        """What was typed, without what people put between numbers."""
        return NOT_IN_A_PIN.sub("", self.pin)

    @property
    def is_slip(self) -> bool:
        """Too few or too many numbers: no try is used up for that. Words are for the room."""
        numbers = self.numbers
        return not PIN.fullmatch(numbers) and not any(c.isalpha() for c in numbers)


@dataclass(frozen=True)
class Outcome:
    """Where somebody stands after an attempt, and what the room answered."""

    joined: bool
    may_try: bool
    pages: tuple[str, ...] = ()
    bodies: tuple[Markup, ...] = ()


@router.get("/{link}")
def open_link(request: Request, link: str) -> Response:
    """Ask for the numbers; a person who is in by this link goes to their chat."""
    with db.read() as session:
        address = visitors.address_of(session, visitors.token_of(request))
        if address is not None and _is_own(session, link, address):
            return answers.to_chat()
        is_good = _is_good(session, link, now=clock.now())
    if not is_good:
        return _bad_link(request)
    return _ask(request, _attempt(request, link))


@router.post("/{link}")
def join(request: Request, link: str, fields: CheckedForm) -> Response:
    """The numbers were typed: in, or what the room says to them."""
    attempt = _attempt(request, link, fields)
    if attempt.is_slip:
        return _ask(request, attempt, slip=True)
    if limits.tries_too_fast(request, attempt.pin):
        return answers.notice(request, answers.Notice(429, answers.SLOW_DOWN))
    try:
        outcome = _try(request, attempt, now=clock.now())
    except StorageRefused:
        return answers.notice(request, answers.Notice(503, answers.NOT_PASSED_ON))
    if outcome.joined:
        response = answers.to_chat()
        visitors.keep(request, response, attempt.browser)
        return response
    if set(outcome.pages) <= {BAD_LINK}:
        return _bad_link(request)
    return _ask(request, attempt, outcome)


def _attempt(request: Request, link: str, fields: Fields | None = None) -> Attempt:
    seed, once, pin = (fields.text(name) if fields else "" for name in ("seed", "once", "pin"))
    seed = seed if SEED.fullmatch(seed) else secrets.token_urlsafe(24)
    return Attempt(link, pin, seed, once, visitors.language_of(request))


def _try(request: Request, attempt: Attempt, *, now: datetime) -> Outcome:
    """One transaction: the link, the numbers, and what the room answers."""
    with db.write() as session:
        address = _heard(session, attempt, now=now)
        if address.patient_id is not None:
            _leave_old_chat(session, request, address, now=now)
            return Outcome(joined=True, may_try=False)
        answered = chat_log.waiting(session, address, now=now)
        chat_log.shown(session, address, answered, now=now)
        eye = presenting.Eye(session, address, now, site_of(request).public_url)
        told = [letter for letter in answered if letter.page != ENTER_PIN]
        bodies = tuple(presenting.html(eye, letter) for letter in told)
        pages = tuple(letter.page for letter in told)
        return Outcome(False, bool(address.place), pages, bodies)


def _heard(session: Session, attempt: Attempt, *, now: datetime) -> Address:
    start = Act(Kind.START, attempt.link, attempt.once, attempt.language)
    hearing.pass_on(session, attempt.browser, start, now=now)
    address = conversations.address(session, WEB_CHAT, attempt.browser, now=now)
    # A bad link leads nowhere, and numbers mean nothing there; words are heard all the same.
    if address.place or not PIN.fullmatch(attempt.numbers):
        said = Act(Kind.TEXT, attempt.pin, attempt.once, attempt.language)
        hearing.pass_on(session, attempt.browser, said, now=now)
    return address


def _leave_old_chat(session: Session, request: Request, address: Address, *, now: datetime) -> None:
    """A browser holds one chat: the one it had before is signed out, not left without a reader."""
    old = visitors.address_of(session, visitors.token_of(request))
    if old is not None and old.id != address.id:
        visitors.sign_out(session, old, now=now)


def _is_own(session: Session, link: str, address: Address) -> bool:
    used = invitations.find_used(session, link)
    return used is not None and used.used_by == address.id


def _is_good(session: Session, link: str, *, now: datetime) -> bool:
    try:
        invitations.find(session, link, now=now)
    except NotFound:
        return False
    return True


def _bad_link(request: Request) -> Response:
    return answers.plain(request, BAD_LINK, status=404)


def _ask(
    request: Request, attempt: Attempt, outcome: Outcome | None = None, *, slip: bool = False
) -> Response:
    page = library.page(ENTER_PIN, attempt.language)
    told = outcome or Outcome(joined=False, may_try=True)
    # Words are not shown again to whoever looks at this screen next; numbers help to find a slip.
    typed = "" if any(c.isalpha() for c in attempt.pin) else attempt.pin
    return render(
        request,
        "web_chat/join.html",
        title=page.title,
        body=answers.as_html(page),
        attempt=attempt,
        told=told,
        typed=typed,
        slip=slip,
        # The word "Error" stands first in the title of the tab, where it is heard first.
        problems=slip or WRONG_PIN in told.pages,
        sign_out_url="",
    )
