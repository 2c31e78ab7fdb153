"""The database really refuses: nothing is pretended, nothing typed is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from tests.bot.full_disk import full
from tests.bot.web_chat.site import Visitor
from waiting_room import db
from waiting_room.care.invitations import Issued
from waiting_room.errors import StorageRefused
from waiting_room.models import Message, PageBody

LONG = "It has been a long week. " * 150
DANGER = LONG + "I want to kill myself."


def _really_refuses() -> None:
    with pytest.raises(StorageRefused), db.write() as session:
        session.add(PageBody(digest="x", body="x" * 10_000))


@pytest.mark.parametrize("text", [LONG.strip(), DANGER])
def test_message_that_could_not_be_stored_comes_back_with_the_lines(
    inside: Visitor, text: str
) -> None:
    with full():
        _really_refuses()
        page = inside.post("/chat/say", message=text)
    assert inside.status == 503
    assert "We could not pass this on" in page
    assert "Nobody has seen your message" in page
    assert "116 123" in page
    assert 'href="tel:999"' in page
    assert f"{text}</textarea>" in page
    # The same form works again once there is room.
    inside.post("/chat/say", message=text)
    assert inside.status == 200
    with db.read() as session:
        stored = [row.text for row in session.scalars(select(Message))]
    assert stored.count(text) == 1


def test_script_is_told_plainly(inside: Visitor) -> None:
    fields = {**inside.hidden("/chat/say"), "message": DANGER}
    with full():
        answer = inside.web.post("/chat/say", data=fields, headers={"hx-request": "true"})
    assert answer.status_code == 503
    assert "data-notice" in answer.text
    assert "We could not pass this on" in answer.text


def test_chat_can_still_be_read(inside: Visitor) -> None:
    before = inside.bubbles
    with full():
        inside.get("/chat")
    assert inside.status == 200
    assert inside.bubbles == before


def test_numbers_that_could_not_be_stored_can_be_typed_again(
    visitor: Visitor, issued: Issued, room: Path
) -> None:
    path = f"/chat/{issued.token}"
    form = visitor.get(path)
    with full():
        _really_refuses()
        page = visitor.post(path, pin=DANGER)
    assert visitor.status == 503
    assert "We could not pass this on" in page
    visitor.page = form
    visitor.post(path, pin=issued.pin)
    assert visitor.bubbles[-1] == "Are you 18 or over?"
