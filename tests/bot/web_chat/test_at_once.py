"""Two clicks that reach the room in the same moment, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import func, select

from tests import people
from tests.bot.web_chat import site
from tests.bot.web_chat.site import Visitor
from waiting_room import db
from waiting_room.models import Address, Message
from waiting_room.models.address import WEB_CHAT

CLICKS = 6
TOKEN = "a" * 32


def _together(click: Callable[[int], int]) -> list[int]:
    with ThreadPoolExecutor(CLICKS) as hands:
        return list(hands.map(click, range(CLICKS)))


def _count(kind: type[Address] | type[Message]) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


def test_same_words_at_once_are_heard_once(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        people.team(session, now=now)
        people.patient(session, now=now, channel=WEB_CHAT, chat_id=TOKEN)
    with TestClient(site.make()) as web:
        visitor = Visitor(web)
        visitor.hold(TOKEN)
        visitor.get("/chat")
        fields = {**visitor.hidden("/chat/say"), "message": "hello"}

        def click(_: int) -> int:
            return web.post("/chat/say", data=fields, follow_redirects=False).status_code

        assert _together(click) == [303] * CLICKS
    assert _count(Message) == 1


def test_same_numbers_at_once_let_in_once(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        people.team(session, now=now)
    issued = site.invited(now=now)
    with TestClient(site.make()) as web:
        visitor = Visitor(web)
        visitor.get(f"/chat/{issued.token}")
        fields = {**visitor.hidden(f"/chat/{issued.token}"), "pin": issued.pin}

        def click(_: int) -> int:
            path = f"/chat/{issued.token}"
            return web.post(path, data=fields, follow_redirects=False).status_code

        assert _together(click) == [303] * CLICKS
        visitor.get("/chat")
        assert visitor.bubbles == ["Are you 18 or over?"]
    assert _count(Address) == 1
