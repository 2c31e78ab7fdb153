"""The organisation that runs this room, its partners, and how it works."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from waiting_room.models.base import Base, Row


class Organisation(Row):
    """The provider or a partner organisation (Open Referral: organization)."""

    __tablename__ = "organisation"
    name: Mapped[str] = mapped_column(String(200))
    is_provider: Mapped[bool] = mapped_column(default=False)


class Provider(Base):
    """The one row of settings a person makes on the first-run page. Its id is always 1."""

    __tablename__ = "provider"
    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(200))
    contact: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    privacy_text: Mapped[str] = mapped_column(default="")
    lawful_basis: Mapped[str] = mapped_column(default="")
    nation: Mapped[str] = mapped_column(String(20), default="england")
    time_zone: Mapped[str] = mapped_column(String(40), default="Europe/London")
    staffed_hours: Mapped[list[Any]] = mapped_column(default=list)
    ladders: Mapped[dict[str, Any]] = mapped_column(default=dict)
    expected_wait: Mapped[str] = mapped_column(default="")
    is_sample: Mapped[bool] = mapped_column(default=False)
    ready_at: Mapped[datetime | None]
