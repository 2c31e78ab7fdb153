"""Who works here: add somebody, give a new link, say who stands on which rung."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from waiting_room import clock, db
from waiting_room.care import duty, rota, staff
from waiting_room.errors import BadForm
from waiting_room.models import Staff
from waiting_room.models.staff import ADMINISTRATOR, CASE_WORKER, COORDINATOR, EDITOR
from waiting_room.pages.render import render
from waiting_room.pages.security import CheckedForm
from waiting_room.web import deps

router = APIRouter(prefix="/desk/staff", dependencies=[deps.may("look after staff")])

ROLES = {
    CASE_WORKER: "Case worker",
    COORDINATOR: "Coordinator",
    EDITOR: "Editor",
    ADMINISTRATOR: "Administrator",
}


@router.get("")
def show(request: Request, me: deps.SignedIn) -> Response:
    """Everybody, how they are reached, and where the rota has a gap."""
    now = clock.now()
    with db.read() as session:
        known: dict[str, Any] = {
            "people": staff.everybody(session),
            "channels": staff.channels(session),
            "turns": rota.turns(session, now=now),
            "gap": duty.gap(session, now=now),
        }
    return render(request, "web/staff/list.html", title="Staff", roles=ROLES, **known)


@router.get("/add")
def show_add(request: Request, me: deps.SignedIn) -> Response:
    """The form for somebody new."""
    return _form(request, me, typed={"role": CASE_WORKER})


@router.post("/add")
def add(request: Request, me: deps.SignedIn, fields: CheckedForm) -> Response:
    """Take them in, and show their welcome link this once."""
    typed = {name: fields.text(name) for name in ("name", "email", "role")}
    staff.check_reach(me, typed["role"])
    try:
        with db.write() as session:
            person = staff.add(session, **typed, by=me.id, now=clock.now())
            token = staff.welcome_link(session, person, wall=clock.wall())
    except BadForm as error:
        return _form(request, me, typed=typed, problems=error.problems, status=422)
    return _link(request, person, token)


@router.get("/{staff_id}")
def person(request: Request, me: deps.SignedIn, staff_id: str) -> Response:
    """One person: channels, rungs, and what may be done."""
    now = clock.now()
    with db.read() as session:
        found = staff.find(session, staff_id)
        known: dict[str, Any] = {
            "channels": staff.channels(session).get(staff_id, []),
            "turns": rota.turns(session, now=now).get(staff_id, []),
            "absences": rota.absences(session, staff_id, now=now),
            "may_change": staff.reaches(me, found.role),
        }
    page = "web/staff/person.html"
    known |= {"person": found, "me": me, "roles": ROLES, "rungs": rota.STANDING}
    return render(request, page, title=found.name, **known)


@router.post("/{staff_id}/reset")
def reset(request: Request, me: deps.SignedIn, staff_id: str, fields: CheckedForm) -> Response:
    """Password and app are forgotten, every browser signed out; a new welcome link is shown."""
    with db.write() as session:
        found = staff.find(session, staff_id)
        staff.check_reach(me, found.role)
        token = staff.reset(session, found, by=me.id, now=clock.now(), wall=clock.wall())
    return _link(request, found, token)


@router.post("/{staff_id}/disable")
def disable(request: Request, me: deps.SignedIn, staff_id: str, fields: CheckedForm) -> Response:
    """Out at once."""
    with db.write() as session:
        found = staff.find(session, staff_id)
        staff.check_reach(me, found.role)
        staff.disable(session, found, by=me.id, now=clock.now(), wall=clock.wall())
    return _back(staff_id)


@router.post("/{staff_id}/enable")
def enable(request: Request, me: deps.SignedIn, staff_id: str, fields: CheckedForm) -> Response:
    """In again."""
    with db.write() as session:
        found = staff.find(session, staff_id)
        staff.check_reach(me, found.role)
        staff.enable(session, found, by=me.id, now=clock.now())
    return _back(staff_id)


@router.post("/{staff_id}/rung")
def put_on(request: Request, me: deps.SignedIn, staff_id: str, fields: CheckedForm) -> Response:
    """On a rung of the ladder from now on."""
    with db.write() as session:
        staff.find(session, staff_id)
        rota.put_on(session, staff_id, fields.text("rung"), by=me.id, now=clock.now())
    return _back(staff_id)


@router.post("/{staff_id}/off")
def take_off(request: Request, me: deps.SignedIn, staff_id: str, fields: CheckedForm) -> Response:
    """Off a rung."""
    with db.write() as session:
        rota.take_off(session, fields.text("turn"), by=me.id, now=clock.now())
    return _back(staff_id)


def _back(staff_id: str) -> Response:
    return RedirectResponse(f"/desk/staff/{staff_id}", 303)


def _link(request: Request, person: Staff, token: str) -> Response:
    # Answered at once and not by a redirect: the token is kept nowhere to show it again.
    link = f"{deps.settings_of(request).address}/desk/welcome/{token}"
    return render(
        request, "web/staff/link.html", title="Pass on this link", person=person, link=link
    )


def _form(
    request: Request,
    me: Staff,
    *,
    typed: dict[str, str],
    problems: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    roles = [(role, words) for role, words in ROLES.items() if staff.reaches(me, role)]
    known: dict[str, Any] = {"typed": typed, "problems": problems or {}, "roles": roles}
    return render(request, "web/staff/add.html", title="Add somebody", status=status, **known)
