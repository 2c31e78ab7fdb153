"""Proof of life on the desk: whether the room itself works, for people who rely on it."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from waiting_room import clock
from waiting_room.pages.render import render
from waiting_room.web.deps import SignedIn, may
from waiting_room.web.desk.moments import Moments

router = APIRouter(prefix="/desk")
# Given three times a minute while every promise is kept.
LATE_AFTER = timedelta(minutes=3)
LATE = (
    "Alerts may not be leaving: the last sign of life was {ago}. Phone the people you worry about, "
    "look at today's list often, and tell whoever looks after the system now."
)
NEVER = LATE.replace("the last sign of life was {ago}", "there has been no sign of life yet")
FINE = "Alerts are leaving. Last checked {ago}."


@router.get("/alive", dependencies=[may("see patients")])
def banner(request: Request, staff: SignedIn) -> Response:
    """The banner alone: the page asks for it once a minute."""
    return render(request, "web/today/alive.html")


def look(request: Request) -> dict[str, object]:
    """Whether all is well, in words. How long ago and not when: a demo's clock shows another day
    than the wall, by which the room proves that it lives."""
    proved, wall = request.state.proved, clock.wall()
    if proved is None:
        return {"ok": False, "words": NEVER}
    is_fine = wall - proved <= LATE_AFTER
    ago = Moments(wall, "UTC").ago(proved)
    return {"ok": is_fine, "words": (FINE if is_fine else LATE).format(ago=ago)}
