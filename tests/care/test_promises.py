"""The live audit: silent while all is well, names what is broken, and looks at few rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlalchemy.orm import Session

from tests import people
from tests.care import crowd
from tests.faults.figures import Figures
from waiting_room import audit, clock, db, outbox
from waiting_room.care import alerts, conversations, promises, providers, rhythms
from waiting_room.care.colours import Colour
from waiting_room.models import (
    Address,
    Alert,
    AlertEvent,
    CheckIn,
    InboxUpdate,
    LetterRow,
    Message,
    Patient,
    StaffChannel,
    new_id,
)

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
BUDGET_MS, SLACK = 50, 5
BIG = ("letter", "message", "inbox", "alert_event", "check_in", "audit")


@dataclass
class Scene:
    """Alex wrote words of danger an hour ago, and everybody was told."""

    session: Session
    now: datetime
    patient: Patient
    address: Address
    alert: Alert
    message: Message
    letter: LetterRow


@pytest.fixture
def scene(any_room: Path, now: datetime) -> Iterator[Scene]:
    with db.write() as session:
        team = people.team(session, now=now)
        providers.here(session).ready_at = now
        patient, address = people.patient(session, now=now, worker=team["worker"])
        words = conversations.Said("text", "sample", "1", now, {"alert": "set below"})
        message = conversations.said(session, address, words, now=now)
        cause = alerts.Cause(Colour.RED, "life", patient.id, address.id, "message", message.id)
        alert = alerts.raise_(session, cause, now=now)
        session.execute(update(LetterRow).values(state=outbox.SENT))
        audit.seal(session, now=now)
        letter = session.query(LetterRow).filter(LetterRow.alert_id == alert.id).first()
        assert letter is not None
        assert broken(session, now) == {}
        yield Scene(session, now, patient, address, alert, message, letter)


def broken(session: Session, now: datetime) -> dict[str, list[str]]:
    session.flush()
    return promises.audit(session, promises.Moment(now, clock.wall()))


def forget_the_cause(scene: Scene) -> str:
    scene.session.execute(update(AlertEvent).values(cause_id=""))
    return scene.message.id


def leave_a_voice_unheard(scene: Scene) -> str:
    note = conversations.Said("voice", "", "2", scene.now)
    return conversations.said(scene.session, scene.address, note, now=scene.now).id


def bury_without_a_word(scene: Scene) -> str:
    return heard(scene, state="dead", due_at=scene.now)


def raise_twice(scene: Scene) -> str:
    other = copy_of(scene, state=alerts.NOTIFYING)
    return min(other, scene.alert.id)


def forget_the_next_step(scene: Scene) -> str:
    scene.alert.due_at = None
    return scene.alert.id


def put_off_for_ever(scene: Scene) -> str:
    scene.alert.due_at = scene.now + 20 * DAY
    return scene.alert.id


def stop_climbing(scene: Scene) -> str:
    scene.alert.due_at = scene.now - 61 * SECOND
    return scene.alert.id


def tell_nobody(scene: Scene) -> str:
    told = {"state": outbox.FAILED, "made_at": scene.now - 6 * MINUTE}
    scene.session.execute(update(LetterRow).values(told))
    return scene.alert.id


def die_while_sending(scene: Scene) -> str:
    scene.letter.state = outbox.SENDING
    scene.letter.lease_until = clock.wall() - 61 * SECOND
    return scene.letter.id


def send_nothing(scene: Scene) -> str:
    scene.letter.state, scene.letter.due_at = outbox.QUEUED, scene.now - 61 * SECOND
    return scene.letter.id


def close_by_itself(scene: Scene) -> str:
    return copy_of(scene, state=alerts.CLOSED, due_at=None)


def climb_down(scene: Scene) -> str:
    for rung in (2, 1):
        step = AlertEvent(alert_id=scene.alert.id, verb="told", rung=rung, by="x", at=scene.now)
        scene.session.add(step)
        scene.session.flush()
    return scene.alert.id


def lose_every_phone(scene: Scene) -> str:
    scene.session.execute(update(StaffChannel).values(proved_at=scene.now - 31 * DAY))
    return providers.here(scene.session).organisation_id


def stop_listening(scene: Scene) -> str:
    return heard(scene, state="waiting", due_at=scene.now - 61 * SECOND)


def stop_asking(scene: Scene) -> str:
    rhythms.choose(scene.session, scene.patient, "weekly", now=scene.now - 6 * DAY)
    rhythms.fill(scene.session, now=scene.now)
    scene.session.execute(update(CheckIn).values(due_at=scene.now - 6 * MINUTE))
    audit.seal(scene.session, now=scene.now)
    return scene.session.query(CheckIn).one().id


def stop_sealing(scene: Scene) -> str:
    then = scene.now - 6 * MINUTE
    audit.record(scene.session, by="x", did="read", to=("patient", "x"), now=then)
    scene.session.flush()
    return scene.session.query(audit.AuditRow).filter_by(did="read").one().id


def heard(scene: Scene, **facts: Any) -> str:
    row = InboxUpdate(
        id=new_id(), bot="patients", update_id=1, chat_hash="x", received_at=scene.now, **facts
    )
    scene.session.add(row)
    return row.id


def copy_of(scene: Scene, **facts: Any) -> str:
    kept = ("colour", "kind", "patient_id", "ladder", "raised_at", "due_at")
    known = {name: getattr(scene.alert, name) for name in kept}
    row = Alert(id=new_id(), reference="COPYX", **(known | facts))
    scene.session.add(row)
    return row.id


BREAKS: list[tuple[str, Callable[[Scene], str]]] = [
    ("every cry has one alert", forget_the_cause),
    ("every cry has one alert", leave_a_voice_unheard),
    ("every dead letter has one alert", bury_without_a_word),
    ("one open alert a person", raise_twice),
    ("every open alert has a next step", forget_the_next_step),
    ("every open alert has a next step", put_off_for_ever),
    ("steps are taken on time", stop_climbing),
    ("somebody was told of every alert", tell_nobody),
    ("no letter is stuck on its way", die_while_sending),
    ("crisis letters leave at once", send_nothing),
    ("only a person closes", close_by_itself),
    ("rungs only go up", climb_down),
    ("somebody stands ready", lose_every_phone),
    ("what was heard takes effect", stop_listening),
    ("check-ins are asked on time", stop_asking),
    ("the audit is chained", stop_sealing),
]


@pytest.mark.parametrize(("name", "act"), BREAKS, ids=lambda part: getattr(part, "__name__", ""))
def test_what_is_broken_is_named(scene: Scene, name: str, act: Callable[[Scene], str]) -> None:
    row_id = act(scene)
    assert broken(scene.session, scene.now) == {name: [row_id]}


def test_every_promise_was_seen_broken() -> None:
    assert {name for name, _ in BREAKS} == {promise.name for promise in promises.PROMISES}


def test_a_second_inside_its_time_is_no_trouble(scene: Scene) -> None:
    scene.alert.due_at = scene.now - 60 * SECOND
    scene.letter.state, scene.letter.due_at = outbox.QUEUED, scene.now - 60 * SECOND
    heard(scene, state="waiting", due_at=scene.now - 60 * SECOND)
    assert broken(scene.session, scene.now) == {}


def test_something_worse_may_start_an_alert_anew(scene: Scene) -> None:
    for minute in (5, 10):
        alerts.climb(scene.session, now=scene.now + minute * MINUTE)
    assert scene.alert.rung == 2
    scene.alert.colour = Colour.AMBER
    cause = alerts.Cause(Colour.RED, "life", scene.patient.id)
    alerts.raise_(scene.session, cause, now=scene.now + 11 * MINUTE)
    assert scene.alert.rung == 0
    scene.session.execute(update(LetterRow).values(state=outbox.SENT))
    audit.seal(scene.session, now=scene.now)
    assert broken(scene.session, scene.now + 11 * MINUTE) == {}


def test_the_audit_reads_by_index_and_is_quick_in_a_crowd(
    any_room: Path, now: datetime, figures: Figures
) -> None:
    many = figures.size(short=10_000, long=100_000)
    with db.write() as session:
        people.team(session, now=now)
        providers.here(session).ready_at = now
        crowd.fill(session, many, now=now)
    with db.read() as session:
        with statements(session) as asked:
            assert broken(session, now) == {}
        took = min(timed(session, now) for _ in range(3))
        plans = [line for ask in asked for line in plan(session, *ask)]
    scans = [line for line in plans if is_scan(line)]
    database = "sqlite" if db.current().is_sqlite else "postgresql"
    words = f"audit of {many} patients' rows {took:.0f} ms (≤ {BUDGET_MS} ms), {len(scans)} scans"
    figures.note("P11", database=database, figure=words, passed=took <= BUDGET_MS and not scans)
    assert scans == []
    assert took <= BUDGET_MS * SLACK


def timed(session: Session, now: datetime) -> float:
    begins = clock.monotonic()
    broken(session, now)
    return (clock.monotonic() - begins) * 1000


@contextmanager
def statements(session: Session) -> Iterator[list[tuple[str, Any]]]:
    """Every statement and its values, as the database was asked."""
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        seen.append((statement, values))

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def plan(session: Session, statement: str, values: Any) -> list[str]:
    """How the database would look for it, one line a step."""
    raw = session.connection().connection.cursor()
    if db.current().is_sqlite:
        raw.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        return [row[-1] for row in raw.fetchall()]
    raw.execute(f"EXPLAIN {statement}", values)
    return [row[0].strip() for row in raw.fetchall()]


def is_scan(line: str) -> bool:
    """A look at every row of a big table; reading along an index to its end is one too."""
    words = line.removeprefix("-> ").split()
    if words[:2] == ["Seq", "Scan"]:
        return words[3] in BIG
    return words[0] == "SCAN" and words[1] in BIG
