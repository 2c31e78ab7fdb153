"""The welcome link: a new person chooses a password and ties an app that shows codes."""

from __future__ import annotations

import segno
from fastapi import APIRouter, Request
from starlette.responses import Response

from waiting_room import clock, db
from waiting_room.care import one_time_codes, passwords, providers, sign_ins, staff
from waiting_room.errors import BadForm, BadInput, NotFound
from waiting_room.models import Staff
from waiting_room.pages.render import render
from waiting_room.pages.security import CheckedForm, Fields
from waiting_room.web import sign_in

router = APIRouter(prefix="/desk/welcome")

WRONG_CODE = "This code is not right. Enter the newest one your app shows."


@router.get("/{token}")
def show(request: Request, token: str) -> Response:
    """The form, with a fresh secret for the app. Looking does not use the link up."""
    try:
        person = _holder(token)
    except NotFound:
        return sign_in.old_link(request)
    return _page(request, person, secret=one_time_codes.new_secret())


@router.post("/{token}")
def choose(request: Request, token: str, fields: CheckedForm) -> Response:
    """Set both and sign in; the link is used up only when everything was right."""
    secret = fields.text("secret")
    try:
        person = _holder(token)
    except NotFound:
        return sign_in.old_link(request)
    # The form carries the secret, so it may come back as anything; a fresh one is shown.
    if not one_time_codes.is_secret(secret):
        return _page(request, person, secret=one_time_codes.new_secret(), status=422)
    try:
        seat = _settle(token, person, fields)
    except NotFound:
        return sign_in.old_link(request)
    except BadForm as error:
        return _page(request, person, secret=secret, problems=error.problems, status=422)
    return sign_in.seated(request, seat, "/desk")


def _holder(token: str) -> Staff:
    with db.read() as session:
        return sign_ins.holder(session, token, sign_ins.WELCOME, wall=clock.wall())


def _settle(token: str, person: Staff, fields: Fields) -> str:
    _check(person, fields)
    # Slow, so before the write is opened; the code is checked once more inside it.
    hashed = passwords.hashed(fields.text("password"))
    chosen = staff.Credentials(hashed, fields.text("secret"), fields.text("code"))
    now, wall = clock.now(), clock.wall()
    with db.write() as session:
        settled = staff.welcome(session, token, chosen, now=now, wall=wall)
        return sign_ins.begin(session, settled, now=now, wall=wall)


def _check(person: Staff, fields: Fields) -> None:
    problems: dict[str, str] = {}
    try:
        passwords.check(fields.text("password"), name=person.name, email=person.email)
    except BadInput as error:
        problems["password"] = str(error)
    secret, code = fields.text("secret"), fields.text("code")
    if one_time_codes.step_of(secret, code, wall=clock.wall()) is None:
        problems["code"] = WRONG_CODE
    if problems:
        raise BadForm(problems)


def _page(
    request: Request,
    person: Staff,
    *,
    secret: str,
    problems: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    with db.read() as session:
        provider = providers.current(session)
    room = (provider.name if provider else "") or "Waiting room"
    address = one_time_codes.address(secret, name=person.email, room=room)
    return render(
        request,
        "web/sign_in/welcome.html",
        title=f"Welcome, {person.name}",
        status=status,
        person=person,
        secret=secret,
        # In groups of four it can be typed without losing the place.
        spelled=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        picture=segno.make(address, error="m").svg_data_uri(scale=5, border=3),
        problems=problems or {},
    )
