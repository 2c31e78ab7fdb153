"""Say, don't send: a letter is a row of the transaction that caused it, and leaves in its turn."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import people as sample
from waiting_room import bell, db, library, outbox, sending
from waiting_room.care import conversations
from waiting_room.letters import Choice, Letter, Priority, one_each
from waiting_room.models import Address, Button, LetterRow
from waiting_room.sending import Due

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
WALL = datetime(2027, 1, 1, tzinfo=UTC)
STRANGER = Letter("conversation/stranger")


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The bells that rang."""
    heard: list[str] = []
    monkeypatch.setattr(bell, "ring", heard.append)
    yield heard


def _chat(session: Session, now: datetime, channel: str = "telegram") -> Address:
    return conversations.address(session, channel, "123", now=now)


def _letters(session: Session) -> list[LetterRow]:
    session.flush()
    return list(session.scalars(select(LetterRow).order_by(LetterRow.id)))


def _claim(session: Session, now: datetime, **changes: object) -> list[sending.Parcel]:
    due = Due(**{"channel": "telegram", "now": now, "wall": WALL} | changes)
    return sending.claim(session, due)


def test_a_letter_is_stored_with_its_cause_or_not_at_all(
    any_room: Path, now: datetime, rung: list[str]
) -> None:
    with pytest.raises(RuntimeError), db.write() as session:
        outbox.say(session, _chat(session, now), STRANGER, now=now)
        raise RuntimeError("the cause failed")
    with db.read() as session:
        assert _letters(session) == []
    assert rung == []
    with db.write() as session:
        outbox.say(session, _chat(session, now), STRANGER, now=now)
        assert rung == []  # nobody is woken for what is not stored yet
    assert rung == [bell.LETTERS]


