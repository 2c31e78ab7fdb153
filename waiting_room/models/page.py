"""The words that are live, and every text that was ever shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from waiting_room.models.base import Base, Row


class PageBody(Base):
    """A text, kept once by its digest, for as long as a letter may point at it."""

    __tablename__ = "page_body"
    digest: Mapped[str] = mapped_column(String(32), primary_key=True)
    body: Mapped[str]


class PublishedSet(Row):
    """Which text is live under which name. The newest set counts, in every process."""

    __tablename__ = "published_set"
    published_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(60))
    pages: Mapped[dict[str, Any]]


class Confirmation(Row):
    """A named person has checked this exact text (crisis pages and help lines)."""

    __tablename__ = "confirmation"
    key: Mapped[str] = mapped_column(String(120), index=True)
    digest: Mapped[str] = mapped_column(String(32))
    by: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]
