"""Something a person must look at, and everything that happened to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from waiting_room.models.base import Row

# The daily proof that alerts work: of nobody, for nobody, and in no list.
DRILL = "drill"


class Alert(Row):
    """An alert. While it is open `due_at` is always set: nothing waits without a next moment."""

    __tablename__ = "alert"
    reference: Mapped[str] = mapped_column(String(8), unique=True)
    colour: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(30))
    state: Mapped[str] = mapped_column(String(14))
    patient_id: Mapped[str | None] = mapped_column(ForeignKey("patient.id"), index=True)
    address_id: Mapped[str | None] = mapped_column(ForeignKey("address.id"), index=True)
    rung: Mapped[int] = mapped_column(default=0)
    rounds: Mapped[int] = mapped_column(default=0)
    # A copy: whoever edits the ladder today must not bend an alert that is climbing.
    ladder: Mapped[list[Any]] = mapped_column(default=list)
    raised_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    outcome: Mapped[str] = mapped_column(String(30), default="")
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str] = mapped_column(String(30), default="")
    # Set once and kept: an alert that was late stays late, however well it ended.
    breached_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_alert_state_due_at", "state", "due_at"),
        # For the audit: an alert that nobody closed shows at once, however old it is.
        Index("ix_alert_state_closed_by", "state", "closed_by"),
    )


class AlertEvent(Row):
    """One step in the life of an alert. Rows are only added; ids and verbs, no free text."""

    __tablename__ = "alert_event"
    alert_id: Mapped[str] = mapped_column(ForeignKey("alert.id"), index=True)
    verb: Mapped[str] = mapped_column(String(30))
    rung: Mapped[int] = mapped_column(default=0)
    by: Mapped[str] = mapped_column(String(60))
    cause_kind: Mapped[str] = mapped_column(String(20), default="")
    cause_id: Mapped[str] = mapped_column(String(36), default="", index=True)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[datetime]
