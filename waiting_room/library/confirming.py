"""Which crisis pages and help lines a named person has checked, word for word.

A confirmation holds for one text: an edit needs a new one.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room.library import live
from waiting_room.models import Confirmation

# Where a wrong word or number can cost a life; other pages may be improved as people read them.
FOLDERS = ("crisis", "help-lines")


def unconfirmed(session: Session) -> list[str]:
    """The live crisis pages and help lines nobody has confirmed, by name."""
    # By digest and not by name: who confirmed the words of yesterday did not read those of today.
    known = {(row.key, row.digest) for row in session.scalars(select(Confirmation))}
    pages = [page for folder in FOLDERS for page in live.pages_in(folder)]
    return [page.name for page in pages if (page.name, page.digest) not in known]


def confirm(session: Session, *, by: str, now: datetime) -> int:
    """A named person has checked every live crisis page and help line; how many were new."""
    fresh = set(unconfirmed(session))
    for folder in FOLDERS:
        for page in live.pages_in(folder):
            if page.name in fresh:
                session.add(Confirmation(key=page.name, digest=page.digest, by=by, at=now))
    return len(fresh)
