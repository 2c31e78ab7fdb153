"""The day's list: alerts first, then words nobody has read, then who waits longest."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from waiting_room import clock, db, permissions
from waiting_room.care import caseload
from waiting_room.care.colours import Colour
from waiting_room.care.referrals import SUPPORTED
from waiting_room.pages.render import render
from waiting_room.web.deps import SignedIn, may
from waiting_room.web.desk import copies, wording
from waiting_room.web.desk.frame import around

router = APIRouter(prefix="/desk")
SHOWN = 20


@router.get("")
def today(request: Request, staff: SignedIn, done: str = "") -> Response:
    """The page a case worker's day starts with. An editor's starts with the words."""
    if not permissions.can(staff, "see patients"):
        return RedirectResponse("/desk/words", 303)
    now = clock.now()
    with db.read() as session:
        known = {
            "waiting": caseload.waiting(session, staff, now=now),
            "supported": caseload.supported(session, staff, now=now),
            "many": caseload.MANY,
            "waiting_count": caseload.how_many(session, staff, caseload.UNTALKED, now=now),
            "supported_count": caseload.how_many(session, staff, (SUPPORTED,), now=now),
            "unread": caseload.unread(session, staff, now=now),
            **_alerts(caseload.open_alerts(session, staff, now=now)),
            "version": caseload.version(session, staff, now=now),
            "copied": copies.words(request, session, staff, now=now),
        }
    frame = around(request, now=now) | {"live": True, "done": wording.DONE.get(done, "")}
    return render(request, "web/today/today.html", **known, **frame, shown=SHOWN)


@router.get("/alerts-block", dependencies=[may("see patients")])
def alerts_block(request: Request, staff: SignedIn) -> Response:
    """The alerts alone: what the page fetches when the live stream says that they changed."""
    now = clock.now()
    with db.read() as session:
        known = _alerts(caseload.open_alerts(session, staff, now=now))
        known["unread"] = caseload.unread(session, staff, now=now)
    return render(request, "web/today/block.html", **known, **around(request, now=now), shown=SHOWN)


def _alerts(rows: list[caseload.OpenAlert]) -> dict[str, Any]:
    return {"alerts": rows, "summary": _summary(rows)}


def _summary(rows: list[caseload.OpenAlert]) -> str:
    """One sentence a screen reader says when the list changes."""
    if not rows:
        return "No open alerts."
    count = f"{len(rows)} open alert{'' if len(rows) == 1 else 's'}."
    red = sum(row.alert.colour == Colour.RED for row in rows)
    free = sum(row.holder is None for row in rows)
    late = sum(row.is_late for row in rows)
    parts = [f"{red} RED." if red else "", f"{late} late." if late else ""]
    parts.append(f"{free} that nobody has taken." if free else "Somebody has each of them.")
    return " ".join([count, *filter(None, parts)])
