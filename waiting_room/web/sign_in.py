"""Signing in and out: password, then a code; or a one-time link. A GET changes nothing."""

from __future__ import annotations

import re

import structlog
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from waiting_room import clock, db
from waiting_room.care import passwords, sign_ins, staff
from waiting_room.errors import NotFound
from waiting_room.pages.render import render
from waiting_room.pages.security import CheckedForm, Fields
from waiting_room.web import deps

router = APIRouter(prefix="/desk")
log = structlog.get_logger(__name__)

OUR_PAGE = re.compile(r"/desk(/[A-Za-z0-9_-]+)*")
WRONG = "Your e-mail address or your password is not right. Check both and try again."
WRONG_CODE = "This code is not right, or it was used before. Wait for the next one and enter it."
TOO_LATE = "That took more than 5 minutes. Start again, please."


@router.get("/sign-in")
def show(request: Request) -> Response:
    """The form; whoever is signed in already goes on."""
    after = _after(request.query_params.get("next", ""))
    token = deps.session_token(request)
    if token and deps.still_signed_in(request):
        return RedirectResponse(after, 303)
    # Who comes from "Sign out" is told that it worked.
    return _password_page(request, after=after, out="out" in request.query_params)


@router.post("/sign-in")
def password(request: Request, fields: CheckedForm) -> Response:
    """The first step. Wrong for any reason gives one and the same answer."""
    email, after, peer = fields.text("email"), _after(fields.text("next")), deps.peer(request)
    try:
        with db.write() as session:
            sign_ins.try_once(session, email, peer, wall=clock.wall())
    except sign_ins.TooManyTries as error:
        return _refused(request, str(error), email=email, after=after, status=error.status)
    with db.read() as session:
        person = staff.by_email(session, email)
    kept = person.password_hash if person and person.is_active else ""
    # Hashed between two transactions, never inside one: it takes a fifth of a second.
    if not passwords.fits(fields.text("password"), kept) or person is None:
        return _refused(request, WRONG, email=email, after=after)
    with db.write() as session:
        # This try alone: who knows a password must not get endless tries at the code.
        sign_ins.forgive(session, email, peer, whole=False)
        step = sign_ins.make_link(session, person.id, sign_ins.CODE, wall=clock.wall())
    return _code_page(request, step=step, after=after)


@router.get("/sign-in/code")
def code_alone() -> Response:
    """There is nothing to see without the first step, for example after a reload."""
    return RedirectResponse(deps.SIGN_IN, 303)


@router.post("/sign-in/code")
def code(request: Request, fields: CheckedForm) -> Response:
    """The second step: the code of the app, good for one use."""
    step, after = fields.text("step"), _after(fields.text("next"))
    try:
        token = _try_code(request, step, fields)
    except NotFound:
        return _refused(request, TOO_LATE, email="", after=after)
    except sign_ins.TooManyTries as error:
        return _refused(request, str(error), email="", after=after, status=error.status)
    if not token:
        log.info("sign-in refused", step="code")
        problems = {"code": WRONG_CODE}
        return _code_page(request, step=step, after=after, problems=problems, status=422)
    return seated(request, token, after)


@router.get("/link/{token}")
def show_link(request: Request, token: str) -> Response:
    """A button. Mail scanners open links too, so looking must not use it up."""
    try:
        with db.read() as session:
            person = sign_ins.holder(session, token, sign_ins.SIGN_IN, wall=clock.wall())
    except NotFound:
        return old_link(request)
    return render(request, "web/sign_in/link.html", title="Sign in", person=person, token=token)


@router.post("/link/{token}")
def use_link(request: Request, token: str, fields: CheckedForm) -> Response:
    """Sign in, and use the link up."""
    try:
        with db.write() as session:
            seat = sign_ins.with_link(session, token, now=clock.now(), wall=clock.wall())
    except NotFound:
        return old_link(request)
    return seated(request, seat, "/desk")


@router.post("/sign-out")
def sign_out(request: Request, fields: CheckedForm) -> Response:
    """Sign out here."""
    with db.write() as session:
        sign_ins.end(session, deps.session_token(request))
    return _left(request)


@router.post("/sign-out-everywhere")
def sign_out_everywhere(request: Request, me: deps.SignedInEarly, fields: CheckedForm) -> Response:
    """Sign out in every browser, this one too."""
    with db.write() as session:
        sign_ins.end_all(session, me.id)
    return _left(request)


@router.get("/not-ready")
def not_ready(request: Request, me: deps.SignedInEarly) -> Response:
    """What everybody but an administrator sees before the first run."""
    return render(request, "web/sign_in/not_ready.html", title="This room is not set up yet")


def seated(request: Request, token: str, after: str) -> Response:
    """On to the page that was asked for, with a new session in the cookie."""
    response = RedirectResponse(after, 303)
    deps.keep_token(request, response, token)
    return response


def old_link(request: Request) -> Response:
    """A link that was used, is too old, or never was: all look the same."""
    page = "web/sign_in/old_link.html"
    return render(request, page, title="This link does not work any more", status=404)


def _left(request: Request) -> Response:
    response = RedirectResponse(f"{deps.SIGN_IN}?out=1", 303)
    deps.drop_token(request, response)
    return response


def _after(asked: str) -> str:
    # Only our own pages: a link that leads elsewhere after the sign-in would be a trap.
    if not OUR_PAGE.fullmatch(asked) or asked.startswith(deps.SIGN_IN):
        return "/desk"
    return asked


def _try_code(request: Request, step: str, fields: Fields) -> str:
    now, wall, typed = clock.now(), clock.wall(), fields.text("code")
    with db.write() as session:
        peer = deps.peer(request)
        return sign_ins.with_code(session, step, typed, peer=peer, now=now, wall=wall)


def _refused(
    request: Request, words: str, *, email: str, after: str, status: int = 422
) -> Response:
    log.info("sign-in refused", step="password")
    return _password_page(
        request, problems={"email": words}, email=email, after=after, status=status
    )


def _password_page(request: Request, *, status: int = 200, **known: object) -> Response:
    return render(request, "web/sign_in/password.html", title="Sign in", status=status, **known)


def _code_page(request: Request, *, status: int = 200, **known: object) -> Response:
    return render(request, "web/sign_in/code.html", title="Enter your code", status=status, **known)
