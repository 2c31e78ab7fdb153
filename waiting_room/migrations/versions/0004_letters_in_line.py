"""Letters in line"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WAITS, OPEN = sa.text("state = 'queued'"), sa.text("state IN ('queued', 'sending')")


def upgrade() -> None:
    # Empty in letters that were said before: those may overtake each other once more.
    op.add_column("letter", sa.Column("line", sa.String(length=80), nullable=True))
    op.create_index(
        "ix_letter_to_send",
        "letter",
        ["channel", "priority", "due_at", "id"],
        sqlite_where=WAITS,
        postgresql_where=WAITS,
    )
    op.create_index(
        "ix_letter_in_line", "letter", ["line", "id"], sqlite_where=OPEN, postgresql_where=OPEN
    )
