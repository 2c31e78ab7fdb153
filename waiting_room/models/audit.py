"""Who did what to which record, chained so that tampering shows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from waiting_room.models.base import Base, Row


class AuditRow(Row):
    """Ids and verbs only, never a personal value. Written unchained; the sealer adds the link."""

    __tablename__ = "audit"
    by: Mapped[str] = mapped_column(String(60))
    did: Mapped[str] = mapped_column(String(40))
    to_kind: Mapped[str] = mapped_column(String(30))
    to_id: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]
    # Empty until sealed: a place given when written would make all writers wait for one another.
    place: Mapped[int | None]
    link: Mapped[str | None] = mapped_column(String(32))

    __table_args__ = (
        Index("ix_audit_place", "place", unique=True),
        Index("ix_audit_to", "to_kind", "to_id"),
    )


class AuditHead(Base):
    """The end of the chain, so that a cut tail shows. One row, id 1."""

    __tablename__ = "audit_head"
    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    place: Mapped[int] = mapped_column(default=0)
    link: Mapped[str] = mapped_column(String(32), default="")
    at: Mapped[datetime]


class Lease(Base):
    """Who holds a role that must be single, until when. The fence only ever grows."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    owner: Mapped[str] = mapped_column(String(60))
    fence: Mapped[int] = mapped_column(default=0)
    until: Mapped[datetime]


class Beat(Base):
    """The last sign of life of one loop."""

    __tablename__ = "beat"
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    at: Mapped[datetime]
