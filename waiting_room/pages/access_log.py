"""One line for each request: method, route, status, time. Never an address a token may stand in,
and nothing at all when somebody opens the help page."""

from __future__ import annotations

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from waiting_room import clock
from waiting_room.pages.site import Site, edge_of, under

log = structlog.get_logger(__name__)
# What the log says for a client that went away before there was an answer.
GONE = 499


class AccessLog:
    """Writes the line when the answer starts, so that a live stream is logged at once."""

    def __init__(self, app: ASGIApp, *, site: Site) -> None:
        self.app = app
        self.unsaid = (site.help_url,)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note how it was answered."""
        # Help promises that opening it tells nobody. LastResort still logs a failure there.
        if scope["type"] != "http" or under(scope["path"], self.unsaid):
            await self.app(scope, receive, send)
            return
        began = clock.monotonic()
        written = False

        async def noted(message: Message) -> None:
            nonlocal written
            if message["type"] == "http.response.start":
                written = True
                _write(scope, status=message["status"], began=began)
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            if not written:
                _write(scope, status=GONE, began=began)


def _write(scope: Scope, *, status: int, began: float) -> None:
    log.info(
        "request",
        method=scope["method"],
        route=route_of(scope),
        status=status,
        ms=round((clock.monotonic() - began) * 1000, 1),
        reference=edge_of(scope).reference,
    )


def route_of(scope: Scope) -> str:
    """The pattern of the address, such as `/chat/{token}`; "-" when no route was reached."""
    if under(scope["path"], ("/static",)):
        return "/static"
    # FastAPI keeps the pattern with the prefix of its router here; a route alone lacks the prefix.
    whole = scope.get("fastapi", {}).get("effective_route_context")
    route = whole or scope.get("route")
    return str(getattr(route, "path_format", None) or getattr(route, "path", "-"))
