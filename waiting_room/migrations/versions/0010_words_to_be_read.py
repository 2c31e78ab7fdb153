"""By when somebody must have read words that are for a case worker."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from waiting_room.models.base import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Empty in what was said before: nobody was promised a time that is kept there.
    due: sa.Column[object] = sa.Column("read_due_at", UtcDateTime(), nullable=True)
    op.add_column("message", due)
    waits = sa.text("read_due_at IS NOT NULL AND read_at IS NULL")
    op.create_index(
        "ix_message_read_due_at",
        "message",
        ["read_due_at"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
