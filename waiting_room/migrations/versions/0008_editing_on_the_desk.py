"""Editing on the desk: what a page said before, and what somebody is changing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from waiting_room.models.base import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OPEN = "state IN ('draft', 'review', 'urgent')"


def upgrade() -> None:
    op.create_table(
        "page_version",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(60), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("is_shown", sa.Boolean(), nullable=False),
        sa.Column("exported_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_page_version"),
    )
    op.create_index("ix_page_version_name_at", "page_version", ["name", "at"])
    op.create_table(
        "page_draft",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("based_on", sa.String(32), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("by_staff_id", sa.String(36), nullable=False),
        sa.Column("read_by", sa.String(120), nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("saves", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("read_due_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_page_draft"),
        sa.ForeignKeyConstraint(
            ["by_staff_id"], ["staff.id"], name="fk_page_draft_by_staff_id_staff"
        ),
    )
    op.create_index(
        "uq_page_draft_open",
        "page_draft",
        ["name"],
        unique=True,
        sqlite_where=sa.text(OPEN),
        postgresql_where=sa.text(OPEN),
    )
