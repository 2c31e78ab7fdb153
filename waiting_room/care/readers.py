"""What the library lacks, as its readers show it: what they look for in vain, what does not help.

An editor sees what at least two people wrote or said, and never who. Kept for half a year.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, select
from sqlalchemy.orm import Session

from waiting_room import keyring
from waiting_room.models import PageAnswer, SearchMiss, new_id

# One person's words or answer could tell an editor who it was.
FEWEST_PEOPLE = 2
KEPT = timedelta(days=180)
# Longer than this it is a story and no search.
LONGEST = 60
SHOWN = 50


@dataclass(frozen=True)
class Looked:
    """Words with which nothing was found, and how many people tried them."""

    words: str
    people: int


@dataclass(frozen=True)
class Unhelpful:
    """A page that did not help, and how many of those who said anything said so."""

    page: str
    people: int
    of: int


def found_nothing(session: Session, patient_id: str, typed: str, *, now: datetime) -> None:
    """Somebody searched and found nothing."""
    words = " ".join(re.findall(r"\w+", typed.casefold().replace("'", "")))
    if not words or len(words) > LONGEST:
        return
    ring = keyring.current()
    hashed = ring.fingerprint("searched", words)
    who = ring.fingerprint("searcher", hashed, patient_id)
    alike = session.scalars(select(SearchMiss).where(SearchMiss.words_hash == hashed)).all()
    if any(row.who_hash == who for row in alike):
        return
    kept = words if len(alike) + 1 >= FEWEST_PEOPLE else ""
    session.add(SearchMiss(id=new_id(), words_hash=hashed, who_hash=who, words=kept, at=now))


def answered(session: Session, patient_id: str, page: str, *, helped: bool, now: datetime) -> None:
    """Somebody said whether a page helped them; they may change their mind."""
    who = keyring.current().fingerprint("reader", page, patient_id)
    same = (PageAnswer.page == page, PageAnswer.who_hash == who)
    row = session.scalar(select(PageAnswer).where(*same))
    if row is None:
        row = PageAnswer(id=new_id(), page=page, who_hash=who)
        session.add(row)
    row.helped, row.at = helped, now


def looked_for(session: Session) -> list[Looked]:
    """What several people looked for and did not find, most wanted first."""
    people = func.count(SearchMiss.id)
    # The first to type it left no words: they are those of the second.
    words = func.max(SearchMiss.words)
    query = (
        select(words, people)
        .group_by(SearchMiss.words_hash)
        .having(people >= FEWEST_PEOPLE)
        .order_by(people.desc(), words)
        .limit(SHOWN)
    )
    return [Looked(said, count) for said, count in session.execute(query)]


def unhelpful(session: Session) -> list[Unhelpful]:
    """Pages of which several people said that they did not help, the worst first."""
    against = func.sum(case((PageAnswer.helped, 0), else_=1))
    query = (
        select(PageAnswer.page, against, func.count(PageAnswer.id))
        .group_by(PageAnswer.page)
        .having(against >= FEWEST_PEOPLE)
        .order_by(against.desc(), PageAnswer.page)
        .limit(SHOWN)
    )
    return [Unhelpful(page, count, of) for page, count, of in session.execute(query)]


def forget(session: Session, *, now: datetime, limit: int = 200) -> int:
    """Drop what is half a year old, at most so many rows of a kind; ask until it is 0."""
    gone = 0
    for kind in (SearchMiss, PageAnswer):
        old = select(kind.id).where(kind.at < now - KEPT).limit(limit)
        result = session.execute(delete(kind).where(kind.id.in_(old)))
        gone += result.rowcount  # type: ignore[attr-defined]
    return gone
