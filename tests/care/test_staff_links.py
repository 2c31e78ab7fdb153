"""A short code ties a Telegram chat to a worker."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests import people
from waiting_room import db
from waiting_room.care import duty, staff, staff_links
from waiting_room.errors import NotFound
from waiting_room.models import Staff, StaffChannel

CHAT = "900001"


@pytest.fixture
def sam(room: Path, now: datetime) -> Staff:
    """A worker with mail only."""
    with db.write() as session:
        return people.staff(session, now=now)


def issue(person: Staff, now: datetime) -> str:
    """A fresh code."""
    with db.write() as session:
        return staff_links.issue_code(session, person, now=now)


def redeem(code: str, now: datetime, *, chat: str = CHAT) -> StaffChannel:
    """Type the code in a chat."""
    with db.write() as session:
        return staff_links.redeem(session, code, chat, now=now)


def test_the_chat_becomes_a_proved_channel(sam: Staff, now: datetime) -> None:
    channel = redeem(issue(sam, now), now)
    assert (channel.staff_id, channel.kind, channel.place) == (sam.id, "staff_telegram", CHAT)
    assert channel.proved_at == now
    with db.read() as session:
        found = staff_links.person_of(session, CHAT)
        assert found is not None and found.id == sam.id
        assert staff_links.person_of(session, "900002") is None


def test_small_letters_and_blanks_are_no_matter(sam: Staff, now: datetime) -> None:
    code = issue(sam, now)
    assert redeem(f" {code[:4].lower()} {code[4:]}\n", now)


def test_a_code_works_once_for_ten_minutes_and_ends_the_older(sam: Staff, now: datetime) -> None:
    older, code = issue(sam, now), issue(sam, now)
    for wrong, when in ((older, now), (code, now + timedelta(minutes=10)), ("", now)):
        with pytest.raises(NotFound):
            redeem(wrong, when)
    redeem(code, now + timedelta(minutes=9))
    with pytest.raises(NotFound):
        redeem(code, now + timedelta(minutes=9))


def test_one_person_has_one_chat_and_one_chat_one_person(sam: Staff, now: datetime) -> None:
    redeem(issue(sam, now), now)
    redeem(issue(sam, now), now, chat="900002")
    with db.read() as session:
        assert staff_links.person_of(session, CHAT) is None
        assert [c.place for c in duty.channels_of(session, sam.id)] == ["sam@example.org", "900002"]
    with db.write() as session:
        kim = people.staff(session, "Sample Kim", now=now)
    redeem(issue(kim, now), now, chat="900002")
    with db.read() as session:
        found = staff_links.person_of(session, "900002")
        assert found is not None and found.id == kim.id
    redeem(issue(sam, now), now, chat="900002")
    with db.read() as session:
        living = duty.channels_of(session, sam.id)
        assert [c.place for c in living] == ["sam@example.org", "900002"]


def test_a_disabled_person_links_nothing(sam: Staff, now: datetime) -> None:
    code = issue(sam, now)
    with db.write() as session:
        staff.disable(session, sam, by="test", now=now, wall=now)
    with pytest.raises(NotFound):
        redeem(code, now)
