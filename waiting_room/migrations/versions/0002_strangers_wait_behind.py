"""Strangers wait behind people we know; what a chat heard last is found among years of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In front of all who wait now: for them it is as it was.
    op.add_column("inbox", sa.Column("rank", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_inbox_state_rank_due_at", "inbox", ["state", "rank", "due_at", "update_id"])
    op.drop_index("ix_inbox_state_due_at", "inbox")
    op.create_index("ix_letter_address_id_made_at", "letter", ["address_id", "made_at"])
    op.drop_index("ix_letter_address_id", "letter")
    held = sa.text("state = 'held'")
    op.create_index(
        "ix_letter_held", "letter", ["address_id"], sqlite_where=held, postgresql_where=held
    )
    op.create_index("ix_message_address_id_number", "message", ["address_id", "channel_message_id"])
    op.drop_index("ix_message_address_id", "message")
