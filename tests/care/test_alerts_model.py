"""Whatever happens in whatever order, an alert keeps its promises (a model test)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import people as sample
from tests.conftest import WEDNESDAY
from waiting_room import db
from waiting_room.care import alerts, duty
from waiting_room.care.colours import Colour
from waiting_room.errors import Refused
from waiting_room.models import Alert, LetterRow, Staff, StaffChannel, new_id

NAMES = ("worker", "backup", "lead")
LONGEST = timedelta(days=5)
"""Nothing waits longer than the longest time we are closed, here a weekend with room to spare."""
patients, staff = st.sampled_from([0, 1]), st.sampled_from(NAMES)


class Crash(Exception):
    """The process dies before the transaction is stored."""


class Alerts(RuleBasedStateMachine):
    """Two patients, three people of the team, and a clock that only goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = WEDNESDAY
        self.causes: list[int] = [0, 0]
        self.closings = 0
        self.rungs: dict[str, int] = {}
        with db.write() as session:
            self.people = {name: self._person(session, name) for name in NAMES}
            worker = session.get_one(Staff, self.people["worker"])
            self.patients = [self._patient(session, worker) for _ in range(2)]
            for rung, name in ((duty.BACKUP, "backup"), (duty.LEAD, "lead")):
                duty.stand(session, self.people[name], rung, since=self.now)

    @rule(who=patients, colour=st.sampled_from(Colour))
    def receive(self, who: int, colour: Colour) -> None:
        with db.write() as session:
            self._raise(session, who, colour)
        self.causes[who] += 1

    @rule(who=patients)
    def crash(self, who: int) -> None:
        with suppress(Crash), db.write() as session:
            self._raise(session, who, Colour.RED)
            raise Crash

    @rule(minutes=st.sampled_from([1, 5, 31, 8 * 60, 3 * 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        with db.write() as session:
            alerts.climb(session, now=self.now)
            late = select(Alert.id).where(Alert.due_at < self.now)
            assert session.scalar(late) is None

    @rule(who=patients, name=staff)
    def acknowledge(self, who: int, name: str) -> None:
        with self._open(who) as (session, alert):
            alerts.acknowledge(session, alert, self._one(session, name), now=self.now)
            assert alert.acknowledged_by == self.people[name]

    @rule(who=patients, name=staff, outcome=st.sampled_from(alerts.OUTCOMES))
    def outcome(self, who: int, name: str, outcome: str) -> None:
        with self._open(who) as (session, alert):
            alerts.record_outcome(
                session, alert, outcome, by=self._one(session, name), now=self.now
            )

    @rule(who=patients, name=staff)
    def close(self, who: int, name: str) -> None:
        with self._open(who) as (session, alert):
            alerts.close(session, alert, "done", by=self._one(session, name), now=self.now)
            self.closings += 1

    @rule(name=staff, is_active=st.booleans())
    def rights_change(self, name: str, is_active: bool) -> None:
        with db.write() as session:
            self._one(session, name).is_active = is_active

    @rule(name=staff, dead=st.booleans())
    def a_channel_dies_or_is_proved(self, name: str, dead: bool) -> None:
        with db.write() as session:
            mine = StaffChannel.staff_id == self.people[name]
            channel = session.scalars(select(StaffChannel).where(mine)).one()
            channel.dead_at = self.now if dead else None

    @invariant()
    def every_cause_stands_in_an_alert_and_one_at_most_is_open(self) -> None:
        with db.read() as session:
            for who, count in enumerate(self.causes):
                found = self._all(session, who)
                verbs = [event.verb for alert in found for event in alerts.events(session, alert)]
                assert verbs.count("raised") + verbs.count("joined") == count
                assert sum(alert.state in alerts.OPEN for alert in found) <= 1

    @invariant()
    def what_is_open_has_a_next_moment_and_only_people_close(self) -> None:
        with db.read() as session:
            found = self._all(session, 0) + self._all(session, 1)
            for alert in found:
                if alert.state in alerts.OPEN:
                    assert alert.due_at is not None and alert.due_at <= self.now + LONGEST
                else:
                    assert alert.due_at is None and alert.closed_by in self.people.values()
            assert sum(alert.state == alerts.CLOSED for alert in found) == self.closings

    @invariant()
    def rungs_only_go_up_until_it_starts_anew(self) -> None:
        with db.read() as session:
            for alert in self._all(session, 0) + self._all(session, 1):
                assert alert.rung >= self.rungs.get(alert.id, 0)
                assert 0 <= alert.rung < len(alert.ladder)
                self.rungs[alert.id] = alert.rung

    @invariant()
    def all_copies_carry_one_reference(self) -> None:
        with db.read() as session:
            for alert in self._all(session, 0) + self._all(session, 1):
                copies = session.scalars(select(LetterRow).where(LetterRow.alert_id == alert.id))
                assert {copy.values["ref"] for copy in copies} <= {alert.reference}

    def teardown(self) -> None:
        """Leave no open alert to the next example: it lives in the same room."""
        with db.write() as session:
            for alert in self._all(session, 0) + self._all(session, 1):
                alert.state, alert.due_at = alerts.CLOSED, None
            for staff_id in self.people.values():
                session.get_one(Staff, staff_id).is_active = False

    def _person(self, session: Session, name: str) -> str:
        return sample.staff(session, f"Sample {name}{new_id()}", now=self.now).id

    def _patient(self, session: Session, worker: Staff) -> str:
        chat = new_id()
        return sample.patient(session, now=self.now, chat_id=chat, worker=worker)[0].id

    def _one(self, session: Session, name: str) -> Staff:
        return session.get_one(Staff, self.people[name])

    def _raise(self, session: Session, who: int, colour: Colour) -> Alert:
        cause = alerts.Cause(colour, "sample", self.patients[who])
        alert = alerts.raise_(session, cause, now=self.now)
        self.rungs.pop(alert.id, None)  # a cause may start it anew
        return alert

    def _all(self, session: Session, who: int) -> list[Alert]:
        mine = Alert.patient_id == self.patients[who]
        return list(session.scalars(select(Alert).where(mine)))

    @contextmanager
    def _open(self, who: int) -> Iterator[tuple[Session, Alert]]:
        """The patient's open alert, if there is one; a refusal is an answer, not a fault."""
        with db.write() as session:
            alert = alerts.open_for(session, self.patients[who])
            if alert is None:
                alert = self._raise(session, who, Colour.RED)
                self.causes[who] += 1
            with suppress(Refused):
                yield session, alert


def test_an_alert_keeps_its_promises_in_any_order(room: Path) -> None:
    few = settings(
        max_examples=8,
        stateful_step_count=20,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Alerts, settings=few)
