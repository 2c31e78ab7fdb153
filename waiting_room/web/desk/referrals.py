"""A new referral typed in at the desk: the same form and the same checks as outside."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from waiting_room import clock, db
from waiting_room.care import hours, intake, referrals
from waiting_room.errors import BadForm
from waiting_room.pages.errors import wants_json
from waiting_room.pages.render import render
from waiting_room.pages.security import CheckedForm
from waiting_room.web.deps import SignedIn, may
from waiting_room.web.desk.frame import around
from waiting_room.web.refer import form

router = APIRouter(prefix="/desk/referrals", dependencies=[may("refer")])


@router.get("/new")
def page(request: Request, staff: SignedIn) -> Response:
    """The empty form."""
    return _show(request, typed={"referrer": staff.name})


@router.post("/new")
def receive(request: Request, staff: SignedIn, fields: CheckedForm) -> Response:
    """Store it, then show who might be the same person, and how to invite them."""
    now = clock.now()
    today = hours.local(now, request.state.provider.time_zone).date()
    try:
        checked = intake.check(form.read(fields), today=today)
    except BadForm as bad:
        if wants_json(request):
            raise
        return _show(request, typed=form.typed(fields), problems=bad.problems, status=bad.status)
    with db.write() as session:
        referral = referrals.receive(session, checked, by=staff.id, now=now)
    return RedirectResponse(f"/desk/patients/{referral.patient_id}/arrived", 303)


def _show(
    request: Request,
    *,
    typed: dict[str, Any],
    problems: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    known: dict[str, Any] = {"typed": typed, "problems": problems or {}, "form": form}
    frame = around(request, now=clock.now())
    return render(request, "web/referrals/new.html", status=status, **known, **frame)
