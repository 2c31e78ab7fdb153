"""Who stands on which rung, when, and who is away."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from waiting_room.models.base import Row


class DutyTurn(Row):
    """This person stands on this rung (`backup`, `duty lead`, `on call`) in this time."""

    __tablename__ = "duty_turn"
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    rung: Mapped[str] = mapped_column(String(20))
    since: Mapped[datetime]
    until: Mapped[datetime | None]

    __table_args__ = (Index("ix_duty_turn_rung_since", "rung", "since"),)


class Absence(Row):
    """This person is away and must not be counted on."""

    __tablename__ = "absence"
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    since: Mapped[datetime]
    until: Mapped[datetime]
