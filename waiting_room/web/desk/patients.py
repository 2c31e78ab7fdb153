"""One person's page: how they are, what was said, and what can be done next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from waiting_room import clock, db, permissions
from waiting_room.care import caseload, duty, people, records, referrals
from waiting_room.models import Patient, Staff
from waiting_room.pages.render import render
from waiting_room.reports import charts
from waiting_room.web.deps import SignedIn, may
from waiting_room.web.desk import frame, timeline, views, wording
from waiting_room.web.refer import form

router = APIRouter(prefix="/desk/patients", dependencies=[may("see patients")])


@dataclass(frozen=True)
class Visit:
    """How the page is shown this time: after an act, after a refusal, or as it is."""

    done: str = ""
    whole: bool = False
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


@router.get("/{patient_id}")
def page(
    request: Request, staff: SignedIn, patient_id: str, done: str = "", all: str = ""
) -> Response:
    """Everything a worker needs for the next talk, on one page."""
    return show(request, staff, patient_id, Visit(done=wording.DONE.get(done, ""), whole=bool(all)))


@router.get("/{patient_id}/check-ins.svg")
def check_ins_picture(request: Request, staff: SignedIn, patient_id: str) -> Response:
    """The answers over time as a picture; the page has the same as a table."""
    now = clock.now()
    with db.read() as session:
        patient = permissions.patient_for(session, staff, patient_id, now=now)
        rows = records.answers(session, patient)
    picture = charts.check_ins(rows, zone=patient.time_zone)
    return Response(picture, media_type="image/svg+xml")


def show(request: Request, staff: Staff, patient_id: str, visit: Visit) -> Response:
    """The page of a person, with what was typed and what went wrong with it."""
    now = clock.now()
    with db.read() as session:
        patient = permissions.patient_for(session, staff, patient_id, now=now)
        limit = records.LONG if visit.whole else records.SHORT
        record = records.read(session, patient, now=now, limit=limit)
        known: dict[str, Any] = {
            "record": record,
            "patient": patient,
            "items": timeline.items(session, record.timeline, record.names),
            "alike": look_alikes(session, staff, patient, now=now),
            "colleagues": records.assignable(session, patient.id),
            "may_assign": may_assign(staff, record.worker),
            "when_read": duty.when_read(session, "green", now=now),
        }
    views.note(staff, "patient", patient.id, now=now)
    known |= {"typed": visit.typed, "problems": visit.problems}
    known |= {"whole": visit.whole, "done": visit.done}
    known |= {"reasons": referrals.REASONS}
    known["language"] = dict(form.languages()).get(patient.language, patient.language)
    around = frame.around(request, now=now)
    return render(request, "web/patients/patient.html", status=visit.status, **known, **around)


def may_assign(staff: Staff, worker: Staff | None) -> bool:
    """A coordinator, or the case worker who hands the person on."""
    mine = worker is not None and worker.id == staff.id
    return mine or permissions.can(staff, "assign")


def look_alikes(
    session: Session, staff: Staff, patient: Patient, *, now: datetime
) -> dict[str, Any]:
    """Records that may be the same person, each with what matches; those out of sight counted."""
    seen, hidden = caseload.look_alikes(session, staff, patient, now=now)
    rows = [
        (other, [wording.MATCHES[k] for k in people.what_matches(patient, other)]) for other in seen
    ]
    return {"rows": rows, "hidden": hidden}
