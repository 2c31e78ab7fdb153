"""Whether it is safe to message somebody stands with the person, and outlives their referral."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    safe: sa.Column[bool] = sa.Column(
        "safe_to_message", sa.Boolean(), nullable=False, server_default=sa.true()
    )
    op.add_column("patient", safe)
    patient = sa.table("patient", sa.column("id"), sa.column("safe_to_message", sa.Boolean()))
    said = sa.table("referral", sa.column("patient_id"), sa.column("safe_to_message", sa.Boolean()))
    # Said once, of whichever referral: somebody may take it back on the desk, nothing else does.
    unsafe = sa.select(said.c.patient_id).where(said.c.safe_to_message.is_(sa.false()))
    op.execute(patient.update().where(patient.c.id.in_(unsafe)).values(safe_to_message=sa.false()))
