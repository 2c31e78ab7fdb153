"""A referral from outside: stored, and somebody is told that it came."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from waiting_room.care import alerts, referrals
from waiting_room.care.colours import Colour
from waiting_room.care.intake import Intake
from waiting_room.models import Referral

NEW_REFERRAL = "new referral"


def arrive(session: Session, intake: Intake, *, by: str, now: datetime) -> Referral:
    """Receive a referral nobody of ours typed in: a GREEN task asks somebody to invite them."""
    referral = referrals.receive(session, intake, by=by, now=now)
    what = {"what": "referral", "what_id": referral.id}
    cause = alerts.Cause(Colour.GREEN, NEW_REFERRAL, referral.patient_id, **what)
    alerts.raise_(session, cause, now=now)
    return referral
