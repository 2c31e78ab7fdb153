"""Alembic's way in. The connection comes from `upgrade`; nothing here reads a setting."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from waiting_room.models import Base
from waiting_room.models.base import UtcDateTime


def render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Keep our own types out of migrations: they must outlive the code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=render,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
