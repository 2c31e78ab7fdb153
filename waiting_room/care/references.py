"""Short references a person can read out: K7F3P."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from waiting_room.models import new_reference


def free(session: Session, column: InstrumentedAttribute[str], *, length: int = 5) -> str:
    """A reference nothing in this column has yet. Short ones meet after a few thousand rows, and
    no alert may fail for that."""
    # Ends soon: 26 signs make nearly 12 million words of five, and few of them are in use.
    while True:
        found = new_reference(length)
        if session.scalar(select(column).where(column == found)) is None:
            return found
