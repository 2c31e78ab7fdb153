"""The person waiting, how to find them without reading anybody, and who may see them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from waiting_room.models.base import Row, Sealed


class PatientRow(Row):
    """A row whose personal fields are sealed with its patient's own key."""

    __abstract__ = True
    patient_id: Mapped[str] = mapped_column(ForeignKey("patient.id"), index=True)

    @property
    def sealed_for(self) -> str:
        """Destroying the patient's key makes this row unreadable too."""
        return self.patient_id


class Patient(Row):
    """The person waiting. Nation, area and time zone are three different things."""

    __tablename__ = "patient"
    name_sealed: Mapped[bytes | None]
    name = Sealed()
    birth_date_sealed: Mapped[bytes | None]
    birth_date = Sealed()
    nhs_number_sealed: Mapped[bytes | None]
    nhs_number = Sealed()
    phone_sealed: Mapped[bytes | None]
    phone = Sealed()
    email_sealed: Mapped[bytes | None]
    email = Sealed()
    nation: Mapped[str] = mapped_column(String(20), default="england")
    # The first half of the postcode alone: near enough for a group, too wide for a doorstep.
    area: Mapped[str] = mapped_column(String(8), default="")
    time_zone: Mapped[str] = mapped_column(String(40), default="Europe/London")
    language: Mapped[str] = mapped_column(String(8), default="en")
    # Off until they say so: others may read this phone, and a secret cannot be taken back.
    lock_screen_words: Mapped[bool] = mapped_column(default=False)
    # False: others may read what reaches this person, and harm them. It outlives the referral.
    safe_to_message: Mapped[bool] = mapped_column(default=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    is_sample: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_patient_erased_at",
            "erased_at",
            sqlite_where=text("erased_at IS NOT NULL"),
            postgresql_where=text("erased_at IS NOT NULL"),
        ),
    )

    @property
    def sealed_for(self) -> str:
        """A patient's own fields are sealed with their own key."""
        return self.id


class SearchHash(Row):
    """A keyed hash of part of a name, a birth date, a phone or an NHS number."""

    __tablename__ = "search_hash"
    patient_id: Mapped[str] = mapped_column(ForeignKey("patient.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    hash: Mapped[str] = mapped_column(String(32))

    __table_args__ = (Index("ix_search_hash_hash", "hash", "kind"),)


class Share(Row):
    """One reason why a person, the intake team or an organisation may see a patient."""

    __tablename__ = "share"
    patient_id: Mapped[str] = mapped_column(ForeignKey("patient.id"), index=True)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"), index=True)
    organisation_id: Mapped[str | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    role: Mapped[str] = mapped_column(String(12))
    why: Mapped[str] = mapped_column(String(40))
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class Kinship(Row):
    """This staff member is this patient, or related: they never see the record."""

    __tablename__ = "kinship"
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    patient_id: Mapped[str] = mapped_column(ForeignKey("patient.id"))


class Note(PatientRow):
    """What a case worker writes for colleagues. Never sent to the patient."""

    __tablename__ = "note"
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    text_sealed: Mapped[bytes | None]
    text = Sealed()
    at: Mapped[datetime]
