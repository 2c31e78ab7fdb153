"""The queue in its order"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    leaves = sa.text("state = 'sending'")
    op.create_index(
        "ix_letter_on_its_way",
        "letter",
        ["channel", "lease_until"],
        sqlite_where=leaves,
        postgresql_where=leaves,
    )
    op.drop_index("ix_letter_state_due_at", "letter")
