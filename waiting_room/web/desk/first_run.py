"""The first run: an administrator says who runs this room, when, and who is told first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from waiting_room import clock, db, permissions
from waiting_room.care import duty, proofs, providers, rota, staff
from waiting_room.errors import BadForm
from waiting_room.models import Staff
from waiting_room.pages.render import render
from waiting_room.pages.security import CheckedForm
from waiting_room.web import deps
from waiting_room.web.desk import first_run_form as form

router = APIRouter(prefix="/desk/first-run")
PAGE = "web/first_run/form.html"


def administrator(me: deps.SignedInEarly) -> Staff:
    """Only an administrator sets the room up, and may before it is."""
    permissions.check(me, "set up")
    return me


Administrator = Annotated[Staff, Depends(administrator)]


@router.get("")
def show(request: Request, me: Administrator) -> Response:
    """What is set now, with sensible defaults."""
    return _page(request, form.of_provider(request.state.provider))


@router.post("")
def save(request: Request, me: Administrator, fields: CheckedForm) -> Response:
    """Set the room up. What is wrong is shown all at once, beside what was typed."""
    typed, now = form.typed(fields), clock.now()
    try:
        with db.write() as session:
            providers.set_up(session, form.wanted(typed), by=me.id, now=now)
            if typed["i_lead"]:
                rota.put_on(session, me.id, duty.LEAD, by=me.id, now=now)
    except BadForm as error:
        return _page(request, typed, problems=error.problems, status=422)
    return RedirectResponse("/desk/first-run/check", 303)


@router.get("/check")
def check(request: Request, me: Administrator) -> Response:
    """Is anybody reached? Send a test and answer it."""
    with db.read() as session:
        mine = staff.channels(session).get(me.id, [])
    page, title = "web/first_run/check.html", "Try your alerts"
    return render(request, page, title=title, channels=mine, sent="sent" in request.query_params)


@router.post("/check")
def send(request: Request, me: Administrator, fields: CheckedForm) -> Response:
    """A test notice to each of my channels."""
    with db.write() as session:
        proofs.send_test(session, me.id, now=clock.now())
    return RedirectResponse("/desk/first-run/check?sent=1", 303)


def _page(
    request: Request,
    typed: form.Typed,
    *,
    problems: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    is_first = request.state.provider is None or request.state.provider.ready_at is None
    title = "Set up this room" if is_first else "Settings of this room"
    words = {"typed": typed, "problems": problems or {}, "is_first": is_first}
    return render(request, PAGE, title=title, status=status, form=form, **words)
