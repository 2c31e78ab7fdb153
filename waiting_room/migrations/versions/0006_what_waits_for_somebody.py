"""Words nobody has read yet and plans to be filled are found without reading all the others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    unread = ("is_for_worker = 1 AND read_at IS NULL", "is_for_worker AND read_at IS NULL")
    sqlite, postgresql = map(sa.text, unread)
    op.create_index(
        "ix_message_unread",
        "message",
        ["patient_id", "at"],
        sqlite_where=sqlite,
        postgresql_where=postgresql,
    )
    # Empty means "look": every plan is filled once more, which adds nothing.
    op.add_column("check_in_plan", sa.Column("next_on", sa.Date(), nullable=True))
    op.create_index("ix_check_in_plan_next_on", "check_in_plan", ["ended_at", "next_on"])