def test_a_letter_keeps_the_exact_words(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, chat = sample.patient(session, now=now)
        letter = Letter("conversation/from-worker", {"worker": "Sample Sam", "text": "Hello"})
        row = outbox.say(session, chat, letter, now=now)
        page = library.page("conversation/from-worker")
        assert (row.page, row.digest, row.language) == (page.key, page.digest, "en")
        assert row.values == {"worker": "Sample Sam", "text": "Hello"}
        assert (row.state, row.patient_id, row.place) == (outbox.QUEUED, patient.id, "7234567890")
        assert b"Hello" not in (row.values_sealed or b"")


def test_a_button_says_nothing_on_the_wire(room: Path, now: datetime) -> None:
    choices = one_each(
        Choice("sleep", "self_care.read:sleep", text="Sleep"),
        Choice("", text="Samaritans", url="tel:116123"),
    )
    with db.write() as session:
        row = outbox.say(
            session, _chat(session, now), Letter("conversation/home", {}, choices), now=now
        )
        (press,), (link,) = row.choices["rows"]
        assert press["label"] == "Sleep" and "sleep" not in press["token"]
        assert session.get_one(Button, press["token"]).value == "self_care.read:sleep"
        assert link == {"label": "Samaritans", "token": "", "url": "tel:116123"}


def test_large_keys_are_known_by_their_label(room: Path, now: datetime) -> None:
    choices = one_each(Choice("help_now", "help_now.show"), Choice("menu", "home.show"))
    with db.write() as session:
        chat = _chat(session, now)
        letter = Letter("conversation/home", {}, choices, keys="menu")
        row = outbox.say(session, chat, letter, now=now)
        assert chat.keys == {"help now": "help_now.show", "menu": "home.show"}
        assert [wire["token"] for (wire,) in row.choices["rows"]] == ["", ""]
        assert session.scalars(select(Button)).all() == []


def test_the_same_letter_twice_is_said_once_and_loses_nothing_else(
    any_room: Path, now: datetime
) -> None:
    about = {"dedupe": "ask:1"}
    with db.write() as session:
        first = outbox.say(session, _chat(session, now), STRANGER, now=now, about=about)
    with db.write() as session:
        again = outbox.say(session, _chat(session, now), STRANGER, now=now, about=about)
        other = outbox.say(session, _chat(session, now), STRANGER, now=now)
        assert (again.id, again.state) == (first.id, "queued")
    with db.read() as session:
        assert [row.id for row in _letters(session)] == [first.id, other.id]


def test_of_two_who_say_the_same_at_once_one_is_heard(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        _chat(session, now)
    both = threading.Barrier(2, timeout=5)

    def say(number: int) -> str:
        with db.write() if db.current().is_sqlite else _together(both) as session:
            about = {"dedupe": "ask:1"}
            return outbox.say(session, _chat(session, now), STRANGER, now=now, about=about).id

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(say, range(2))
    assert first == second
    with db.read() as session:
        assert [row.id for row in _letters(session)] == [first]


@contextmanager
def _together(both: threading.Barrier) -> Iterator[Session]:
    """A transaction that has looked, and found nothing, when the other one has."""
    with db.write() as session:
        _letters(session)
        both.wait()
        yield session


def test_letters_of_one_breath_leave_as_they_were_written(room: Path, now: datetime) -> None:
    with db.write() as session:
        chats = [conversations.address(session, "telegram", str(n), now=now) for n in range(20)]
        rows = [outbox.say(session, chat, STRANGER, now=now).id for chat in chats]
        assert [parcel.letter_id for parcel in _claim(session, now)] == rows


def test_what_is_not_due_or_of_another_channel_waits(room: Path, now: datetime) -> None:
    with db.write() as session:
        outbox.say(session, _chat(session, now), STRANGER, now=now + SECOND)
        outbox.say(session, _chat(session, now, "web_chat"), STRANGER, now=now)
        assert _claim(session, now) == []
        assert len(_claim(session, now + SECOND)) == 1
        assert not sending.waiting(session, Due("telegram", now + DAY, WALL))


def test_when_only_crisis_may_leave_the_rest_waits(room: Path, now: datetime) -> None:
    with db.write() as session:
        chat = _chat(session, now)
        outbox.say(session, chat, STRANGER, now=now)
        crisis = Letter("conversation/stranger", priority=Priority.CRISIS)
        row = outbox.say(session, chat, crisis, now=now)
        assert [p.letter_id for p in _claim(session, now, only_crisis=True)] == [row.id]


def test_stop_drops_routine_letters_in_the_same_breath(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, chat = sample.patient(session, now=now)
        for priority in Priority:
            outbox.say(session, chat, Letter("conversation/stranger", priority=priority), now=now)
        held = outbox.say(
            session, chat, Letter("conversation/stranger", priority=Priority.CHECK_IN), now=now
        )
        held.state = outbox.HELD
        assert outbox.drop_for(session, patient.id, why="stopped", now=now) == 3
        left = [row.priority for row in _letters(session) if row.state == outbox.QUEUED]
        assert left == [Priority.CRISIS, Priority.REPLY]
        # Even in silence after a death a crisis letter is not dropped.
        dropped = outbox.drop_for(session, patient.id, why="died", now=now, least=Priority.CRISIS)
        assert dropped == 1


def test_whether_it_was_just_said(room: Path, now: datetime) -> None:
    with db.write() as session:
        chat = _chat(session, now)
        outbox.say(session, chat, STRANGER, now=now)
        page = STRANGER.page
        assert outbox.just_said(session, chat, page, since=now - SECOND)
        assert not outbox.just_said(session, chat, page, since=now)
        assert not outbox.just_said(session, chat, "conversation/home", since=now - SECOND)


def test_a_line_to_an_account_that_belongs_to_nobody(room: Path, now: datetime) -> None:
    with db.write() as session:
        row = outbox.tell(session, "7001", Letter("staff/not-linked"), now=now)
        assert (row.channel, row.place, row.staff_id) == ("staff_telegram", "7001", None)
        (parcel,) = _claim(session, now, channel="staff_telegram")
        assert (parcel.place, parcel.choices, parcel.keys) == ("7001", [], "")


def test_a_knock_is_a_mail_about_a_page(room: Path, now: datetime) -> None:
    with db.write() as session:
        _, chat = sample.patient(session, now=now, channel="web_chat", chat_id="token")
        row = outbox.knock(session, chat, "alex@example.org", link="/chat", now=now)
        assert (row.channel, row.place, row.values) == (
            "email",
            "alex@example.org",
            {"link": "/chat"},
        )
