"""The outbox: what is to be said, to whom, and whether it was."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from waiting_room.models.base import Row, Sealed

HELD = "held"
WAITS, LEAVES = text("state = 'queued'"), text("state = 'sending'")
OPEN = text("state IN ('queued', 'sending')")


class LetterRow(Row):
    """One letter to one address of a person, or one notice to a channel of a staff member."""

    __tablename__ = "letter"
    owner: Mapped[str] = mapped_column(String(80))
    address_id: Mapped[str | None] = mapped_column(ForeignKey("address.id"))
    patient_id: Mapped[str | None] = mapped_column(ForeignKey("patient.id"))
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    staff_channel_id: Mapped[str | None] = mapped_column(ForeignKey("staff_channel.id"))
    alert_id: Mapped[str | None] = mapped_column(ForeignKey("alert.id"), index=True)
    channel: Mapped[str] = mapped_column(String(16))
    place_sealed: Mapped[bytes | None]
    place = Sealed()
    # Letters of one line arrive in the order they were said; the sealed place cannot be compared.
    line: Mapped[str | None] = mapped_column(String(80))
    page: Mapped[str] = mapped_column(String(80))
    # With the page's digest the exact words can be shown again years later (decision 5).
    digest: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8), default="en")
    values_sealed: Mapped[bytes | None]
    values = Sealed()
    choices_sealed: Mapped[bytes | None]
    choices = Sealed()
    answers: Mapped[str | None] = mapped_column(String(120))
    priority: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    why: Mapped[str] = mapped_column(String(60), default="")
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    stale_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    settled_at: Mapped[datetime | None]
    channel_message_id: Mapped[str] = mapped_column(String(40), default="")
    # Said once, whatever happens: the database itself refuses a second row with this mark.
    dedupe: Mapped[str | None] = mapped_column(String(80), unique=True)

    __table_args__ = (
        # What every lane asks each second. Nearly all rows are settled, and stand in none of these
        # three: they stay as small as the queue. The first is in the order in which it is emptied;
        # beside an index of due dates SQLite would not take it, and sort the queue each time.
        Index(
            "ix_letter_to_send",
            *("channel", "priority", "due_at", "id"),
            sqlite_where=WAITS,
            postgresql_where=WAITS,
        ),
        Index(
            "ix_letter_on_its_way",
            *("channel", "lease_until"),
            sqlite_where=LEAVES,
            postgresql_where=LEAVES,
        ),
        Index("ix_letter_in_line", "line", "id", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_letter_patient_id_made_at", "patient_id", "made_at"),
        # What was just said to a chat, and what is held for it, among years of letters.
        Index("ix_letter_address_id_made_at", "address_id", "made_at"),
        Index(
            "ix_letter_held",
            "address_id",
            sqlite_where=text("state = 'held'"),
            postgresql_where=text("state = 'held'"),
        ),
        # Of those, the ones that wait for somebody to decide.
        Index(
            "ix_letter_held_why",
            *("why", "id"),
            sqlite_where=text("state = 'held'"),
            postgresql_where=text("state = 'held'"),
        ),
    )

    @property
    def sealed_for(self) -> str:
        """A patient, a stranger's chat, or staff."""
        return self.owner
