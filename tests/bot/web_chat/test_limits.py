"""How fast one may write; and that words of danger are never too fast."""

from __future__ import annotations

from sqlalchemy import func, select

from tests.bot.web_chat.site import Visitor
from waiting_room import db
from waiting_room.models import Alert, Message


def _stored() -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(Message)) or 0


def test_who_writes_too_fast_is_asked_to_wait_and_keeps_the_words(inside: Visitor) -> None:
    hidden = inside.hidden("/chat/say")
    for number in range(40):
        data = {**hidden, "message": f"line {number}"}
        answer = inside.web.post("/chat/say", data=data, follow_redirects=False)
    assert answer.status_code == 429
    assert "Please wait a minute" in answer.text
    assert "line 39</textarea>" in answer.text
    assert "116 123" in answer.text
    before = _stored()
    danger = {**hidden, "message": "I want to die"}
    answer = inside.web.post("/chat/say", data=danger)
    assert answer.status_code == 200
    assert "Thank you for telling us" in answer.text
    assert _stored() == before + 1


def test_a_hundred_cries_are_all_stored_and_answered_once(inside: Visitor) -> None:
    hidden, before = inside.hidden("/chat/say"), _stored()
    for number in range(100):
        data = {**hidden, "message": f"{number} I want to die"}
        inside.web.post("/chat/say", data=data, follow_redirects=False)
    assert _stored() == before + 100
    inside.get("/chat")
    assert sum("Thank you for telling us" in words for words in inside.bubbles) <= 1
    with db.read() as session:
        assert len(session.scalars(select(Alert)).all()) == 1
