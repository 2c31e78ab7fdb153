"""Letters that were waiting when the copy was made from which the room was restored."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from waiting_room import clock, db, library
from waiting_room.care import aftermath
from waiting_room.errors import NotFound
from waiting_room.models import LetterRow, Patient
from waiting_room.pages.render import render
from waiting_room.pages.security import CheckedForm
from waiting_room.web.deps import SignedIn, may
from waiting_room.web.desk import frame, wording

router = APIRouter(prefix="/desk/held", dependencies=[may("see patients")])


@router.get("")
def page(request: Request, staff: SignedIn, done: str = "") -> Response:
    """Each letter, whom it is to, and two buttons."""
    now = clock.now()
    with db.read() as session:
        rows = [
            (row, session.get_one(Patient, row.patient_id), _title(session, row))
            for row in aftermath.held_for(session, staff, now=now)
        ]
    known: dict[str, Any] = {"rows": rows, "done": wording.DONE.get(done, "")}
    return render(request, "web/today/held.html", **known, **frame.around(request, now=now))


@router.post("/{letter_id}")
def decide(request: Request, staff: SignedIn, letter_id: str, fields: CheckedForm) -> Response:
    """It leaves now, or never."""
    send = fields.text("what") == "send"
    with db.write() as session:
        aftermath.decide(session, staff, letter_id, send=send, now=clock.now())
    return RedirectResponse(f"/desk/held?done={'sent' if send else 'dropped'}", 303)


def _title(session: Session, row: LetterRow) -> str:
    """What kind of letter it is; its words stand on the person's page."""
    try:
        return library.by_digest(session, row.digest).title
    except NotFound:
        return row.page
