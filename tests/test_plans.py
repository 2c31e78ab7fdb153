"""No question that is asked all day reads a whole table: rooms grow, and pages must not slow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from scheduler import ticks
from tests import people as sample
from waiting_room import db
from waiting_room.care import alerts, caseload, conversations, people, records, rhythms
from waiting_room.care.colours import Colour
from waiting_room.models import Patient, Staff

# What grows with people and years. Staff, leases, beats and words stay as few as they are.
LARGE = "patient|search_hash|share|referral|consent|address|message|letter|check_in|check_in_plan"
SCANS = re.compile(rf"^SCAN (?:{LARGE}|alert|alert_event|inbox|audit|note|button|invitation)\b")
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
TICKS = (ticks.fill_check_ins, ticks.ask_check_ins, ticks.chase_silence)


@contextmanager
def scans() -> Iterator[list[str]]:
    """What is asked meanwhile and reads a large table from end to end."""
    found: list[str] = []

    def look(connection: Connection, _c: Any, words: str, values: Any, *_: Any) -> None:
        if words.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")):
            plain = connection.connection.cursor()
            plan = plain.execute(f"EXPLAIN QUERY PLAN {words}", values).fetchall()
            found.extend(f"{step[3]}: {words}" for step in plan if SCANS.match(step[3]))

    engines = (db.current().reading, db.current().writing)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", look)
    yield found
    for engine in engines:
        event.remove(engine, "before_cursor_execute", look)


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
