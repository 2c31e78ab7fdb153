"""What people looked for in the library in vain, and whether a page helped; nobody by name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from waiting_room.models.base import Row


class SearchMiss(Row):
    """Somebody found nothing. The words are kept only when a second person typed the same: what one
    person alone wrote may tell who they are."""

    __tablename__ = "search_miss"
    words_hash: Mapped[str] = mapped_column(String(64))
    who_hash: Mapped[str] = mapped_column(String(64))
    words: Mapped[str] = mapped_column(String(60), default="")
    at: Mapped[datetime]

    __table_args__ = (
        Index("ix_search_miss_words_hash_who_hash", "words_hash", "who_hash", unique=True),
        Index("ix_search_miss_at", "at"),
    )


class PageAnswer(Row):
    """Whether a page helped one person; the last answer counts."""

    __tablename__ = "page_answer"
    page: Mapped[str] = mapped_column(String(120))
    who_hash: Mapped[str] = mapped_column(String(64))
    helped: Mapped[bool]
    at: Mapped[datetime]

    __table_args__ = (
        Index("ix_page_answer_page_who_hash", "page", "who_hash", unique=True),
        Index("ix_page_answer_at", "at"),
    )
