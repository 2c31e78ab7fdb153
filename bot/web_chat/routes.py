"""The chat of somebody who is in: read it, write, press, sign out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from fastapi import APIRouter, Request
from starlette.background import BackgroundTask
from starlette.responses import Response

from bot.turn import Kind
from bot.web_chat import answers, hearing, limits, patience, presenting, visitors
from waiting_room import clock, db
from waiting_room.care import chat_log
from waiting_room.errors import StorageRefused
from waiting_room.pages.security import CheckedForm, Fields
from waiting_room.pages.site import site_of

# A little below what Telegram takes, so that the same words fit both doors.
LONGEST = 4_000
NEWEST = "#latest"
router = APIRouter(prefix="/chat")


@router.get("")
def chat(request: Request) -> Response:
    """The whole chat; help lines for a browser that is not in."""
    token, view = visitors.token_of(request), _view(request)
    if view is None:
        return answers.ask_for_link(request)
    response = answers.chat(request, view)
    visitors.keep(request, response, token)
    response.background = BackgroundTask(_note_shown, token, view.said)
    return response


@router.get("/news")
def news(request: Request, after: str = "") -> Response:
    """What the open page does not show yet."""
    token, view = visitors.token_of(request), _view(request)
    if view is None:
        return answers.ask_for_link(request)
    response = answers.part(request, view, after=after)
    response.background = BackgroundTask(_note_shown, token, view.said)
    return response


@router.post("/say")
def say(request: Request, fields: CheckedForm) -> Response:
    """Words of the person's own."""
    # A browser sends a new line as two characters, and counted it as one.
    return _written(request, fields, fields.text("message").replace("\r\n", "\n"))


@router.post("/press")
def press(request: Request, fields: CheckedForm) -> Response:
    """A button under a message, or one of the large keys, which mean what they say."""
    if token := fields.text("press"):
        return _heard(request, fields, Kind.PRESS, token)
    return _written(request, fields, fields.text("label"))


@router.post("/sign-out")
def sign_out(request: Request, _checked: CheckedForm) -> Response:
    """This browser shows nothing any more, even when that could not be written down."""
    try:
        with db.write() as session:
            address = visitors.address_of(session, visitors.token_of(request))
            if address is not None:
                visitors.sign_out(session, address, now=clock.now())
    except StorageRefused:
        # The cookie goes all the same: whoever looks at this screen next must see nothing.
        pass
    response = answers.plain(request, "conversation/signed-out")
    visitors.drop(request, response)
    return response


def _written(request: Request, fields: Fields, text: str) -> Response:
    if len(text) > LONGEST and not limits.is_danger(text):
        return answers.notice(request, answers.Notice(422, kept=text))
    return _heard(request, fields, Kind.TEXT, text)


def _heard(request: Request, fields: Fields, kind: Kind, value: str) -> Response:
    token, kept = visitors.token_of(request), fields.text("message")
    if limits.writes_too_fast(request, token, value if kind == Kind.TEXT else ""):
        return answers.notice(request, answers.Notice(429, answers.SLOW_DOWN, kept))
    act = hearing.Act(kind, value, fields.text("once"), visitors.language_of(request))
    hear = partial(hearing.take, token, act, now=clock.now())
    try:
        # An empty form is nobody's message; the person is simply shown their chat again.
        is_in = not value or patience.in_time(hear)
    except StorageRefused:
        return answers.notice(request, answers.Notice(503, answers.NOT_PASSED_ON, kept, act.once))
    if not is_in:
        return answers.ask_for_link(request)
    if answers.wants_part(request):
        return news(request, after=fields.text("after"))
    return answers.to_chat(at=NEWEST)


def _view(request: Request) -> presenting.View | None:
    """The chat of this browser as it stands; None when it is not in."""
    with db.read() as session:
        address = visitors.address_of(session, visitors.token_of(request))
        if address is None:
            return None
        eye = presenting.Eye(session, address, clock.now(), site_of(request).public_url)
        return presenting.view(eye)


def _note_shown(token: str, said: Sequence[chat_log.Said]) -> None:
    """Written once the page is on its way, so that reading never waits for a writer."""
    try:
        with db.write() as session:
            address = visitors.address_of(session, token)
            if address is not None:
                chat_log.shown(session, address, said, now=clock.now())
    except StorageRefused:
        # The letters still wait: the person may be called once more than needed, never too little.
        return
