"""The words that are live, and every text that was ever shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
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


class PageVersion(Row):
    """One text a page has had: who brought it, when and why. Nothing here is ever changed back."""

    __tablename__ = "page_version"
    name: Mapped[str] = mapped_column(String(120))
    digest: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
    # A staff id, or "folder".
    by: Mapped[str] = mapped_column(String(60))
    why: Mapped[str] = mapped_column(String(200), default="")
    # False: it lay in the folder, and something kept it from being shown; `why` says what.
    is_shown: Mapped[bool] = mapped_column(default=True)
    # When an edit made on the desk was written into the folder; empty while it is not there yet.
    exported_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_page_version_name_at", "name", "at"),)


class PageDraft(Row):
    """A page somebody is changing on the desk, until it is live or thrown away."""

    __tablename__ = "page_draft"
    name: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(12))
    # The live text it started from; "" for a new page.
    based_on: Mapped[str] = mapped_column(String(32), default="")
    source: Mapped[str]
    why: Mapped[str] = mapped_column(String(200), default="")
    # Who changed it last, and who read it after them.
    by_staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    read_by: Mapped[str] = mapped_column(String(120), default="")
    # What the second reader wants changed.
    note: Mapped[str] = mapped_column(String(500), default="")
    # Grows with each save, so that two people do not save over each other.
    saves: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[datetime]
    # By when an urgent correction must have been read by a second person.
    read_due_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_page_draft_open",
            "name",
            unique=True,
            sqlite_where=text("state IN ('draft', 'review', 'urgent')"),
            postgresql_where=text("state IN ('draft', 'review', 'urgent')"),
        ),
    )
