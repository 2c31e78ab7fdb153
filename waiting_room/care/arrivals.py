"""A referral from outside: stored, and somebody is told that it came, at once when its words are of
danger."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from waiting_room.care import alerts, referrals, screening
from waiting_room.care.colours import Colour
from waiting_room.care.intake import Intake
from waiting_room.models import Referral

NEW_REFERRAL = "new referral"
IN_A_REFERRAL = "referral: "


def arrive(session: Session, intake: Intake, *, by: str, now: datetime) -> Referral:
    """Receive a referral nobody of ours typed in: a GREEN task asks somebody to invite them. Words
    of danger in it raise what they would in a message."""
    referral = referrals.receive(session, intake, by=by, now=now)
    what = {"what": "referral", "what_id": referral.id}
    hit = screening.worst([intake.reason, intake.risks, intake.reach])
    # Before the task, which joins it: nobody shall be told of a plain referral first.
    if hit is not None:
        kind = f"{IN_A_REFERRAL}{hit.kind}"
        urgent = alerts.Cause(hit.colour, kind, referral.patient_id, **what)
        alerts.raise_(session, urgent, now=now)
    cause = alerts.Cause(Colour.GREEN, NEW_REFERRAL, referral.patient_id, **what)
    alerts.raise_(session, cause, now=now)
    return referral
