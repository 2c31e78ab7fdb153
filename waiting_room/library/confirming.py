"""Which crisis pages and help lines a named person has checked, word for word.

A confirmation holds for one text: an edit needs a new one.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room.library import live, publishing, versions
from waiting_room.library.page import Page
from waiting_room.models import Confirmation

# Where a wrong word or number can cost a life; other pages may be improved as people read them.
FOLDERS = ("crisis", "help-lines")


def unconfirmed(session: Session) -> list[str]:
    """The live crisis pages and help lines nobody has confirmed, by name."""
    # By digest and not by name: who confirmed the words of yesterday did not read those of today.
    known = {(row.key, row.digest) for row in session.scalars(select(Confirmation))}
    return [page.name for page in _pages() if (page.name, page.digest) not in known]


def confirm(session: Session, *, by: str, now: datetime) -> int:
    """A named person has checked every crisis page and help line, those that are live and those
    that wait in the folder, which are live from now on; how many were new."""
    fresh = set(unconfirmed(session))
    checked = {page.name: page.digest for page in _pages() if page.name in fresh}
    waiting = versions.unread(session)
    checked |= {row.name: row.digest for row in waiting}
    for name, digest in checked.items():
        session.add(Confirmation(key=name, digest=digest, by=by, at=now))
    texts = {row.name: versions.words(session, row.digest) for row in waiting}
    publishing.put(session, texts, by=versions.FOLDER, why=f"Checked by {by}"[:200], now=now)
    return len(checked)


def _pages() -> list[Page]:
    """Those of every language: a wrong number is wrong in each."""
    shown = live.current().shelf.pages.values()
    return sorted((page for page in shown if page.folder in FOLDERS), key=lambda page: page.name)
