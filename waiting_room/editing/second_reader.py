"""Which pages a second person must read, who may be that person, and what is written down of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room import permissions
from waiting_room.errors import BadInput, Refused
from waiting_room.library import confirming, help_lines, versions
from waiting_room.library.starting import REVIEW_AFTER
from waiting_room.models import Confirmation, Staff

# What people agree to, and what they are told of their data.
CONSENT = ("conversation/consent-", "conversation/privacy", "conversation/notice")


def is_needed(name: str) -> bool:
    """Whether this page ("en/crisis/now") goes live only after a second person has read it."""
    key = name.partition("/")[2]
    return key.startswith((*(f"{folder}/" for folder in confirming.FOLDERS), *CONSENT))


def may_be_urgent(name: str) -> bool:
    """A wrong number harms from the first minute: a help line need not wait for the reader."""
    return name.partition("/")[2].startswith(f"{help_lines.FOLDER}/")


def editors(session: Session) -> list[Staff]:
    """Everybody who may change words."""
    people = session.scalars(select(Staff).order_by(Staff.name))
    return [person for person in people if permissions.can(person, "edit words")]


def names(session: Session) -> dict[str, str]:
    """Everybody who may stand behind a change, by the id that is kept of them."""
    known = {person.id: person.name for person in session.scalars(select(Staff))}
    return known | {versions.FOLDER: "The content folder"}


def of(session: Session, name: str, *, author: Staff, by: Staff, reader: str) -> list[str]:
    """The names of the author and of who read it after them, as far as one is needed.

    Where only one person edits, `reader` names somebody without an account. Raises Refused.
    """
    if not is_needed(name):
        return list(dict.fromkeys([author.name, by.name]))
    if by.id != author.id:
        return [author.name, by.name]
    if len(editors(session)) > 1:
        raise Refused("A second person must read this page. Ask for a reader.")
    reader = " ".join(reader.split())
    if len(reader) < 2 or reader.casefold() == author.name.casefold():
        message = "Name the second person who has read it, word for word."
        raise BadInput("reader", message)
    return [author.name, reader[:80]]


def marks(name: str, readers: list[str], *, today: date) -> dict[str, Any]:
    """The lines of the front matter that say who has read it, and until when that holds."""
    again = today + REVIEW_AFTER
    folder = name.split("/")[1]
    if folder == help_lines.FOLDER:
        return {"verified": today, "verified_by": ", ".join(readers), "expires": again}
    if folder == "crisis":
        return {"reviewed": today, "reviewers": readers, "review_by": again}
    return {"reviewed": today, "reviewed_by": ", ".join(readers), "review_by": again}


def confirm(session: Session, name: str, digest: str, readers: list[str], *, now: datetime) -> None:
    """Named people have read exactly this text, where that is asked for."""
    if name.split("/")[1] in confirming.FOLDERS:
        by = " and ".join(readers)[:60]
        session.add(Confirmation(key=name, digest=digest, by=by, at=now))


def had_read(session: Session, name: str, digest: str) -> bool:
    """Whether this text may be shown again without being read once more."""
    if not is_needed(name):
        return True
    same = select(Confirmation.id).where(Confirmation.key == name, Confirmation.digest == digest)
    return session.scalar(same.limit(1)) is not None
