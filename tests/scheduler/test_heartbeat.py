"""The dead-man switch: the watcher outside hears from us only while all is well."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from scheduler import heartbeat, outside
from tests.fakes.heartbeat import Heartbeat
from waiting_room import beats, clock, db, leases, settings
from waiting_room.care import alerts
from waiting_room.care.colours import Colour
from waiting_room.models import Alert
from waiting_room.settings import Settings


def chosen(**values: object) -> Settings:
    return settings.load(**{"env": "development", **values})


@pytest.fixture(autouse=True)
def alive() -> Iterator[None]:
    """Every loop beats."""
    beats.forget()
    for name in beats.required(chosen()):
        beats.note(name, wall=clock.wall())
    yield
    beats.forget()


def break_a_promise(now: datetime) -> str:
    """An alert waits for a step that was due long ago."""
    with db.write() as session:
        alert = alerts.raise_(session, alerts.Cause(Colour.RED, "life"), now=now)
        alert.due_at = now - timedelta(hours=1)
        return alert.id


def raised(kind: str) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).where(Alert.kind == kind)) or 0


def test_the_watcher_hears_only_while_every_promise_is_kept(any_room: Path, now: datetime) -> None:
    with Heartbeat() as outside_watcher:
        watch = heartbeat.Watch(chosen(heartbeat_url=outside_watcher.url))
        assert watch.beat(now) == 1
        alert_id = break_a_promise(now)
        assert watch.beat(now) == 0
        assert watch.trouble(now) == [f"broken: steps are taken on time ({alert_id})"]
        assert len(outside_watcher.pings) == 1
        assert outside_watcher.pings[0].body == b""
        with db.write() as session:
            session.get_one(Alert, alert_id).due_at = now
        assert watch.beat(now) == 1


def test_what_stays_broken_calls_people_once(any_room: Path, now: datetime) -> None:
    break_a_promise(now)
    watch = heartbeat.Watch(chosen())
    called = []
    for _ in range(heartbeat.ROUNDS + 2):
        watch.beat(now)
        called.append(raised(heartbeat.KIND))
    assert called == [0] * (heartbeat.ROUNDS - 1) + [1, 1, 1]


def test_a_bad_moment_calls_nobody(room: Path, now: datetime) -> None:
    watch = heartbeat.Watch(chosen())
    for _ in range(3):
        alert_id = break_a_promise(now)
        assert {watch.beat(now) for _ in range(heartbeat.ROUNDS - 1)} == {0}
        with db.write() as session:
            session.get_one(Alert, alert_id).due_at = now
        watch.beat(now)
    assert raised(heartbeat.KIND) == 0


@pytest.mark.parametrize("loop", beats.required(chosen()))
def test_a_loop_that_nobody_runs_silences_the_heartbeat(
    room: Path, now: datetime, loop: str
) -> None:
    beats.note(loop, wall=clock.wall() - 2 * beats.SILENT_AFTER)
    watch = heartbeat.Watch(chosen())
    assert watch.trouble(now) == [f"the loop {loop} is silent"]
    assert watch.beat(now) == 0


def test_a_watcher_that_is_down_is_no_trouble_of_ours_and_noted_once(
    room: Path, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    watcher = Heartbeat().start()
    watch = heartbeat.Watch(chosen(heartbeat_url=watcher.url))
    watcher.stop()
    assert [watch.beat(now) for _ in range(3)] == [0, 0, 0]
    assert watch.trouble(now) == []
    watcher.start()
    assert [watch.beat(now) for _ in range(2)] == [1, 1]
    watcher.stop()
    said = [record.getMessage() for record in caplog.records if "127.0.0.1" in record.getMessage()]
    assert len(said) == 2 and "does not answer" in said[0] and "answers again" in said[1]
    assert not any("sample" in words for words in said)
    assert outside.tell(watcher.url) is False


@pytest.mark.postgres
def test_of_several_processes_one_tells_the_watcher(postgres_room: Path, now: datetime) -> None:
    with Heartbeat() as outside_watcher:
        watch = heartbeat.Watch(chosen(heartbeat_url=outside_watcher.url))
        with db.write() as session:
            assert leases.take(session, "watch", owner="another")
        assert watch.beat(now) == 0
        with db.write() as session:
            leases.release(session, "watch", owner="another")
        assert (watch.beat(now), watch.beat(now)) == (1, 1)
        assert len(outside_watcher.pings) == 2
