"""A chat: whose it is, what was said there, and which button means what."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from tests import people as sample
from waiting_room import db
from waiting_room.care import conversations
from waiting_room.care.conversations import Said
from waiting_room.models import Button

DAY = timedelta(days=1)

CHAT = "7234567890"


def test_a_chat_is_known_by_its_hash_and_made_once(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        first = conversations.address(session, "telegram", CHAT, now=now, language="pl")
        assert conversations.address(session, "telegram", CHAT, now=now) is first
        assert conversations.address(session, "web_chat", CHAT, now=now) is not first
        assert (first.chat_id, first.language) == (CHAT, "pl")
        assert CHAT not in first.chat_hash
        assert conversations.address_known(session, "telegram", "456") is None


def test_a_chat_whose_key_was_lost_can_still_be_answered(room: Path, now: datetime) -> None:
    with db.write() as session:
        chat = conversations.address(session, "telegram", CHAT, now=now)
        chat.chat_id = None
        session.flush()
        assert conversations.address(session, "telegram", CHAT, now=now) is chat
        assert chat.chat_id == CHAT


def test_a_browsers_token_is_not_kept(room: Path, now: datetime) -> None:
    with db.write() as session:
        chat = conversations.address(session, "web_chat", "secret-token", now=now)
        assert chat.chat_id is None
        assert conversations.patient_of(session, chat) is None


def test_the_place_remembers_what_it_needs_and_forgets_it(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, chat = sample.patient(session, now=now)
        assert conversations.patient_of(session, chat) is patient
        conversations.go(chat, "talk", {"draft": "Hello"})
        assert (chat.place, chat.carried) == ("talk", {"draft": "Hello"})
        conversations.go(chat, "home")
        assert (chat.place, chat.carried) == ("home", None)


def test_what_was_said_is_kept_with_when_and_where(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, chat = sample.patient(session, now=now)
        words = Said("text", "Dzień dobry", "77", now - DAY, {"edited": True})
        message = conversations.said(session, chat, words, now=now)
        assert (message.text, message.place, message.patient_id) == (
            "Dzień dobry",
            "home",
            patient.id,
        )
        assert (message.told_at, message.at, chat.heard_at) == (now - DAY, now, now)
        assert message.details == {"edited": True}
        assert conversations.heard_before(session, chat, "77", "text")
        assert not conversations.heard_before(session, chat, "77", "voice")
        assert not conversations.heard_before(session, chat, "78", "text")


def test_a_button_works_in_its_own_chat_for_thirty_days(room: Path, now: datetime) -> None:
    with db.write() as session:
        chat = conversations.address(session, "telegram", "1", now=now)
        other = conversations.address(session, "telegram", "2", now=now)
        button = Button(id="token", address_id=chat.id, value="home.show", made_at=now)
        session.add(button)
        session.flush()
        assert conversations.press(session, other, "token", now=now) is None
        assert conversations.press(session, chat, "hand-made", now=now) is None
        assert conversations.press(session, chat, "token", now=now) == "home.show"
        assert conversations.press(session, chat, "token", now=now + 30 * DAY) == "home.show"
        assert button.used_at == now
        assert conversations.press(session, chat, "token", now=now + 31 * DAY) is None


def test_an_address_dies_once_and_lives_again_when_heard(room: Path, now: datetime) -> None:
    with db.write() as session:
        chat = conversations.address(session, "telegram", "1", now=now)
        conversations.bury(chat, "blocked " * 20, now=now)
        conversations.bury(chat, "deactivated", now=now + DAY)
        assert (chat.dead_at, chat.dead_why) == (now, "deactivated")
        conversations.revive(chat)
        assert (chat.dead_at, chat.dead_why) == (None, "")
