"""My account: how I am reached, my password, when I am away. It works before the first run too."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from waiting_room import clock, db
from waiting_room.care import hours, passwords, proofs, providers, rota, sign_ins, staff
from waiting_room.care import staff_links as links
from waiting_room.errors import BadForm, BadInput, NotFound
from waiting_room.models import Provider, Staff
from waiting_room.pages.render import render
from waiting_room.pages.security import CheckedForm, Fields
from waiting_room.web import deps, form_fields

router = APIRouter(prefix="/desk/me")

SAID = {
    "sent": "A test is on its way to each of your channels. It can take a minute.",
    "works": "Thank you. This channel works.",
    "password": "Your password is changed. All your other browsers are signed out.",
    "away": "We do not count on you in this time.",
    "back": "We count on you again.",
}


@router.get("")
def show(request: Request, me: deps.SignedInEarly) -> Response:
    """Everything about my account on one page."""
    return _page(request, me)


@router.post("/test")
def send_test(request: Request, me: deps.SignedInEarly, fields: CheckedForm) -> Response:
    """A test notice to each of my channels."""
    with db.write() as session:
        proofs.send_test(session, me.id, now=clock.now())
    return _back("sent")


@router.get("/proof/{token}")
def show_proof(request: Request, me: deps.SignedInEarly, token: str) -> Response:
    """Where the link of a test leads: a button, because opening a link must not prove anything."""
    try:
        with db.read() as session:
            channel = proofs.tested(session, me.id, token, now=clock.now())
    except NotFound:
        return _old_proof(request)
    known: dict[str, Any] = {"channel": channel, "token": token}
    return render(request, "web/me/proof.html", title="Did the test arrive?", **known)


@router.post("/proof/{token}")
def confirm(request: Request, me: deps.SignedInEarly, token: str, fields: CheckedForm) -> Response:
    """It arrived: the channel is proved."""
    try:
        with db.write() as session:
            proofs.confirm(session, me.id, token, now=clock.now())
    except NotFound:
        return _old_proof(request)
    return _back("works")


@router.post("/telegram")
def telegram(request: Request, me: deps.SignedInEarly, fields: CheckedForm) -> Response:
    """A code to type in the staff bot, shown this once."""
    with db.write() as session:
        code = links.issue_code(session, me, now=clock.now())
    return render(request, "web/me/telegram.html", title="Link Telegram", code=code)


@router.post("/password")
def password(request: Request, me: deps.SignedInEarly, fields: CheckedForm) -> Response:
    """A new password, after the old one."""
    try:
        hashed = _new_password(request, me, fields)
    except BadForm as error:
        return _page(request, me, problems=error.problems, status=422)
    token = deps.session_token(request)
    with db.write() as session:
        change = staff.change_password
        change(session, me, password_hash=hashed, token=token, now=clock.now())
    return _back("password")


@router.post("/away")
def away(request: Request, me: deps.SignedInEarly, fields: CheckedForm) -> Response:
    """Do not count on me from this day to that one."""
    try:
        since, until = _days(fields)
    except BadForm as error:
        return _page(request, me, problems=error.problems, typed=_typed_days(fields), status=422)
    zone = _zone(request)
    with db.write() as session:
        # Days are meant whole, as the clock where the provider is counts them.
        start, end = _midnight(since, zone), _midnight(until + timedelta(days=1), zone)
        rota.be_away(session, me.id, start, end)
    return _back("away")


@router.post("/back")
def back(request: Request, me: deps.SignedInEarly, fields: CheckedForm) -> Response:
    """Take an absence back."""
    with db.write() as session:
        rota.be_back(session, me.id, fields.text("absence"))
    return _back("back")


def _page(
    request: Request,
    me: Staff,
    *,
    problems: dict[str, str] | None = None,
    typed: dict[str, object] | None = None,
    status: int = 200,
) -> Response:
    now = clock.now()
    with db.read() as session:
        known: dict[str, Any] = {
            "channels": staff.channels(session).get(me.id, []),
            "turns": rota.turns(session, now=now).get(me.id, []),
            "absences": rota.absences(session, me.id, now=now),
        }
    known |= {"problems": problems or {}, "typed": typed or {}}
    known["said"] = SAID.get(request.query_params.get("said", ""), "")
    known["has_bot"] = bool(deps.settings_of(request).staff_telegram_token)
    return render(request, "web/me/account.html", title="My account", me=me, status=status, **known)


def _new_password(request: Request, me: Staff, fields: Fields) -> str:
    peer, wall, new = deps.peer(request), clock.wall(), fields.text("password")
    # A browser left open must not let a passer-by guess the password for ever.
    with db.write() as session:
        sign_ins.try_once(session, me.email, peer, wall=wall)
    problems: dict[str, str] = {}
    if not passwords.fits(fields.text("old_password"), me.password_hash):
        problems["old_password"] = "This is not your password."
    try:
        passwords.check(new, name=me.name, email=me.email)
    except BadInput as error:
        problems["password"] = str(error)
    if problems:
        raise BadForm(problems)
    with db.write() as session:
        sign_ins.forgive(session, me.email, peer, whole=False)
    return passwords.hashed(new)


def _days(fields: Fields) -> tuple[date, date]:
    found: dict[str, date] = {}
    problems: dict[str, str] = {}
    for name in ("since", "until"):
        try:
            found[name] = form_fields.day(fields, name)
        except BadInput as error:
            problems[name] = str(error)
    if not problems and found["until"] < found["since"]:
        problems["until"] = "The last day must not be before the first."
    if problems:
        raise BadForm(problems)
    return found["since"], found["until"]


def _typed_days(fields: Fields) -> dict[str, object]:
    return {name: form_fields.day_typed(fields, name) for name in ("since", "until")}


def _midnight(day: date, zone: str) -> datetime:
    return hours.at_local(day, time(0), zone)


def _zone(request: Request) -> str:
    provider: Provider | None = request.state.provider
    return provider.time_zone if provider else providers.SetUp.time_zone


def _old_proof(request: Request) -> Response:
    return render(request, "web/me/old_proof.html", title="This test is too old", status=404)


def _back(said: str) -> Response:
    return RedirectResponse(f"/desk/me?said={said}", 303)
