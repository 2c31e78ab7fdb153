"""Somebody with Telegram who sends what nobody expects: raw updates through the real door."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot import hearing, inbox
from tests.bot.raw_updates import ALEX, message, update
from waiting_room import db
from waiting_room.care import conversations, invitations
from waiting_room.models import Address, Alert, LetterRow, Message

SAID: list[str] = []
"""Every word and number that came in during a test: none of it may stand in a log."""
_numbers = itertools.count(50_001)


class Person:
    """One Telegram account. What it sends is stored and worked on before the next line runs."""

    def __init__(self, now: datetime, chat: int = ALEX) -> None:
        self.now, self.chat = now, chat
        SAID.append(str(chat))

    def says(self, text: str, **more: Any) -> list[LetterRow]:
        """A typed message; returns what was queued for this chat."""
        return self.sends(text=text, **more)

    def sends(self, **content: Any) -> list[LetterRow]:
        """A message of any kind."""
        SAID.extend(v for v in content.values() if isinstance(v, str) and len(v) > 3)
        return self._through(message(next(_numbers), chat=self.chat, **{"at": self.now, **content}))

    def edits(self, text: str) -> list[LetterRow]:
        """A message that was changed."""
        SAID.append(text)
        number = next(_numbers)
        body = {"message_id": 5, "chat": {"id": self.chat, "type": "private"}, "text": text}
        times = {"date": int(self.now.timestamp()), "edit_date": int(self.now.timestamp())}
        return self._through(update(number, edited_message=body | times))

    def presses(self, token: str) -> list[LetterRow]:
        """A button's data, as a phone sends them or as somebody made them up."""
        number = next(_numbers)
        chat = {"chat": {"id": self.chat, "type": "private"}, "message_id": 6}
        sender = {"id": self.chat, "is_bot": False, "first_name": "Sample"}
        query = {"id": str(number), "from": sender, "message": chat, "data": token}
        return self._through(update(number, callback_query=query))

    def button(self, label: str) -> str:
        """The token behind the newest button with this label."""
        for row in reversed(self.letters()):
            wires = [wire for line in row.choices["rows"] for wire in line]
            for wire in wires:
                if wire["label"] == label and wire["token"]:
                    return str(wire["token"])
        raise AssertionError(f"no button {label!r}")

    def letters(self) -> list[LetterRow]:
        """Everything ever queued for this chat, oldest first."""
        with db.read() as session:
            mine = select(LetterRow).join(Address, LetterRow.address_id == Address.id)
            here = Address.chat_hash == conversations.chat_hash("telegram", str(self.chat))
            return list(session.scalars(mine.where(here).order_by(LetterRow.id)))

    def heard(self) -> list[Message]:
        """Everything this chat said, as it is kept."""
        with db.read() as session:
            hashed = conversations.chat_hash("telegram", str(self.chat))
            mine = select(Message).where(Message.chat_hash == hashed)
            return list(session.scalars(mine.order_by(Message.id)))

    def address(self) -> Address | None:
        """This chat as the room knows it."""
        with db.read() as session:
            return conversations.address_known(session, "telegram", str(self.chat))

    def comes_in(self, issued: invitations.Issued) -> None:
        """By link and PIN, and yes to everything."""
        for words in (f"/start {issued.token}", issued.pin, "I am 18 or over", "Continue"):
            self.says(words)
            self.now += timedelta(seconds=4)
        for words in (*["Yes"] * 5, "Every week"):
            self.says(words)
            self.now += timedelta(seconds=4)

    def _through(self, raw: bytes) -> list[LetterRow]:
        before = {row.id for row in self.letters()}
        assert inbox.store("patients", [raw], next_offset=None, now=self.now) == 1
        assert hearing.work_once(now=self.now) == 1
        return [row for row in self.letters() if row.id not in before]


def pages(rows: Sequence[LetterRow]) -> list[str]:
    """Which pages these letters are."""
    return [row.page for row in rows]


def open_alerts() -> list[Alert]:
    """Every alert there is."""
    with db.read() as session:
        return list(session.scalars(select(Alert).order_by(Alert.id)))


def count(kind: type[Any], where: Callable[[Any], bool] = lambda row: True) -> int:
    """How many rows there are of a table."""
    with db.read() as session:
        return sum(where(row) for row in session.scalars(select(kind)))
