"""Whatever stops, somebody outside knows within three minutes; and nobody here needs the watcher.

F24 and F39 of the faults. Time passes by beats that grow old, so nobody waits for it.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import delete

from scheduler import app, heartbeat, ticks
from tests.fakes.heartbeat import Heartbeat
from tests.faults.figures import Figures
from waiting_room import beats, clock, db, settings
from waiting_room.care import alerts
from waiting_room.care.colours import Colour
from waiting_room.models import Beat
from waiting_room.settings import Settings

pytestmark = pytest.mark.faults
TOKEN = "7000000001:AAsamplePatientsTokenForTests00"
EVERY = next(tick.every for tick in app.table(settings.load()) if tick.name == "heartbeat")
WATCHER_WAITS, WITHIN = 90, 180
"""Seconds: what docs/operations.md tells an administrator to set, and the promise."""


def chosen(url: str) -> Settings:
    return settings.load(telegram_token=TOKEN, heartbeat_url=url)


@pytest.fixture
def watcher() -> Iterator[Heartbeat]:
    beats.forget()
    with Heartbeat() as outside:
        yield outside
    beats.forget()


def grow_old(dead: str, seconds: int, watcher: Heartbeat) -> None:
    """Every loop beats now, but one did so last this many seconds ago."""
    wall = clock.wall()
    for name in beats.required(chosen(watcher.url)):
        beats.note(name, wall=wall - timedelta(seconds=seconds * (name == dead)))
    with db.write() as session:
        session.execute(delete(Beat))
        beats.keep(session)


def last_ping(watch: Callable[[int], int]) -> int:
    """How many seconds after the death the last ping leaves, at worst."""
    pinged = [seconds for seconds in range(0, WITHIN + 1, EVERY) if watch(seconds)]
    return max(pinged, default=0)


def note(figures: Figures, loop: str, last: int) -> None:
    database = "sqlite" if db.current().is_sqlite else "postgresql"
    alarm = last + WATCHER_WAITS
    words = f"{loop} stops: outside alarm {alarm} s later (≤ {WITHIN} s)"
    figures.note("F24", database=database, figure=words, passed=alarm <= WITHIN)
    assert alarm <= WITHIN


@pytest.mark.parametrize("loop", ["poller patients", "inbox", "ticks", "lane email"])
def test_a_loop_that_dies_is_known_outside(
    any_room: Path, now: datetime, watcher: Heartbeat, figures: Figures, loop: str
) -> None:
    watch = heartbeat.Watch(chosen(watcher.url))

    def after(seconds: int) -> int:
        grow_old(loop, seconds, watcher)
        return watch.beat(now)

    assert after(0) == 1
    note(figures, loop, last_ping(after))


def test_a_ladder_that_stands_still_is_known_outside(
    any_room: Path, now: datetime, watcher: Heartbeat, figures: Figures
) -> None:
    watch = heartbeat.Watch(chosen(watcher.url))
    with db.write() as session:
        alert = alerts.raise_(session, alerts.Cause(Colour.RED, "life"), now=now)
        due = alert.due_at or now

    def after(seconds: int) -> int:
        grow_old("", 0, watcher)
        ticks.seal_audit(now)
        return watch.beat(due + timedelta(seconds=seconds))

    note(figures, "climb", last_ping(after))


@contextmanager
def no_writes() -> Iterator[None]:
    """Somebody holds the database, and lets nobody else write."""
    if db.current().is_sqlite:
        holder = sqlite3.connect(db.current().file, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        yield
        holder.close()
        return
    with psycopg.connect(db.current().url.replace("+psycopg", "")) as other:
        other.execute("LOCK TABLE beat IN ACCESS EXCLUSIVE MODE")
        yield


def test_a_database_that_takes_no_writes_is_known_outside(
    any_room: Path, now: datetime, watcher: Heartbeat, figures: Figures
) -> None:
    watch = heartbeat.Watch(chosen(watcher.url))
    tick = app.Tick("heartbeat", EVERY, "", watch.beat)
    grow_old("", 0, watcher)
    assert app.run(tick, now) == 1
    with no_writes():
        still = app.run(tick, now)
    note(figures, "database write", EVERY if still else 0)
    assert len(watcher.pings) == 1


def test_a_watcher_that_is_down_changes_nothing_here(
    any_room: Path,
    now: datetime,
    watcher: Heartbeat,
    figures: Figures,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    watch = heartbeat.Watch(chosen(watcher.url))
    watcher.stop()
    rounds = 10
    for _ in range(rounds):
        grow_old("", 0, watcher)
        assert watch.beat(now) == 0
        assert watch.trouble(now) == []
    with db.read() as session:
        proved = beats.proved(session)
    noted = sum("does not answer" in record.getMessage() for record in caplog.records)
    is_well = proved is not None and clock.wall() - proved < timedelta(seconds=30)
    database = "sqlite" if db.current().is_sqlite else "postgresql"
    words = f"watcher down for {rounds} rounds: noted {noted} time, the desk still says all is well"
    figures.note("F39", database=database, figure=words, passed=noted == 1 and is_well)
    assert (noted, is_well) == (1, True)
