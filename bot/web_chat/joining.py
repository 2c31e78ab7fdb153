"""The way in: a link and 7 numbers become a cookie. Opening the link uses nothing up."""

from __future__ import annotations

import re
import secrets

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.web_chat import answers, arriving, limits, visitors
from bot.web_chat.arriving import ENTER_PIN, Attempt, Outcome
from bot.web_chat.patience import in_time
from waiting_room import clock, db, library
from waiting_room.errors import StorageRefused
from waiting_room.pages.render import render
from waiting_room.pages.security import CheckedForm, Fields
from waiting_room.pages.site import site_of

WRONG_PIN, BAD_LINK = "conversation/wrong-pin", "conversation/bad-link"
SEED = re.compile(r"[A-Za-z0-9_-]{22,64}")
router = APIRouter(prefix="/chat")


@router.get("/{link}")
def open_link(request: Request, link: str) -> Response:
    """Ask for the numbers; a person who is in by this link goes to their chat."""
    with db.read() as session:
        address = visitors.address_of(session, visitors.token_of(request))
        if address is not None and arriving.is_own(session, link, address):
            return answers.to_chat()
        is_good = arriving.is_good(session, link, now=clock.now())
    if not is_good:
        return answers.plain(request, BAD_LINK, status=404)
    return _ask(request, _attempt(request, link))


@router.post("/{link}")
def join(request: Request, link: str, fields: CheckedForm) -> Response:
    """The numbers were typed: in, or what the room says to them."""
    attempt = _attempt(request, link, fields)
    if attempt.is_slip:
        return _ask(request, attempt)
    if limits.tries_too_fast(request, attempt.pin):
        return answers.notice(request, answers.Notice(429, answers.SLOW_DOWN))
    holds, site = visitors.token_of(request), site_of(request).public_url

    def arrive() -> Outcome:
        with db.write() as session:
            return arriving.arrive(session, attempt, holds=holds, site=site, now=clock.now())

    try:
        outcome = in_time(arrive)
    except StorageRefused:
        return answers.notice(request, answers.Notice(503, answers.NOT_PASSED_ON))
    return _answer(request, attempt, outcome)


def _attempt(request: Request, link: str, fields: Fields | None = None) -> Attempt:
    seed, once, pin = (fields.text(name) if fields else "" for name in ("seed", "once", "pin"))
    seed = seed if SEED.fullmatch(seed) else secrets.token_urlsafe(24)
    return Attempt(link, pin, seed, once, visitors.language_of(request))


def _answer(request: Request, attempt: Attempt, outcome: Outcome) -> Response:
    if outcome.joined:
        response = answers.to_chat()
        visitors.keep(request, response, attempt.browser)
        return response
    if not outcome.may_try and set(outcome.pages) <= {BAD_LINK}:
        return answers.plain(request, BAD_LINK, status=404)
    return _ask(request, attempt, outcome)


def _ask(request: Request, attempt: Attempt, outcome: Outcome | None = None) -> Response:
    page = library.page(ENTER_PIN, attempt.language)
    told = outcome or Outcome(joined=False, may_try=True)
    is_slip = bool(attempt.pin or attempt.once) and not told.pages
    return render(
        request,
        "web_chat/join.html",
        title=page.title,
        body=answers.as_html(page),
        attempt=attempt,
        told=told,
        # Words are not shown to whoever looks at this screen next; numbers help to find a slip.
        typed="" if attempt.has_words else attempt.pin,
        slip=is_slip,
        # The word "Error" stands first in the title of the tab, where it is heard first.
        problems=is_slip or WRONG_PIN in told.pages,
        sign_out_url="",
    )
