"""For machines that watch us: alive, ready, figures. Details only for this machine itself, and for
whoever knows the token that was set for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from ipaddress import ip_address

import structlog
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from waiting_room import beats, clock, crypto, db
from waiting_room.care import promises, providers
from waiting_room.errors import NotFound, RoomError
from waiting_room.settings import Settings

router = APIRouter()
log = structlog.get_logger(__name__)

Checks = Mapping[str, Callable[[], bool]]
# A proxy on this machine makes everybody look local; these headers give it away.
PASSED_ON = ("forwarded", "x-forwarded-for", "x-real-ip")


@router.get("/health/live")
def live() -> Response:
    """This process answers. Nothing else is asked, so a full disk does not restart us in a loop."""
    return PlainTextResponse("alive")


@router.get("/health/ready")
def ready(request: Request) -> Response:
    """Whether people may be sent here: the database answers, each loop runs in some process, every
    further check of whoever composed this one passes, and no promise is `broken`. `silent` are
    loops that stopped somewhere, also where others do their work."""
    loops = partial(_loops, beats.required(request.app.state.settings))
    checks: Checks = {"database": _database, "loops": loops, **request.app.state.checks}
    found: dict[str, object] = {name: _passes(name, check) for name, check in checks.items()}
    broken, silent = _broken_promises()
    status = 200 if all(found.values()) and not broken else 503
    if not sees_details(request):
        return PlainTextResponse("ready" if status == 200 else "not ready", status)
    return JSONResponse(found | {"broken": broken, "silent": silent}, status)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Figures for Prometheus; for everybody else there is no such page."""
    if not sees_details(request):
        raise NotFound("only for this machine, or with the token")
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def sees_details(request: Request) -> bool:
    """Whether this machine itself asks, or somebody who knows the token."""
    settings: Settings = request.app.state.settings
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if settings.metrics_token and crypto.same(given, settings.metrics_token):
        return True
    return is_local(request)


def is_local(request: Request) -> bool:
    """Whether this machine itself asks, and not somebody through a proxy on it."""
    if any(name in request.headers for name in PASSED_ON):
        return False
    try:
        return ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        return False


def _database() -> bool:
    with db.read() as session:
        return providers.current(session) is not None


def _loops(required: list[str]) -> bool:
    with db.read() as session:
        return not beats.missing(session, required, wall=clock.wall())


def _broken_promises() -> tuple[list[str], list[str]]:
    at = promises.Moment(clock.now(), clock.wall())
    try:
        with db.read() as session:
            return list(promises.audit(session, at)), beats.silent(session, wall=at.wall)
    except RoomError:
        return ["the database answers"], []


def _passes(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except RoomError as error:
        log.warning("not ready", check=name, error=type(error).__name__)
        return False
