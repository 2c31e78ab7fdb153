"""The demo's clock: a visitor jumps ahead and sees silence noticed and the ladder climb.

Only a demo has one. Sessions run on wall time, so nobody is signed out by a jump.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from waiting_room import clock
from waiting_room.care import hours
from waiting_room.errors import BadInput, NotFound
from waiting_room.pages.security import CheckedForm
from waiting_room.web import deps

router = APIRouter(prefix="/desk/demo")
JUMPS = {"1": "1 hour", "24": "1 day", "48": "2 days"}


@router.post("/jump")
def jump(request: Request, me: deps.SignedIn, fields: CheckedForm) -> Response:
    """Jump ahead; every tick sees every hour on the way."""
    leap = getattr(request.app.state, "jump", None)
    if leap is None:
        raise NotFound("There is no such page.")
    chosen = fields.text("hours")
    if chosen not in JUMPS:
        raise BadInput("hours", "Choose how far to jump.")
    leap(int(chosen))
    return RedirectResponse("/desk", status_code=303)


def bar(request: Request, zone: str) -> dict[str, Any]:
    """What the bar at the top of the desk needs; nothing outside a demo."""
    if getattr(request.app.state, "jump", None) is None:
        return {}
    here = hours.local(clock.now(), zone)
    words = f"{hours.day_words(here.date())}, {hours.clock_words(here)}"
    return {"demo_jumps": list(JUMPS.items()), "demo_now": words}
