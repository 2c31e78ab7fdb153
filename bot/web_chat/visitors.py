"""Who asks: the browser's cookie, the chat it opens, and the language it reads."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from waiting_room import audit, library
from waiting_room.care import conversations
from waiting_room.models import Address
from waiting_room.models.address import WEB_CHAT
from waiting_room.pages.site import site_of

LASTS = timedelta(days=30)
ENGLISH = "en"
SIGNED_OUT = "signed out"


def cookie_name(request: Request) -> str:
    """The chat's cookie; a plain name on http, where browsers refuse `__Host-`."""
    return "__Host-chat" if site_of(request).is_https else "chat"


def token_of(request: Request) -> str:
    """The token this browser holds; "" when it holds none."""
    return request.cookies.get(cookie_name(request), "")


def keep(request: Request, response: Response, token: str) -> None:
    """Let this browser in for 30 days from now."""
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=int(LASTS.total_seconds()),
        path="/",
        httponly=True,
        # Lax and not strict: a link in a mail must open the chat, and changing needs a form token
        # anyway.
        samesite="lax",
        secure=site_of(request).is_https,
    )


def drop(request: Request, response: Response) -> None:
    """Take the token from the browser."""
    secure, name = site_of(request).is_https, cookie_name(request)
    response.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=secure)


def address_of(session: Session, token: str) -> Address | None:
    """The chat this token opens; None when nobody joined with it, or it was signed out."""
    if not token:
        return None
    found = conversations.address_known(session, WEB_CHAT, token)
    # A chat that never joined stays a stranger's, even for the browser that holds its token.
    joined = found is not None and found.patient_id is not None and found.dead_at is None
    return found if joined else None


def sign_out(session: Session, address: Address, *, now: datetime) -> None:
    """End this chat: its token opens nothing any more."""
    conversations.bury(address, SIGNED_OUT, now=now)
    by = str(address.patient_id)
    audit.record(session, by=by, did=SIGNED_OUT, to=("address", address.id), now=now)


def language_of(request: Request) -> str:
    """The first language the browser asks for that there are pages in."""
    asked = request.headers.get("accept-language", "").split(",")
    spoken = (part.split(";")[0].strip().partition("-")[0].lower() for part in asked)
    known = library.languages()
    return next((language for language in spoken if language in known), ENGLISH)
