"""The live stream of the desk: says that something changed, never what. The page then asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.sse import format_sse_event
from starlette.responses import StreamingResponse

from waiting_room import bell, clock, db
from waiting_room.care import caseload
from waiting_room.errors import StorageRefused
from waiting_room.models import Staff
from waiting_room.web.deps import SignedIn, may, still_signed_in

router = APIRouter(prefix="/desk")
# Seconds. Another process may change things, and its bell does not ring here.
LOOK_EVERY = 2.0
GATHER = 0.2
# Looks without a word before a comment keeps the line open.
QUIET_FOR = 15
HEADERS = {"x-accel-buffering": "no"}
CHANGED, SIGNED_OUT = "alerts", "signed-out"


@router.get("/events", dependencies=[may("see patients")])
async def events(request: Request, staff: SignedIn, seen: str = "") -> StreamingResponse:
    """A stream of "alerts" events; each carries the version it stands for as its id."""
    known = request.headers.get("last-event-id") or seen
    stream = _stream(request, staff, known)
    return StreamingResponse(stream, media_type="text/event-stream", headers=HEADERS)


async def _stream(request: Request, staff: Staff, known: str) -> AsyncIterator[bytes]:
    listener = bell.Listener(bell.ALERTS, bell.LETTERS)
    quiet = 0
    try:
        yield format_sse_event(comment="the desk is listening")
        # Ended from outside when the browser goes away; signed out ends it from inside.
        while True:
            version = await asyncio.to_thread(_look, request, staff, known)
            if version is None:
                yield format_sse_event(event=SIGNED_OUT, data_str="")
                return
            quiet = 0 if version != known else quiet + 1
            if version != known:
                known = version
                yield format_sse_event(event=CHANGED, data_str="", id=version)
            elif quiet % QUIET_FOR == 0:
                yield format_sse_event(comment="still here")
            if await listener.wait(LOOK_EVERY):
                # A busy minute rings a hundred times: one look answers them together.
                await asyncio.sleep(GATHER)
    finally:
        listener.close()


def _look(request: Request, staff: Staff, known: str) -> str | None:
    """What this person's list looks like now; None when they are signed out."""
    try:
        if not still_signed_in(request):
            return None
        with db.read() as session:
            return caseload.version(session, staff, now=clock.now())
    except StorageRefused:
        # The database is away for a moment: the page keeps what it shows, the stream stays.
        return known
