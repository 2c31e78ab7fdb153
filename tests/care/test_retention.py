"""What has no more use goes by itself; what must never repeat stays known."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from tests import people as sample
from waiting_room import db
from waiting_room.care import conversations, inbox, retention
from waiting_room.models import Button, InboxUpdate, SignInLink, SignInTry, StaffSession

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
