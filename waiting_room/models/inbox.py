"""Raw updates, on disk before the sender may forget them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from waiting_room.models.address import ChatRow
from waiting_room.models.base import Base, Sealed

WAITING, HELD, DONE, DEAD = "waiting", "held", "done", "dead"
KNOWN, STRANGER = 0, 1
WHOLE = text("done_at IS NOT NULL AND body_sealed IS NOT NULL")


class InboxUpdate(ChatRow):
    """One raw update. `bot` and `update_id` together make it take effect once."""

    __tablename__ = "inbox"
    bot: Mapped[str] = mapped_column(String(20))
    update_id: Mapped[int] = mapped_column(BigInteger)
    body_sealed: Mapped[bytes | None]
    body = Sealed()
    state: Mapped[str] = mapped_column(String(8), default=WAITING)
    # Ten thousand strangers at the door must not stand before one patient.
    rank: Mapped[int] = mapped_column(default=KNOWN, server_default=str(KNOWN))
    tries: Mapped[int] = mapped_column(default=0)
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

    __table_args__ = (
        # This is what makes an update take effect once, not the care of any reader.
        Index("ix_inbox_bot_update_id", "bot", "update_id", unique=True),
        Index("ix_inbox_state_rank_due_at", "state", "rank", "due_at", "update_id"),
        # The rows stay for ever; those whose words are still there are those of a week.
        Index("ix_inbox_done_at", "done_at", sqlite_where=WHOLE, postgresql_where=WHOLE),
    )


class PollState(Base):
    """Where the poller of one bot stands: the offset of the last batch, never a maximum."""

    __tablename__ = "poll_state"
    bot: Mapped[str] = mapped_column(String(20), primary_key=True)
    next_offset: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
