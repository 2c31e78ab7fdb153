"""Once a day alerts are shown to work, end to end: raised, climbed, sent, taken, closed.

A drill is nobody's: it stands in no list, no count and no report, and calls no person. What does
not work within ten minutes calls the duty lead, by every channel they have.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room import outbox
from waiting_room.care import alerts, duty, hours, ladder, providers
from waiting_room.care.colours import Colour
from waiting_room.letters import Letter, Priority
from waiting_room.models import Alert, LetterRow
from waiting_room.models.alert import DRILL

log = logging.getLogger(__name__)
WITHIN = timedelta(minutes=10)
PAGE = "staff/drill"


def start_today(session: Session, places: Mapping[str, str], *, hour: int, now: datetime) -> bool:
    """Raise today's drill if its hour has come and somebody could act on it; True when raised.
    `places` says for each channel where its letter goes."""
    here = providers.here(session)
    local = hours.local(now, here.time_zone)
    someone = providers.is_staffed(here, now=now) or duty.on_rung(
        session, duty.ON_CALL, None, now=now
    )
    marks = {channel: f"drill:{local.date()}:{channel}" for channel in places}
    done = select(LetterRow.id).where(LetterRow.dedupe.in_(marks.values())).limit(1)
    if local.hour < hour or here.ready_at is None or not someone or session.scalar(done):
        return False
    alert = alerts.raise_(session, alerts.Cause(Colour.RED, DRILL), now=now)
    # Due at once: the tick that climbs has its part in the drill too.
    alert.due_at = now
    letter = Letter(PAGE, {"ref": alert.reference}, priority=Priority.CRISIS)
    for channel, place in places.items():
        about = {"alert_id": alert.id, "dedupe": marks[channel]}
        outbox.drill(session, channel, place, letter, now=now, **about)
    return True


def look(session: Session, *, now: datetime) -> int:
    """End the drill that is under way when all of it worked, or when its time is over."""
    mine = (Alert.state.in_(alerts.OPEN), Alert.kind == DRILL)
    alert = session.scalars(select(Alert).where(*mine).limit(1)).first()
    if alert is None:
        return 0
    missing = _missing(session, alert)
    if missing and now - alert.raised_at < WITHIN:
        return 0
    alerts.end_drill(session, alert, passed=not missing, now=now)
    if missing:
        log.error("the daily drill failed: %s", ", ".join(missing))
        cause = alerts.Cause(Colour.AMBER, ladder.DRILL_FAILED)
        alerts.raise_once(session, cause, now=now)
    return 1


def _missing(session: Session, alert: Alert) -> list[str]:
    """What has not worked yet, by name."""
    unsent = (LetterRow.alert_id == alert.id, LetterRow.state != outbox.SENT)
    found = list(session.scalars(select(LetterRow.channel).where(*unsent)))
    return found if alert.breached_at else ["climb", *found]
