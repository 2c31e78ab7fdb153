"""A test goes to every channel; the answer proves the one it went to."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests import people
from waiting_room import db
from waiting_room.care import duty, proofs
from waiting_room.errors import NotFound
from waiting_room.models import LetterRow, Staff, StaffChannel


@pytest.fixture
def sam(room: Path, now: datetime) -> Staff:
    """A worker with mail and Telegram, neither of them proved."""
    with db.write() as session:
        person = people.staff(session, now=now)
        people.channel(session, person, "staff_telegram", "900001", now=now)
        for channel in duty.channels_of(session, person.id):
            channel.proved_at = None
        return person


def send(person: Staff, now: datetime) -> dict[str, LetterRow]:
    """The test letters by channel."""
    with db.write() as session:
        return {letter.channel: letter for letter in proofs.send_test(session, person.id, now=now)}


def token_of(letter: LetterRow) -> str:
    """The token its link ends with."""
    return str(letter.values["link"]).removeprefix("/desk/me/proof/")


def test_each_channel_is_sent_its_own_test_without_a_name(sam: Staff, now: datetime) -> None:
    letters = send(sam, now)
    assert set(letters) == {"email", "staff_telegram"}
    assert letters["email"].page == "staff/test-alert-mail"
    assert letters["staff_telegram"].page == "staff/test-alert"
    assert token_of(letters["email"]) != token_of(letters["staff_telegram"])
    assert "Sample" not in str([letter.values for letter in letters.values()])


def test_telegram_has_a_button_that_fits_its_64_bytes(sam: Staff, now: datetime) -> None:
    letters = send(sam, now)
    ((button,),) = letters["staff_telegram"].choices["rows"]
    assert button["token"] == f"works:{token_of(letters['staff_telegram'])}"
    assert len(button["token"].encode()) <= 64
    assert letters["email"].choices["rows"] == []


def test_an_answer_proves_that_channel_only(sam: Staff, now: datetime) -> None:
    token = token_of(send(sam, now)["email"])
    with db.write() as session:
        proofs.confirm(session, sam.id, token, now=now)
    with db.read() as session:
        proved = {c.kind: c.proved_at for c in duty.channels_of(session, sam.id)}
    assert proved == {"email": now, "staff_telegram": None}


def test_an_answer_wakes_a_dead_channel(sam: Staff, now: datetime) -> None:
    with db.write() as session:
        dead = duty.channels_of(session, sam.id)[0]
        duty.bury(session, dead.id, "blocked", now=now)
    token = token_of(send(sam, now)[dead.kind])
    with db.write() as session:
        proofs.confirm(session, sam.id, token, now=now)
        found = session.get_one(StaffChannel, dead.id)
        assert (found.dead_at, found.dead_why, found.proved_at) == (None, "", now)


def test_a_test_counts_for_a_day_and_for_nobody_else(sam: Staff, now: datetime) -> None:
    token = token_of(send(sam, now)["email"])
    with pytest.raises(NotFound), db.write() as session:
        proofs.confirm(session, sam.id, token, now=now + timedelta(hours=24))
    with pytest.raises(NotFound), db.write() as session:
        proofs.confirm(session, "somebody else", token, now=now)
    with pytest.raises(NotFound), db.write() as session:
        proofs.confirm(session, sam.id, "guessed", now=now)
