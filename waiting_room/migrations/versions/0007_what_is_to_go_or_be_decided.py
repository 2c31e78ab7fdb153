"""What is to go, or waits for a decision, is found without reading all that stays."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create("ix_patient_erased_at", "patient", ["erased_at"], "erased_at IS NOT NULL")
    whole = "done_at IS NOT NULL AND body_sealed IS NOT NULL"
    _create("ix_inbox_done_at", "inbox", ["done_at"], whole)
    _create("ix_letter_held_why", "letter", ["why", "id"], "state = 'held'")
    op.create_index("ix_button_made_at", "button", ["made_at"])


def _create(name: str, table: str, columns: list[str], where: str) -> None:
    only = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=only, postgresql_where=only)
