"""Proof of life on the desk: whether the room itself works, for people who rely on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from waiting_room import beats, clock, db
from waiting_room.care import hours
from waiting_room.models import Provider
from waiting_room.pages.render import render
from waiting_room.web.deps import SignedIn, may

router = APIRouter(prefix="/desk")
# It is given once a minute when all is well, and stored up to twenty seconds later.
LATE_AFTER = timedelta(seconds=150)
NEVER = "The part that sends alerts has shown no sign of life. Phone people; tell an administrator."
LATE = "No sign of life since {at}. Alerts may not go out: phone people; tell an administrator."
FINE = "Alerts go out. Last sign of life {at}."


@router.get("/alive", dependencies=[may("see patients")])
def banner(request: Request, staff: SignedIn) -> Response:
    """The banner alone: the page asks for it once a minute."""
    with db.read() as session:
        alive = look(session, request.state.provider, wall=clock.wall())
    return render(request, "web/today/alive.html", life=alive)


def look(session: Session, provider: Provider, *, wall: datetime) -> dict[str, Any]:
    """Whether all is well, in words."""
    proved = beats.all_of(session).get(beats.PROOF)
    if proved is None:
        return {"ok": False, "words": NEVER}
    at = hours.clock_words(hours.local(proved, provider.time_zone))
    is_fine = wall - proved <= LATE_AFTER
    return {"ok": is_fine, "words": (FINE if is_fine else LATE).format(at=at)}
