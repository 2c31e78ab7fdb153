"""One alert: take it, say what came of it, close it. Strangers' alerts live here alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from waiting_room import clock, db, permissions
from waiting_room.care import alerts, caseload, records
from waiting_room.errors import BadInput, Refused
from waiting_room.kill_points import reached
from waiting_room.models import Alert, Patient, Staff
from waiting_room.pages.render import render
from waiting_room.pages.security import CheckedForm
from waiting_room.web.deps import SignedIn, may
from waiting_room.web.desk import frame, timeline, views, wording

router = APIRouter(prefix="/desk/alerts", dependencies=[may("see patients")])
# The words around the alert; the whole story is one press away.
SNIPPET = 8
Act = Callable[[Session, Alert, datetime], None]


@router.get("/{alert_id}")
def page(request: Request, staff: SignedIn, alert_id: str, done: str = "") -> Response:
    """The alert, what was said around it, and everything that happened to it."""
    return show(request, staff, alert_id, done=done)


@router.post("/{alert_id}/take")
def take(request: Request, staff: SignedIn, alert_id: str, fields: CheckedForm) -> Response:
    """ "I have this." The second person is told who was first."""
    return _act(request, staff, alert_id, _take(staff), "taken")


@router.post("/{alert_id}/outcome")
def outcome(request: Request, staff: SignedIn, alert_id: str, fields: CheckedForm) -> Response:
    """What came of it."""
    chosen = fields.text("outcome")

    def act(session: Session, alert: Alert, now: datetime) -> None:
        alerts.record_outcome(session, alert, chosen, by=staff, now=now)

    return _act(request, staff, alert_id, act, "outcome")


@router.post("/{alert_id}/close")
def close(request: Request, staff: SignedIn, alert_id: str, fields: CheckedForm) -> Response:
    """End it, with a reason."""
    chosen = fields.text("close_reason")

    def act(session: Session, alert: Alert, now: datetime) -> None:
        alerts.close(session, alert, chosen, by=staff, now=now)

    return _act(request, staff, alert_id, act, "closed")


def show(
    request: Request,
    staff: Staff,
    alert_id: str,
    *,
    problems: dict[str, str] | None = None,
    status: int = 200,
    done: str = "",
) -> Response:
    """The page of an alert, with what went wrong if something did."""
    now = clock.now()
    with db.read() as session:
        alert = permissions.alert_for(session, staff, alert_id, now=now)
        row = caseload.one_alert(session, alert, now=now)
        known = {
            "row": row,
            "events": alerts.events(session, alert),
            "names": records.names(session),
            "items": _said(session, alert, row.patient),
        }
    # After the reading, in a transaction of its own: looking must work when writing does not.
    views.note(staff, "alert", alert.id, now=now)
    if alert.patient_id:
        views.note(staff, "patient", alert.patient_id, now=now)
    around = frame.around(request, now=now) | {"problems": problems or {}}
    around["done"] = wording.DONE.get(done, "")
    return render(request, "web/alerts/alert.html", status=status, **known, **around)


def _said(session: Session, alert: Alert, patient: Patient | None) -> list[timeline.Item]:
    names = records.names(session)
    if patient is not None:
        moments = records.timeline(session, patient, limit=SNIPPET)
    elif alert.address_id:
        moments = records.at_address(session, alert.address_id)
    else:
        moments = []
    return timeline.items(session, moments, names)


def _take(staff: Staff) -> Act:
    def act(session: Session, alert: Alert, now: datetime) -> None:
        alerts.acknowledge(session, alert, staff, now=now)

    return act


def _act(request: Request, staff: Staff, alert_id: str, act: Act, done: str) -> Response:
    now = clock.now()
    try:
        with db.write() as session:
            alert = permissions.alert_for(session, staff, alert_id, now=now)
            act(session, alert, now)
        reached("desk act stored")
    except Refused as refused:
        return show(request, staff, alert_id, problems={"": str(refused)}, status=refused.status)
    except BadInput as bad:
        field = "close_reason" if bad.field == "reason" else bad.field
        return show(request, staff, alert_id, problems={field: str(bad)}, status=bad.status)
    here = f"/desk/patients/{alert.patient_id}" if alert.patient_id else f"/desk/alerts/{alert.id}"
    # Closing may end the sight of this person: the list is the one place that is always there.
    return RedirectResponse(f"{'/desk' if done == 'closed' else here}?done={done}", 303)
