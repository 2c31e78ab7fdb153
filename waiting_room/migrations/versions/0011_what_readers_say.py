"""What people looked for in vain, and whether a page helped them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from waiting_room.models.base import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_miss",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("words_hash", sa.String(64), nullable=False),
        sa.Column("who_hash", sa.String(64), nullable=False),
        sa.Column("words", sa.String(60), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    keys = ["words_hash", "who_hash"]
    op.create_index("ix_search_miss_words_hash_who_hash", "search_miss", keys, unique=True)
    op.create_index("ix_search_miss_at", "search_miss", ["at"])
    op.create_table(
        "page_answer",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("page", sa.String(120), nullable=False),
        sa.Column("who_hash", sa.String(64), nullable=False),
        sa.Column("helped", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_index(
        "ix_page_answer_page_who_hash", "page_answer", ["page", "who_hash"], unique=True
    )
    op.create_index("ix_page_answer_at", "page_answer", ["at"])
