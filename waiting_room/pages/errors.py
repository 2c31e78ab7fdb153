"""Every refusal and failure becomes one page (or problem+json) with a reference to quote."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from waiting_room.errors import BadForm, BadInput, NotFound, RoomError
from waiting_room.pages.render import door_context, html
from waiting_room.pages.site import edge_of, under

log = structlog.get_logger(__name__)
MACHINE_PATHS = ("/api", "/health")


@dataclass(frozen=True)
class Problem:
    """What went wrong, as far as the person who asked may know it."""

    status: int
    code: str
    message: str = ""
    fields: tuple[tuple[str, str], ...] = ()


def answer(request: Request, problem: Problem, *, plain: bool = False) -> Response:
    """The answer for a problem; `plain` asks nothing of the door, for when it may be broken."""
    reference = edge_of(request.scope).reference
    if wants_json(request):
        return _problem_json(problem, reference)
    # A live part of a page gets a part, not a page inside the page.
    part = "hx-request" in request.headers
    page = html(
        request,
        "layouts/error_part.html" if part else "layouts/error.html",
        **{**({} if plain else door_context(request)), "problem": problem, "reference": reference},
    )
    return HTMLResponse(page, problem.status)


def wants_json(request: Request) -> bool:
    """Whether a machine asks: by its path, or because it accepts JSON and no page."""
    accepts = request.headers.get("accept", "")
    asks_json = "json" in accepts and "text/html" not in accepts
    return asks_json or under(request.url.path, MACHINE_PATHS)


def _problem_json(problem: Problem, reference: str) -> Response:
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.message,
        "reference": reference,
    }
    if problem.fields:
        body["field"] = problem.fields[0][0]
        body["errors"] = [{"field": name, "message": words} for name, words in problem.fields]
    return JSONResponse(body, problem.status, media_type="application/problem+json")


def of_room(error: RoomError) -> Problem:
    """Our own refusals, in the words they were raised with."""
    if isinstance(error, BadForm):
        return Problem(error.status, error.code, str(error), tuple(error.problems.items()))
    if isinstance(error, BadInput):
        return Problem(error.status, error.code, str(error), ((error.field, str(error)),))
    # Absent and not yours to see must look the same, so the words stay inside.
    hidden = isinstance(error, NotFound) or error.status >= 500
    return Problem(error.status, error.code, "" if hidden else str(error))


def of_http(error: HTTPException) -> Problem:
    """What the framework refuses: unknown address, wrong method, too large."""
    return Problem(error.status_code, HTTPStatus(error.status_code).name.lower())


def of_validation(error: RequestValidationError) -> Problem:
    """Fields that do not have the shape an endpoint asks for. What was typed is not repeated."""
    found = ((str(e["loc"][-1]), str(e["msg"])) for e in error.errors())
    return Problem(422, "bad_input", "", tuple(found))


def register(app: FastAPI) -> None:
    """Map every expected error of this application."""

    def room(request: Request, error: Exception) -> Response:
        assert isinstance(error, RoomError)
        return _told(request, error, of_room(error))

    def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        # A dependency may raise a redirect, for example to the sign-in page.
        if error.status_code < 400:
            return Response(status_code=error.status_code, headers=error.headers)
        response = _told(request, error, of_http(error))
        response.headers.update(error.headers or {})
        return response

    def validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return _told(request, error, of_validation(error))

    app.add_exception_handler(RoomError, room)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, validation)


def _told(request: Request, error: Exception, problem: Problem) -> Response:
    reference = edge_of(request.scope).reference
    kind = type(error).__name__
    # A refusal is everyday life; storage that refuses is somebody's to mend.
    write = log.error if problem.status >= 500 else log.info
    write("refused", reference=reference, status=problem.status, error=kind)
    return answer(request, problem)


class LastResort:
    """The web edge: what nobody expected becomes a page with a reference, and a line in the log."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through; answer 500 for whatever it raises."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception as error:
            _log_failure(edge_of(scope).reference, error)
            # Half an answer is on its way already: returning makes the server cut the connection.
            if started:
                return
            failed = answer(Request(scope), Problem(500, "failed"), plain=True)
            await failed(scope, receive, send)


def _log_failure(reference: str, error: Exception) -> None:
    # Messages of errors can hold what a person typed (a database error quotes its values), so the
    # log gets only the kind and the place.
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    log.error("failed", reference=reference, error=type(error).__name__, at=places)
