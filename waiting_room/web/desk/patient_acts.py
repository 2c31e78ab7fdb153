"""What a worker does on a person's page. Each act is one transaction and one line in the audit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from waiting_room import clock, db, permissions
from waiting_room.care import endings, messages, people, records, referrals, rhythms
from waiting_room.errors import BadInput, Forbidden, Refused
from waiting_room.models import Patient, Staff
from waiting_room.pages.security import CheckedForm, Fields
from waiting_room.web.deps import SignedIn, may
from waiting_room.web.desk import patients

router = APIRouter(prefix="/desk/patients", dependencies=[may("see patients")])
# Does it, and tells which words of `wording.DONE` say so.
Act = Callable[[Session, Patient, datetime], str]
TYPED = ("note", "text", "worker", "reason", "weeks")
WEEKS = ("1", "2", "4")


@router.post("/{patient_id}/note")
def note(request: Request, staff: SignedIn, patient_id: str, fields: CheckedForm) -> Response:
    """A note for colleagues."""

    def act(session: Session, patient: Patient, now: datetime) -> str:
        people.note(session, patient.id, fields.text("note"), by=staff.id, now=now)
        return "note"

    return _do(request, staff, patient_id, fields, act, at="note")


@router.post("/{patient_id}/reply")
def reply(request: Request, staff: SignedIn, patient_id: str, fields: CheckedForm) -> Response:
    """Words to the person, in the chat they use."""

    def act(session: Session, patient: Patient, now: datetime) -> str:
        sent = messages.reply(session, patient, fields.text("text"), by=staff, now=now)
        return "replied" if sent is not None else "phone"

    return _do(request, staff, patient_id, fields, act, at="text")


@router.post("/{patient_id}/read")
def read(request: Request, staff: SignedIn, patient_id: str, fields: CheckedForm) -> Response:
    """Everything they wrote has been read; perhaps the answer was a phone call."""

    def act(session: Session, patient: Patient, now: datetime) -> str:
        messages.mark_read(session, patient.id, by=staff.id, now=now)
        return "read"

    return _do(request, staff, patient_id, fields, act, at="text")


@router.post("/{patient_id}/assign")
def assign(request: Request, staff: SignedIn, patient_id: str, fields: CheckedForm) -> Response:
    """Give the person a case worker. Whoever did so may not see them any more."""

    def act(session: Session, patient: Patient, now: datetime) -> str:
        _check_assign(session, staff, patient, now)
        chosen = {person.id: person for person in records.assignable(session, patient.id)}
        worker = chosen.get(fields.text("worker"))
        if worker is None:
            raise BadInput("worker", "Choose a person from the list.")
        referrals.assign(session, patient, worker, by=staff.id, now=now)
        return "assigned"

    return _do(request, staff, patient_id, fields, act, at="worker")


@router.post("/{patient_id}/pause")
def pause(request: Request, staff: SignedIn, patient_id: str, fields: CheckedForm) -> Response:
    """No check-ins for a while, because the person asked for it."""

    def act(session: Session, patient: Patient, now: datetime) -> str:
        if fields.text("weeks") not in WEEKS:
            raise BadInput("weeks", "Choose how long.")
        until = now + timedelta(weeks=int(fields.text("weeks")))
        rhythms.pause(session, patient, until, now=now, by=staff.id)
        return "paused"

    return _do(request, staff, patient_id, fields, act, at="weeks")


@router.post("/{patient_id}/stop")
def stop(request: Request, staff: SignedIn, patient_id: str, fields: CheckedForm) -> Response:
    """ "Stop", said to a worker instead of the chat."""

    def act(session: Session, patient: Patient, now: datetime) -> str:
        endings.stop(session, patient, by=staff.id, now=now)
        return "stopped"

    return _do(request, staff, patient_id, fields, act, at="stop")


@router.post("/{patient_id}/end")
def end(request: Request, staff: SignedIn, patient_id: str, fields: CheckedForm) -> Response:
    """Close the referral, with a reason."""

    def act(session: Session, patient: Patient, now: datetime) -> str:
        referral = referrals.open_one(session, patient.id)
        if referral is None:
            raise Refused("This referral has ended already.")
        reason = fields.text("reason")
        endings.end(session, patient, referral, reason=reason, by=staff.id, now=now)
        return "ended"

    return _do(request, staff, patient_id, fields, act, at="reason")


def _check_assign(session: Session, staff: Staff, patient: Patient, now: datetime) -> None:
    worker = referrals.worker_of(session, patient.id, now=now)
    if not patients.may_assign(staff, worker):
        raise Forbidden("Only a coordinator, or their case worker, can hand this person on.")


def _do(
    request: Request, staff: Staff, patient_id: str, fields: Fields, act: Act, *, at: str
) -> Response:
    """Carry it out, or show the page again with what was typed and what is wrong with it."""
    now = clock.now()
    try:
        with db.write() as session:
            patient = permissions.patient_for(session, staff, patient_id, now=now)
            done = act(session, patient, now)
    except (BadInput, Refused) as wrong:
        typed = {name: fields.text(name) for name in TYPED}
        refused = patients.Visit(typed=typed, problems={at: str(wrong)}, status=wrong.status)
        return patients.show(request, staff, patient_id, refused)
    # Handing a person on may end one's own sight of them.
    here = "/desk" if done == "assigned" else f"/desk/patients/{patient_id}"
    return RedirectResponse(f"{here}?done={done}", 303)
