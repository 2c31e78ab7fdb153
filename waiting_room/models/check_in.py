"""How often a person wants to be asked, and each asking."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from waiting_room.models.base import Row, Sealed
from waiting_room.models.patient import PatientRow


class CheckInPlan(Row):
    """The rhythm one person chose. `weekday` 0 is Monday; `hour` is local time."""

    __tablename__ = "check_in_plan"
    patient_id: Mapped[str] = mapped_column(ForeignKey("patient.id"), unique=True)
    page: Mapped[str] = mapped_column(String(80), default="check-ins/weekly")
    every_days: Mapped[int]
    starts_on: Mapped[date]
    hour: Mapped[int] = mapped_column(default=10)
    minute: Mapped[int] = mapped_column(default=0)
    paused_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    # The first day that is not filled yet; empty when somebody changed the plan.
    next_on: Mapped[date | None]

    # Who is to be filled, among all who wait and all who once did.
    __table_args__ = (Index("ix_check_in_plan_next_on", "ended_at", "next_on"),)


class CheckIn(PatientRow):
    """One asking. The local date and slot make it unique, so a clock change cannot double it."""

    __tablename__ = "check_in"
    plan_id: Mapped[str] = mapped_column(ForeignKey("check_in_plan.id"))
    local_date: Mapped[date]
    slot: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(10))
    why: Mapped[str] = mapped_column(String(30), default="")
    due_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    answer_by: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    answer_sealed: Mapped[bytes | None]
    answer = Sealed()
    comment_sealed: Mapped[bytes | None]
    comment = Sealed()

    __table_args__ = (
        # By the date on the person's wall: an hour that comes twice in autumn is one slot.
        UniqueConstraint("patient_id", "plan_id", "local_date", "slot"),
        Index("ix_check_in_state_due_at", "state", "due_at"),
        Index("ix_check_in_state_answer_by", "state", "answer_by"),
    )
