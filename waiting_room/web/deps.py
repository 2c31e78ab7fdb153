"""What an endpoint may ask of its request: the settings, who asks, from where."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, HTTPException, Request, params
from starlette.responses import Response

from waiting_room import beats, clock, db, permissions
from waiting_room.care import providers, sign_ins
from waiting_room.errors import StorageRefused
from waiting_room.models import Provider, Staff
from waiting_room.models.staff import ADMINISTRATOR
from waiting_room.pages import limits
from waiting_room.settings import Settings

SIGN_IN, FIRST_RUN, NOT_READY = "/desk/sign-in", "/desk/first-run", "/desk/not-ready"


def settings_of(request: Request) -> Settings:
    """The settings this application was built with."""
    settings = request.app.state.settings
    assert isinstance(settings, Settings)
    return settings


def peer(request: Request) -> str:
    """Who asks, by network address."""
    return limits.peer(request.scope)


def cookie_name(request: Request) -> str:
    """The session's cookie; a plain name on http, where browsers refuse `__Host-`."""
    return "__Host-desk" if settings_of(request).is_https else "desk"


def session_token(request: Request) -> str:
    """The token this browser holds; "" when it holds none."""
    return request.cookies.get(cookie_name(request), "")


def keep_token(request: Request, response: Response, token: str) -> None:
    """Give the browser its session; it ends with the browser, at the latest after 12 hours."""
    response.set_cookie(
        cookie_name(request),
        token,
        path="/",
        httponly=True,
        # Lax and not strict: the link in an alert must open the desk for whoever is signed in.
        samesite="lax",
        secure=settings_of(request).is_https,
    )


def drop_token(request: Request, response: Response) -> None:
    """Take the session from the browser."""
    secure = settings_of(request).is_https
    name = cookie_name(request)
    response.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=secure)


def signed_in_early(request: Request) -> Staff:
    """Who is signed in, also before the first run; else the browser is sent to the sign-in page."""
    token, wall = session_token(request), clock.wall()
    # Read and closed here: no transaction stays open while the endpoint works.
    with db.read() as session:
        found = sign_ins.who(session, token, wall=wall) if token else None
        provider = providers.current(session)
        request.state.proved = beats.proved(session)
    if found is None:
        raise _elsewhere(request, _sign_in_address(request))
    request.state.staff, request.state.provider = found.staff, provider
    if found.is_stale(wall=wall):
        _touch(token)
    return found.staff


def signed_in(request: Request, staff: Annotated[Staff, Depends(signed_in_early)]) -> Staff:
    """Who is signed in to a room that is set up."""
    provider: Provider | None = request.state.provider
    if provider is None or provider.ready_at is None:
        raise _elsewhere(request, FIRST_RUN if staff.role == ADMINISTRATOR else NOT_READY)
    return staff


SignedIn = Annotated[Staff, Depends(signed_in)]
SignedInEarly = Annotated[Staff, Depends(signed_in_early)]


def may(act: str) -> params.Depends:
    """A dependency for a whole route or router: refuses (403) a role that may not do this act."""

    def check(staff: SignedIn) -> None:
        permissions.check(staff, act)

    return params.Depends(check)


def still_signed_in(request: Request) -> bool:
    """For a live stream, asked every few seconds: a disabled person must not go on reading."""
    with db.read() as session:
        return sign_ins.who(session, session_token(request), wall=clock.wall()) is not None


def _touch(token: str) -> None:
    try:
        with db.write() as session:
            sign_ins.touch(session, token, wall=clock.wall())
    except StorageRefused:
        # A full disk must not lock a worker out of what can still be read.
        return


def _sign_in_address(request: Request) -> str:
    if request.method != "GET" or request.url.path == "/desk":
        return SIGN_IN
    return f"{SIGN_IN}?next={quote(request.url.path)}"


def _elsewhere(request: Request, address: str) -> HTTPException:
    # A live part of a page cannot be redirected by itself: the whole page goes.
    if "hx-request" in request.headers:
        return HTTPException(401, headers={"hx-redirect": address})
    return HTTPException(303, headers={"location": address})
