"""Find a person. The words are posted, so that no name stands in an address or a log."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from waiting_room import audit, clock, db
from waiting_room.care import caseload
from waiting_room.models import Patient
from waiting_room.pages.render import render
from waiting_room.pages.security import CheckedForm
from waiting_room.web.deps import SignedIn, may
from waiting_room.web.desk.frame import around

router = APIRouter(prefix="/desk/find", dependencies=[may("see patients")])


@router.get("")
def page(request: Request, staff: SignedIn) -> Response:
    """The question alone."""
    return _show(request, "", None)


@router.post("")
def find(request: Request, staff: SignedIn, fields: CheckedForm) -> Response:
    """The people this worker may see who fit what was asked."""
    query, now = fields.text("query"), clock.now()
    with db.write() as session:
        found = caseload.find(session, staff, query, now=now)
        for patient in found:
            # A name in a list is a look at a record: searching for a neighbour leaves a trace.
            audit.record(session, by=staff.id, did="found", to=("patient", patient.id), now=now)
    return _show(request, query, found)


def _show(request: Request, query: str, found: list[Patient] | None) -> Response:
    known: dict[str, Any] = {"query": query, "found": found}
    return render(request, "web/today/find.html", **known, **around(request, now=clock.now()))
