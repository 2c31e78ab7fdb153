"""What the person said yes or no to, and the exact words they were shown."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from waiting_room.models.patient import PatientRow


class Consent(PatientRow):
    """One answer to one purpose. Rows are only ever added; the newest counts."""

    __tablename__ = "consent"
    purpose: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(12))
    page: Mapped[str] = mapped_column(String(80))
    # Of the words that were shown, which may have been edited since.
    digest: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8))
    channel: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]

    __table_args__ = (Index("ix_consent_patient_id_purpose_at", "patient_id", "purpose", "at"),)
