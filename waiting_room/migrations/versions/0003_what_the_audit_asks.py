"""What the audit asks"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_alert_state_closed_by", "alert", ["state", "closed_by"])
    op.create_index("ix_alert_event_cause_id", "alert_event", ["cause_id"])
