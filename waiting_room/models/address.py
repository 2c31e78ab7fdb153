"""Where a person is reached, and their place in the conversation there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from waiting_room.models.base import Row, Sealed

TELEGRAM, WEB_CHAT = "telegram", "web_chat"


def chat_owner(chat_hash: str) -> str:
    """The owner of the key that seals what was said in this chat."""
    return f"chat:{chat_hash}"


class ChatRow(Row):
    """A row that may belong to a stranger: sealed with the key of the chat it came from."""

    __abstract__ = True
    chat_hash: Mapped[str] = mapped_column(String(32), index=True)

    @property
    def sealed_for(self) -> str:
        """Chats have keys of their own, because a stranger has no record yet."""
        return chat_owner(self.chat_hash)


class Address(ChatRow):
    """A chat: a Telegram chat or a web-chat browser. A stranger's has no patient."""

    __tablename__ = "address"
    channel: Mapped[str] = mapped_column(String(12))
    patient_id: Mapped[str | None] = mapped_column(ForeignKey("patient.id"), index=True)
    # A Telegram number names a person for ever, so it is as secret as the name itself.
    chat_id_sealed: Mapped[bytes | None]
    chat_id = Sealed()
    language: Mapped[str] = mapped_column(String(8), default="en")
    place: Mapped[str] = mapped_column(String(60), default="")
    carried_sealed: Mapped[bytes | None]
    carried = Sealed()
    # Sealed like the rest: the keys shown say how somebody answered.
    keys_sealed: Mapped[bytes | None]
    keys = Sealed()
    made_at: Mapped[datetime]
    heard_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    knocked_at: Mapped[datetime | None]
    proved_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]
    dead_why: Mapped[str] = mapped_column(default="")

    __table_args__ = (Index("ix_address_channel_chat_hash", "channel", "chat_hash", unique=True),)


class Button(Row):
    """One press on offer: the token on the wire says nothing, this row says what it means."""

    __tablename__ = "button"
    address_id: Mapped[str] = mapped_column(ForeignKey("address.id"), index=True)
    value: Mapped[str] = mapped_column(String(120))
    made_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class Message(ChatRow):
    """Something a person said. `told_at` is when they said it, which may be long before."""

    __tablename__ = "message"
    address_id: Mapped[str] = mapped_column(ForeignKey("address.id"))
    patient_id: Mapped[str | None] = mapped_column(ForeignKey("patient.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    text_sealed: Mapped[bytes | None]
    text = Sealed()
    # Kept from the first day: without it no message can be deleted or told from a copy later.
    channel_message_id: Mapped[str] = mapped_column(String(40))
    told_at: Mapped[datetime]
    at: Mapped[datetime]
    place: Mapped[str] = mapped_column(String(60), default="")
    is_for_worker: Mapped[bool] = mapped_column(default=False)
    read_at: Mapped[datetime | None]
    read_by: Mapped[str | None] = mapped_column(String(36))
    # When somebody else is called because nobody read it; empty when nobody is to be.
    read_due_at: Mapped[datetime | None]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        Index(
            "ix_message_unread",
            "patient_id",
            "at",
            sqlite_where=sql("is_for_worker = 1 AND read_at IS NULL"),
            postgresql_where=sql("is_for_worker AND read_at IS NULL"),
        ),
        Index(
            "ix_message_read_due_at",
            "read_due_at",
            sqlite_where=sql("read_due_at IS NOT NULL AND read_at IS NULL"),
            postgresql_where=sql("read_due_at IS NOT NULL AND read_at IS NULL"),
        ),
        Index("ix_message_patient_id_at", "patient_id", "at"),
        # Whether this very message came before, among all that was ever said in a chat.
        Index("ix_message_address_id_number", "address_id", "channel_message_id"),
    )
