"""The demo keeps its promise: two days later, somebody's silence has been noticed."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from scheduler import app
from waiting_room import db, settings
from waiting_room.cli import sample
from waiting_room.models import Alert


def test_two_days_later_silence_is_noticed_and_the_ladder_has_climbed(
    room: Path, now: datetime
) -> None:
    with db.write() as session:
        sample.fill(session, now=now)
    chosen = settings.load(env="development", data=room)
    for hours in range(1, 49):
        app.turn(chosen, now + timedelta(hours=hours))
    with db.read() as session:
        alerts = session.scalars(select(Alert)).all()
    assert {alert.kind for alert in alerts} >= {"silence", "life", "check-in: not-great"}
    # What nobody read in time calls somebody only at the end of the second day.
    first_day = [alert for alert in alerts if alert.raised_at < now + timedelta(days=1)]
    assert {alert.colour for alert in first_day} == {"amber", "red"}
    assert all(alert.rounds for alert in first_day)
