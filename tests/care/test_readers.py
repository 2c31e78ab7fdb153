"""What readers show: counted, never named, and nothing of one person alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from waiting_room import db
from waiting_room.care import readers
from waiting_room.models import PageAnswer, SearchMiss


def test_words_show_only_when_two_people_typed_them(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        readers.found_nothing(session, "one", "Hedgehog rescue?", now=now)
        readers.found_nothing(session, "one", "hedgehog rescue", now=now)
        session.flush()
        assert readers.looked_for(session) == []
        assert [row.words for row in session.scalars(select(SearchMiss))] == [""]
        readers.found_nothing(session, "two", "  hedgehog RESCUE ", now=now)
        session.flush()
        assert readers.looked_for(session) == [readers.Looked("hedgehog rescue", 2)]


def test_a_story_is_no_search(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        for patient in ("one", "two"):
            readers.found_nothing(session, patient, "my neighbour " * 20, now=now)
            readers.found_nothing(session, patient, "?!", now=now)
        session.flush()
        assert readers.looked_for(session) == []


def test_a_page_shows_when_it_helped_neither_of_two(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        some = ["one", "two", "three"]
        for patient, helped in zip(some, (False, True, True), strict=True):
            readers.answered(session, patient, "self-care/sleep", helped=helped, now=now)
        session.flush()
        assert readers.unhelpful(session) == []
        readers.answered(session, some[1], "self-care/sleep", helped=False, now=now)
        session.flush()
        assert readers.unhelpful(session) == [readers.Unhelpful("self-care/sleep", 2, 3)]


def test_no_row_tells_who_it_was(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient = "01-patient"
        readers.found_nothing(session, patient, "hedgehog", now=now)
        readers.found_nothing(session, patient, "badger", now=now)
        readers.answered(session, patient, "self-care/sleep", helped=True, now=now)
        session.flush()
        rows = [*session.scalars(select(SearchMiss)), *session.scalars(select(PageAnswer))]
        hashes = {row.who_hash for row in rows}
        # Another hash each time: who typed one thing cannot be followed to the other.
        assert len(hashes) == 3
        assert patient not in repr([vars(row) for row in rows])


def test_it_is_forgotten_after_half_a_year(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient = "01-patient"
        readers.found_nothing(session, patient, "hedgehog", now=now)
        readers.answered(session, patient, "self-care/sleep", helped=True, now=now)
        session.flush()
        assert readers.forget(session, now=now + readers.KEPT) == 0
        assert readers.forget(session, now=now + readers.KEPT + timedelta(days=1)) == 2
