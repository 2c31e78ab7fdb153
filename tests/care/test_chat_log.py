"""What a chat shows has been said; what came meanwhile, or too late, has not."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from waiting_room import db, outbox
from waiting_room.care import chat_log, conversations
from waiting_room.letters import Letter

SECOND = timedelta(seconds=1)
STRANGER = Letter("conversation/stranger")


def test_what_a_person_has_before_them_was_said_and_what_came_meanwhile_waits(
    room: Path, now: datetime
) -> None:
    with db.write() as session:
        chat = conversations.address(session, "web_chat", "browser", now=now)
        before = outbox.say(session, chat, STRANGER, now=now)
        seen = chat_log.last(session, chat, now=now)
        later = outbox.say(session, chat, STRANGER, now=now + SECOND)
        late = outbox.say(session, chat, STRANGER, now=now, about={"stale_at": now + SECOND})
        chat_log.shown(session, chat, seen, now=now + SECOND)
        session.expire_all()
        states = [before.state, later.state, late.state]
        assert states == [outbox.SENT, outbox.QUEUED, outbox.DROPPED]
        assert late.why == outbox.TOO_LATE
        assert chat.seen_at == now + SECOND
