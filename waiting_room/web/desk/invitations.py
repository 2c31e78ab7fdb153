"""The way in, on paper: the link and the PIN on two sheets, because they travel apart."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import segno
from fastapi import APIRouter, Request
from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.responses import Response

from waiting_room import clock, db, library, permissions
from waiting_room.care import hours, invitations, referrals
from waiting_room.errors import Refused
from waiting_room.models import Patient, Provider, Referral
from waiting_room.pages.render import render
from waiting_room.pages.security import CheckedForm
from waiting_room.web.deps import SignedIn, may, settings_of
from waiting_room.web.desk import frame, patients, views

router = APIRouter(prefix="/desk/patients", dependencies=[may("refer")])


@router.get("/{patient_id}/arrived")
def arrived(request: Request, staff: SignedIn, patient_id: str) -> Response:
    """After a new referral: is this person here already? Then invite them."""
    now = clock.now()
    with db.read() as session:
        patient = permissions.patient_for(session, staff, patient_id, now=now)
        referral = referrals.open_one(session, patient.id)
        alike = patients.look_alikes(session, staff, patient, now=now)
    views.note(staff, "patient", patient.id, now=now)
    known: dict[str, Any] = {"patient": patient, "referral": referral, "alike": alike}
    return render(request, "web/referrals/arrived.html", **known, **frame.around(request, now=now))


@router.post("/{patient_id}/invite")
def invite(request: Request, staff: SignedIn, patient_id: str, fields: CheckedForm) -> Response:
    """A fresh link and PIN, shown once and never again."""
    now = clock.now()
    by_post = fields.text("by_post") == "yes"
    with db.write() as session:
        patient = permissions.patient_for(session, staff, patient_id, now=now)
        referral = _open_referral(session, patient)
        issued = invitations.invite(session, referral, by=staff.id, now=now, by_post=by_post)
    link = settings_of(request).joining_link(issued.token)
    known: dict[str, Any] = {
        "patient": patient,
        "referral": referral,
        "pin": issued.pin,
        "link": link,
        "telegram": settings_of(request).telegram_link(issued.token),
        "expires_at": issued.expires_at,
        "letter": _letter(link, request.state.provider, issued.expires_at, patient.language),
        "letter_title": library.page("staff/invitation", patient.language).title,
        "code": segno.make(link, error="m").svg_data_uri(scale=5, border=2),
    }
    return render(
        request, "web/referrals/invitation.html", **known, **frame.around(request, now=now)
    )


def _letter(link: str, provider: Provider, expires_at: datetime, language: str) -> Markup:
    until = hours.local(expires_at, provider.time_zone)
    values = {
        "provider": provider.name,
        "contact": provider.phone or provider.contact,
        "link": link,
        "valid_until": f"{hours.clock_words(until)} on {hours.day_words(until.date())}",
    }
    # `to_html` lets nothing through but the tags of its allow-list.
    return Markup(library.to_html(library.page("staff/invitation", language), values))


def _open_referral(session: Session, patient: Patient) -> Referral:
    referral = referrals.open_one(session, patient.id)
    if referral is None:
        raise Refused("This referral has ended. Make a new one first.")
    return referral
