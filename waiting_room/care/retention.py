"""What has no more use goes by itself, table by table."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from waiting_room.care import sign_ins
from waiting_room.models import Button, InboxUpdate
from waiting_room.models.inbox import WAITING

# Long enough to look into what went wrong last week.
INBOX_BODIES = timedelta(days=7)
# Longer than a button works (30 days): a late press is known as late, not as hand-made.
BUTTONS = timedelta(days=35)


def retire(session: Session, *, now: datetime, wall: datetime) -> int:
    """Drop what is past its time; returns how many rows changed. The keys of inbox rows stay, so
    that an update that comes again takes no effect again."""
    bodies = (InboxUpdate.state != WAITING, InboxUpdate.done_at < now - INBOX_BODIES)
    old = update(InboxUpdate).where(*bodies, InboxUpdate.body_sealed.is_not(None))
    done = [
        session.execute(old.values(body_sealed=None)),
        session.execute(delete(Button).where(Button.made_at < now - BUTTONS)),
    ]
    rows = sum(result.rowcount for result in done)  # type: ignore[attr-defined]
    return rows + sign_ins.sweep(session, wall=wall)
