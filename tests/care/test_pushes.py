"""Unasked words wait behind "You have a message" until the person is there."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import people
from waiting_room import db, outbox
from waiting_room.care import messages, pushes
from waiting_room.letters import Letter
from waiting_room.models import Address, LetterRow, Patient, Staff

SECRET = Letter("conversation/from-worker", {"worker": "Sam", "text": "About the sample debt"})


def alex(session: Session, now: datetime, **changes: object) -> tuple[Patient, Address, Staff]:
    team = people.team(session, now=now)
    person, address = people.patient(session, now=now, worker=team["worker"], **changes)  # type: ignore[arg-type]
    address.heard_at = now - timedelta(days=1)
    return person, address, team["worker"]


def states(session: Session) -> dict[str, str]:
    rows = session.scalars(select(LetterRow).where(LetterRow.patient_id.is_not(None)))
    return {row.page: row.state for row in rows}


def test_a_reply_to_a_phone_on_the_table_is_held_and_announced(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        person, _, worker = alex(session, now)
        messages.reply(session, person, "About the sample debt", by=worker, now=now)
        assert states(session) == {
            "conversation/from-worker": outbox.HELD,
            pushes.ANNOUNCEMENT: outbox.QUEUED,
        }


def test_two_held_letters_are_announced_once(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        _, address, _ = alex(session, now)
        pushes.push(session, address, SECRET, now=now)
        pushes.push(session, address, SECRET, now=now)
        rows = session.scalars(select(LetterRow).where(LetterRow.page == pushes.ANNOUNCEMENT)).all()
        assert len(rows) == 1


def test_whatever_the_person_says_next_brings_the_words(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        _, address, _ = alex(session, now)
        pushes.push(session, address, SECRET, now=now)
        assert pushes.release(session, address, now=now + timedelta(hours=2)) == 1
        assert pushes.release(session, address, now=now + timedelta(hours=2)) == 0
        assert states(session)[SECRET.page] == outbox.QUEUED


def test_what_has_lost_its_sense_is_dropped_and_not_shown(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        _, address, _ = alex(session, now)
        about = {"stale_at": now + timedelta(hours=1)}
        pushes.push(session, address, SECRET, now=now, about=about)
        assert pushes.release(session, address, now=now + timedelta(hours=2)) == 0
        assert states(session)[SECRET.page] == outbox.DROPPED


def test_words_may_show_once_the_person_says_so(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        person, address, _ = alex(session, now)
        person.lock_screen_words = True
        row = pushes.push(session, address, SECRET, now=now)
        assert row is not None and row.state == outbox.QUEUED


def test_somebody_who_is_writing_just_now_needs_no_announcement(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        _, address, _ = alex(session, now)
        address.heard_at = now - timedelta(seconds=30)
        row = pushes.push(session, address, SECRET, now=now)
        assert row is not None and row.state == outbox.QUEUED


def test_the_web_chat_shows_nothing_by_itself(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        _, address, _ = alex(session, now, channel="web_chat", chat_id="browser")
        row = pushes.push(session, address, SECRET, now=now)
        assert row is not None and row.state == outbox.QUEUED


@pytest.mark.parametrize("channel", ["telegram", "web_chat"])
def test_nothing_unasked_nor_its_bell_goes_where_it_is_not_safe(
    any_room: Path, now: datetime, channel: str
) -> None:
    with db.write() as session:
        person, address, _ = alex(session, now, channel=channel, safe_to_message=False)
        person.lock_screen_words = True
        assert pushes.push(session, address, SECRET, now=now) is None
        assert states(session) == {}
        person.safe_to_message = True
        assert pushes.push(session, address, SECRET, now=now) is not None
