"""What has no more use goes by itself; what must never repeat stays known."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import conversation
from bot.turn import Heard, Kind
from scheduler import ticks
from tests import people as sample
from waiting_room import db, keyring
from waiting_room.care import alerts, conversations, inbox, retention
from waiting_room.models import (
    Address,
    Alert,
    Button,
    InboxUpdate,
    LetterRow,
    Message,
    SignInLink,
    SignInTry,
    StaffSession,
)
from waiting_room.models.address import TELEGRAM

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def test_a_body_goes_a_week_after_its_effect_and_its_number_stays(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        rows = [inbox.row("patients", n, b"{}", chat_hash="c", now=now) for n in (1, 2)]
        inbox.keep(session, rows, now=now)
        inbox.done(session, [rows[0].id], now=now)
    with db.write() as session:
        week = now + retention.INBOX_BODIES
        assert retention.retire(session, now=week, wall=week) == 0
        assert retention.retire(session, now=week + HOUR, wall=week) == 1
        assert retention.retire(session, now=week + HOUR, wall=week) == 0
        kept = session.scalars(select(InboxUpdate).order_by(InboxUpdate.update_id)).all()
        assert [(row.update_id, row.body) for row in kept] == [(1, None), (2, "{}")]


def test_old_buttons_tries_links_and_sessions_go(any_room: Path, now: datetime) -> None:
    long_ago = now - 60 * DAY
    with db.write() as session:
        worker = sample.staff(session, now=now)
        chat = conversations.address(session, "telegram", "1", now=now)
        for n, at in enumerate((long_ago, now)):
            whose = {"staff_id": worker.id, "token_hash": str(n)}
            session.add(Button(id=f"t{n}", address_id=chat.id, value="home.show", made_at=at))
            session.add(SignInTry(who="x", at=at))
            session.add(SignInLink(**whose, purpose="sign in", expires_at=at))
            session.add(StaffSession(**whose, made_at=at, seen_at=at))
    with db.write() as session:
        assert retention.retire(session, now=now, wall=now) == 4
        for kind in (Button, SignInTry, SignInLink, StaffSession):
            assert len(session.scalars(select(kind)).all()) == 1


def _stranger(session: Session, chat_id: str, words: str, *, at: datetime) -> Address:
    """Somebody we do not know wrote these words and was answered."""
    chat = conversations.address(session, "telegram", chat_id, now=at)
    row = inbox.row("patients", int(chat_id), b"{}", chat_hash=chat.chat_hash, now=at)
    inbox.keep(session, [row], now=at)
    inbox.done(session, [row.id], now=at)
    heard = Heard(TELEGRAM, chat_id, Kind.TEXT, at, message_id="1", text=words)
    conversation.receive(session, heard, now=at)
    return chat


def _forget(now: datetime) -> int:
    with db.write() as session:
        return retention.forget_strangers(session, now=now)


def _left_of(chat: Address) -> list[object]:
    with db.read() as session:
        found: list[object] = list(session.scalars(select(Address).where(Address.id == chat.id)))
        for kind in (Message, LetterRow, Button):
            found += session.scalars(select(kind).where(kind.address_id == chat.id))
        return found + list(
            session.scalars(select(InboxUpdate).where(InboxUpdate.chat_hash == chat.chat_hash))
        )


def test_a_stranger_goes_whole_after_thirty_silent_days(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        chat = _stranger(session, "71", "what is this?", at=now)
        _, known = sample.patient(session, now=now, chat_id="72")
    sealed = keyring.current().seal(chat.sealed_for, b"words", bound_to="x")
    assert len(_left_of(chat)) >= 4
    assert _forget(now + retention.STRANGERS) == 0
    assert _forget(now + retention.STRANGERS + HOUR) == 1
    assert _forget(now + retention.STRANGERS + HOUR) == 0
    assert _left_of(chat) == []
    assert keyring.current().unseal(chat.sealed_for, sealed, bound_to="x") is None
    assert _left_of(known) != []


def test_a_stranger_who_comes_back_is_answered_with_the_lines(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        _stranger(session, "71", "what is this?", at=now)
    later = now + retention.STRANGERS + HOUR
    assert _forget(later) == 1
    with db.write() as session:
        back = _stranger(session, "71", "I want to kill myself", at=later)
        letters = session.scalars(select(LetterRow).where(LetterRow.address_id == back.id)).all()
        assert any(row.page.startswith("crisis/") and row.place == "71" for row in letters)
        assert session.scalars(select(Alert.address_id)).all() == [back.id]


def test_an_open_alert_keeps_a_stranger_until_a_person_closed_it(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        team = sample.team(session, now=now)
        chat = _stranger(session, "71", "I want to kill myself", at=now)
    later = now + 60 * DAY
    assert _forget(later) == 0
    with db.write() as session:
        alert = session.scalars(select(Alert)).one()
        (said,) = session.scalars(select(Message))
        assert said.text == "I want to kill myself"
        alerts.close(session, alert, "done", by=team["lead"], now=later)
    assert _forget(later) == 1
    assert _left_of(chat) == []
    with db.read() as session:
        assert session.scalars(select(Alert.address_id)).all() == [None]


def test_what_was_not_heard_yet_keeps_a_stranger(any_room: Path, now: datetime) -> None:
    later = now + 60 * DAY
    with db.write() as session:
        chat = _stranger(session, "71", "hello", at=now)
        waits = inbox.row("patients", 99, b"{}", chat_hash=chat.chat_hash, now=now)
        inbox.keep(session, [waits], now=now)
    assert _forget(later) == 0
    with db.write() as session:
        inbox.done(session, [waits.id], now=later)
    assert _forget(later) == 1


def test_a_flood_of_strangers_goes_in_small_pieces(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        for number in range(5):
            _stranger(session, str(710 + number), "hello", at=now)
    later = now + 60 * DAY
    with db.write() as session:
        assert retention.forget_strangers(session, now=later, limit=3) == 3
    assert ticks.retire(later) >= 2
    assert _forget(later) == 0
