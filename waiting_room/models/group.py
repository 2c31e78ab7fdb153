"""Befriending groups: people like you, a host, a time and a price."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from waiting_room.models.base import Row


class Group(Row):
    """A group somebody can join. Price is in words, because nothing is as rude as a hidden cost."""

    __tablename__ = "befriending_group"
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(100))
    about: Mapped[str]
    host: Mapped[str] = mapped_column(String(60))
    where: Mapped[str] = mapped_column(String(100))
    area: Mapped[str] = mapped_column(String(8), default="")
    price: Mapped[str] = mapped_column(String(100))
    how_to_join: Mapped[str]
    join_url: Mapped[str] = mapped_column(default="")
    seats: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    every_days: Mapped[int] = mapped_column(default=7)
    state: Mapped[str] = mapped_column(String(10))
    is_sample: Mapped[bool] = mapped_column(default=False)
