"""What the desk says about copies, and what somebody decides after a restore."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.web.conftest import COOKIE, Browser, seat
from tests.web.desk.conftest import Person
from tests.web.desk.test_live import _sign_in
from waiting_room import beats, clock, db, outbox
from waiting_room.care import aftermath, conversations, pushes
from waiting_room.letters import Letter
from waiting_room.models import LetterRow, Patient, Staff
from waiting_room.models.staff import ADMINISTRATOR

DAY = timedelta(days=1)


def mark(**moments: datetime) -> None:
    with db.write() as session:
        for name, at in moments.items():
            beats.mark(session, name.replace("_", " "), at)


def held_letter(patient: Patient, now: datetime) -> str:
    """A letter that waited when the copy was made; the room was restored since."""
    with db.write() as session:
        chat = conversations.address(session, "telegram", f"chat of {patient.name}", now=now)
        letter = outbox.say(session, chat, Letter("conversation/goodbye"), now=now)
        aftermath.hold_letters(session, now=now)
        return letter.id


def restored(now: datetime, browser: Browser | None = None, staff: Staff | None = None) -> None:
    """The room was put back; whoever this is signs in anew, as everybody does."""
    with db.write() as session:
        aftermath.settle(session, lost_since=now - DAY, now=now)
    if browser is not None and staff is not None:
        assert browser.get("/desk").status_code == 303
        browser.client.cookies.clear()
        browser.client.cookies.set(COOKIE, _sign_in(staff), domain="room.example", path="/")


def state_of(letter_id: str) -> str:
    with db.read() as session:
        return session.get_one(LetterRow, letter_id).state


def test_whoever_can_see_to_it_is_told_that_no_copies_are_made(
    browser: Browser, ready: None
) -> None:
    seat(browser, "Sample Robin", role=ADMINISTRATOR)
    assert "No copies are made of this room." in browser.get("/desk").text
    wall = clock.wall()
    mark(backup=wall - 2 * DAY)
    assert "The last copy of this room is from" in browser.get("/desk").text
    mark(backup=wall - timedelta(hours=1), backup_failed=wall)
    assert "The last try to copy this room failed." in browser.get("/desk").text
    mark(backup=wall)
    page = browser.get("/desk").text
    assert "copy" not in page and "copies" not in page


def test_a_case_worker_is_not_bothered_with_it(browser: Browser, sam: Staff) -> None:
    assert "No copies" not in browser.get("/desk").text


def test_everybody_is_told_which_time_was_lost_until_somebody_saw_to_it(
    browser: Browser, sam: Staff, person: Person, now: datetime
) -> None:
    held_letter(person("Sample Alex", sam), now)
    restored(now, browser, sam)
    page = browser.get("/desk").text
    assert "What was said from yesterday 10am until 10am is lost" in page
    assert "This room was restored from a copy" in page and "1 letter to look through" in page


@pytest.mark.parametrize(("what", "state"), [("send", outbox.QUEUED), ("drop", outbox.DROPPED)])
def test_somebody_decides_about_a_held_letter(
    browser: Browser, sam: Staff, person: Person, now: datetime, what: str, state: str
) -> None:
    letter = held_letter(person("Sample Alex", sam), now)
    page = browser.get("/desk/held").text
    assert "Sample Alex" in page and f"/desk/held/{letter}" in page
    assert browser.send(f"/desk/held/{letter}", what=what).status_code == 303
    assert state_of(letter) == state
    assert "Nothing is held back." in browser.get("/desk/held").text
    assert browser.send(f"/desk/held/{letter}", what=what).status_code == 404


def test_nobody_decides_about_letters_to_people_they_do_not_see(
    browser: Browser, sam: Staff, kim: tuple[Browser, Staff], person: Person, now: datetime
) -> None:
    letter = held_letter(person("Sample Bo", kim[1]), now)
    assert "Sample Bo" not in browser.get("/desk/held").text
    assert browser.send(f"/desk/held/{letter}", what="send").status_code == 404
    assert state_of(letter) == outbox.HELD


def test_a_word_of_the_person_does_not_let_it_go(
    room: Path, sam: Staff, person: Person, now: datetime
) -> None:
    letter = held_letter(person("Sample Alex", sam), now)
    with db.write() as session:
        chat = conversations.address_known(session, "telegram", "chat of Sample Alex")
        assert chat is not None
        assert pushes.release(session, chat, now=now) == 0
    assert state_of(letter) == outbox.HELD
