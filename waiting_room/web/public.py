"""Pages for everybody: what this is, privacy, cookies, and help that asks for nothing and works
without the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from waiting_room import clock, db, library
from waiting_room.care import hours, providers
from waiting_room.errors import NotFound, StorageRefused
from waiting_room.library import HelpLine
from waiting_room.models import Provider
from waiting_room.pages.apart import apart
from waiting_room.pages.calls import with_calls
from waiting_room.pages.render import render
from waiting_room.web import form_fields

router = APIRouter()

NATIONS = dict(form_fields.NATIONS)
ZONE = "Europe/London"


@dataclass(frozen=True)
class Entry:
    """One help line as the page shows it."""

    line: HelpLine
    when: str


@router.get("/")
def about(request: Request) -> Response:
    """The front page."""
    return _words(request, "web/about", is_front=True)


@router.get("/privacy")
def privacy(request: Request) -> Response:
    """How data are used, with the provider's own words."""
    provider = _provider()
    values = {
        "provider": (provider.name if provider else "") or "The organisation that runs this room",
        "contact": (provider.contact if provider else "") or "the person who sent you here",
        "privacy_text": provider.privacy_text if provider else "",
    }
    return _words(request, "conversation/privacy", values)


@router.get("/accessibility")
def accessibility(request: Request) -> Response:
    """What works for whom, and what nobody has tested."""
    return _words(request, "web/accessibility")


@router.get("/cookies")
def cookies(request: Request) -> Response:
    """What is kept in the browser."""
    return _words(request, "web/cookies")


@router.get("/help")
@apart
def help_now(request: Request) -> Response:
    """Who answers right now. No cookie is set and nobody is told who looked."""
    # A room that is not well must still show numbers, so each part may be missing.
    nation = request.query_params.get("nation", "")
    if nation not in NATIONS:
        provider = _provider()
        nation = provider.nation if provider else ""
    here = hours.local(clock.now(), ZONE)
    open_now, closed = _lines(nation, here)
    return render(
        request,
        "web/public/help.html",
        title="Help now",
        crisis=_html("crisis/help-now"),
        open_now=open_now,
        closed=closed,
        at=hours.clock_words(here),
        nation=nation,
        nations=NATIONS,
    )


def public_context(request: Request) -> dict[str, object]:
    """The frame of a public page: the patients' bar on top, no account."""
    return {"layout": "layouts/chat.html", "home_url": "/", "lang": "en"}


def _words(
    request: Request, key: str, values: dict[str, str] | None = None, *, is_front: bool = False
) -> Response:
    page = library.page(key)
    body = with_calls(library.to_html(page, values or {}))
    known: dict[str, Any] = {"title": page.title, "body": body, "is_front": is_front}
    return render(request, "web/public/page.html", lang=page.language, **known)


def _html(key: str) -> str:
    try:
        return with_calls(library.to_html(library.page(key), {}))
    except NotFound:
        return ""


def _provider() -> Provider | None:
    try:
        with db.read() as session:
            return providers.current(session)
    except StorageRefused:
        return None


def _lines(nation: str, here: datetime) -> tuple[list[Entry], list[Entry]]:
    holidays = hours.calendar(nation)
    lines = library.help_lines_for(today=here.date(), nation=nation)
    # 999, 111 and Samaritans stand above the list already. What never closes comes first.
    lines = [line for line in lines if not line.never_hidden]
    lines.sort(key=lambda line: (line.for_children, not line.hours.always, line.name))
    open_now = [_open(line, here, holidays) for line in lines if line.open_at(here, holidays)]
    closed = [_closed(line, here, holidays) for line in lines if not line.open_at(here, holidays)]
    return open_now, closed


def _open(line: HelpLine, here: datetime, holidays: Callable[[date], bool]) -> Entry:
    until = line.open_until(here, holidays)
    phrase = "open_until" if until else "day_and_night"
    phrase = phrase if line.hours_sure else "may_be_open"
    return Entry(line, library.phrase(phrase, time=until))


def _closed(line: HelpLine, here: datetime, holidays: Callable[[date], bool]) -> Entry:
    opens = line.opens_next(here, holidays)
    when = library.phrase("opens", time=opens) if opens else ""
    return Entry(line, when)
