"""The public form at /refer: plain, one page, for a phone without JavaScript."""

from __future__ import annotations

import math
import re
from typing import Any

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import JSONResponse, RedirectResponse, Response

from waiting_room import clock, db, library
from waiting_room.care import arrivals, duty, hours, intake, providers
from waiting_room.errors import BadForm, NotFound
from waiting_room.models import Provider
from waiting_room.pages.errors import wants_json
from waiting_room.pages.limits import Allowance, peer
from waiting_room.pages.render import render
from waiting_room.pages.security import CheckedForm
from waiting_room.web.refer import form

router = APIRouter(prefix="/refer")
# A whole surgery may stand behind one address: a burst of twenty, then one in half a minute.
PER_SECOND, BURST = 1 / 30, 20
REFERENCE = re.compile(r"[2-9A-Z]{6}")
BY = "referrer"
TOO_MANY = (
    "Too many referrals came from your connection. What you typed is still here. "
    "Wait {minutes} and send it again, or phone us."
)


@router.get("")
def page(request: Request) -> Response:
    """The empty form."""
    return _show(request, typed={})


@router.post("")
def send(request: Request, fields: CheckedForm) -> Response:
    """Take the referral, or show the form again with what is wrong. Nothing is half stored."""
    seconds = _allowance(request).wait(peer(request.scope))
    if seconds:
        return _slow_down(request, form.typed(fields), seconds)
    now = clock.now()
    try:
        with db.write() as session:
            provider = providers.here(session)
            today = hours.local(now, provider.time_zone).date()
            checked = intake.check(form.read(fields), today=today)
            reference = arrivals.arrive(session, checked, by=BY, now=now).reference
    except BadForm as bad:
        if wants_json(request):
            raise
        return _show(request, typed=form.typed(fields), problems=bad.problems, status=bad.status)
    if wants_json(request):
        return JSONResponse({"reference": reference}, 201)
    return RedirectResponse(f"/refer/done/{reference}", 303)


@router.get("/done/{reference}")
def done(request: Request, reference: str) -> Response:
    """Thank you, with the reference and nothing else."""
    if not REFERENCE.fullmatch(reference):
        raise NotFound("There is no such page.")
    words = library.page("web/refer-done")
    body = Markup(library.to_html(words, {"reference": reference}))
    return _page(request, "web/refer/done.html", _provider(), title=words.title, body=body)


def _show(
    request: Request,
    *,
    typed: dict[str, Any],
    problems: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    provider = _provider()
    with db.read() as session:
        when_read = duty.when_read(session, "green", now=clock.now())
    words = library.page("web/refer-intro")
    known = {
        "intro": Markup(library.to_html(words, {})),
        "title": words.title,
        "when_read": when_read,
        "typed": typed,
        "problems": problems or {},
    }
    return _page(request, "web/refer/form.html", provider, status=status, **known)


def _page(
    request: Request, name: str, provider: Provider, *, status: int = 200, **known: Any
) -> Response:
    frame: dict[str, Any] = {"provider": provider, "service": provider.name, "form": form}
    if provider.is_sample:
        frame["sample"] = True
    return render(request, name, status=status, **frame, **known)


def _provider() -> Provider:
    with db.read() as session:
        provider = providers.current(session)
    # Before the first run nobody would read a referral, so none is taken.
    if provider is None or provider.ready_at is None:
        raise NotFound("This room is not open yet.")
    return provider


def _allowance(request: Request) -> Allowance:
    """One for the whole application: a restart forgives."""
    state = request.app.state
    if not hasattr(state, "refer_allowance"):
        state.refer_allowance = Allowance(PER_SECOND, BURST)
    allowance: Allowance = state.refer_allowance
    return allowance


def _slow_down(request: Request, typed: dict[str, Any], seconds: float) -> Response:
    count = math.ceil(seconds / 60)
    words = TOO_MANY.format(minutes=f"{count} minute{'' if count == 1 else 's'}")
    answer = _show(request, typed=typed, problems={"name": words}, status=429)
    answer.headers["retry-after"] = str(math.ceil(seconds))
    return answer
