"""Who sent the person, why, and the way in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from waiting_room.models.base import Row, Sealed
from waiting_room.models.patient import PatientRow


class Referral(PatientRow):
    """One referral (FHIR: ServiceRequest). A person may have several over the years."""

    __tablename__ = "referral"
    reference: Mapped[str] = mapped_column(String(8), unique=True)
    state: Mapped[str] = mapped_column(String(12))
    reason_code: Mapped[str] = mapped_column(String(30), default="")
    source: Mapped[str] = mapped_column(String(30))
    referrer_sealed: Mapped[bytes | None]
    referrer = Sealed()
    gp_practice_sealed: Mapped[bytes | None]
    gp_practice = Sealed()
    reason_sealed: Mapped[bytes | None]
    reason = Sealed()
    needs: Mapped[list[str]] = mapped_column(default=list)
    risks_sealed: Mapped[bytes | None]
    risks = Sealed()
    reach_sealed: Mapped[bytes | None]
    reach = Sealed()
    # What the referrer said; what holds now stands with the patient.
    safe_to_message: Mapped[bool] = mapped_column(default=True)
    # No default: somebody has to say it, or the row cannot be made.
    agreed: Mapped[bool]
    received_at: Mapped[datetime]
    moved_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_referral_state_due_at", "state", "due_at"),
        Index("ix_referral_state_received_at", "state", "received_at"),
    )


class Invitation(Row):
    """A link and a PIN, each by its own way; both are kept as hashes."""

    __tablename__ = "invitation"
    referral_id: Mapped[str] = mapped_column(ForeignKey("referral.id"), index=True)
    patient_id: Mapped[str] = mapped_column(ForeignKey("patient.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    pin_hash: Mapped[str] = mapped_column(String(64))
    tries: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[str | None] = mapped_column(String(36))
    revoked_at: Mapped[datetime | None]
