"""No question that is asked all day reads a whole table: rooms grow, and pages must not slow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from scheduler import ticks
from tests import people as sample
from tests.scans import scans
from waiting_room import db
from waiting_room.care import alerts, caseload, conversations, people, promises, records, rhythms
from waiting_room.care.colours import Colour
from waiting_room.models import Patient, Staff

DAY = timedelta(days=1)
Ask = Callable[[Session, Staff, Patient, datetime], object]

PAGES: dict[str, Ask] = {
    "open alerts": lambda s, who, _, now: caseload.open_alerts(s, who, now=now),
    "who waits": lambda s, who, _, now: caseload.waiting(s, who, now=now),
    "whom I support": lambda s, who, _, now: caseload.supported(s, who, now=now),
    "how many": lambda s, who, _, now: caseload.how_many(s, who, caseload.UNTALKED, now=now),
    "unread words": lambda s, who, _, now: caseload.unread(s, who, now=now),
    "news": lambda s, who, _, now: caseload.version(s, who, now=now),
    "search": lambda s, who, _, now: caseload.find(s, who, "Alex Sample", now=now),
    "look-alikes": lambda s, who, one, now: caseload.look_alikes(s, who, one, now=now),
    "a person": lambda s, _, one, now: records.read(s, one, now=now),
    "a chat": lambda s, _, one, now: conversations.address_known(s, "telegram", one.id),
    "where they are": lambda s, _, one, now: people.address_of(s, one.id),
}
TICKS = (
    ticks.climb,
    ticks.keep_beats,
    ticks.knock,
    ticks.fill_check_ins,
    ticks.ask_check_ins,
    ticks.chase_silence,
    ticks.chase_unread,
    ticks.watch_rota,
    ticks.seal_audit,
    ticks.forget_expired,
    ticks.retire,
    ticks.roll_groups,
)


def furnished(now: datetime) -> tuple[Staff, Patient]:
    """Somebody with a worker, a rhythm, words and an alert."""
    with db.write() as session:
        worker = sample.team(session, now=now)["worker"]
        patient, _ = sample.patient(session, now=now, worker=worker)
        rhythms.choose(session, patient, "weekly", now=now)
        alerts.raise_(session, alerts.Cause(Colour.RED, "life", patient.id), now=now)
        return worker, patient


@pytest.mark.parametrize("name", PAGES)
def test_a_page_reads_no_large_table_from_end_to_end(room: Path, now: datetime, name: str) -> None:
    worker, patient = furnished(now)
    with scans() as found, db.read() as session:
        PAGES[name](session, worker, patient, now)
    assert found == []


def test_a_tick_reads_no_large_table_from_end_to_end(room: Path, now: datetime) -> None:
    furnished(now)
    with scans() as found:
        for days in range(12):
            for tick in TICKS:
                tick(now + days * DAY)
    assert found == []


def test_looking_whether_promises_are_kept_reads_no_large_table_from_end_to_end(
    room: Path, now: datetime
) -> None:
    furnished(now)
    with scans() as found, db.read() as session:
        promises.audit(session, promises.Moment(now, now))
    assert found == []
