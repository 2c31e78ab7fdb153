"""Rung by rung, in hours and out of them, past empty rungs and outages, for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import people as sample
from waiting_room import db
from waiting_room.care import alerts, duty, ladder, providers
from waiting_room.care.colours import Colour
from waiting_room.letters import Priority
from waiting_room.models import Alert, Kinship, LetterRow, Patient, Staff

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NIGHT = 10 * HOUR
"""From the Wednesday at 10am of the tests to 8pm."""


def _somebody(session: Session, now: datetime) -> tuple[Patient, dict[str, Staff]]:
    people = sample.team(session, now=now)
    return sample.patient(session, now=now, worker=people["worker"])[0], people


def _raise(session: Session, patient: Patient | None, now: datetime, colour: Colour) -> Alert:
    cause = alerts.Cause(colour, "sample", patient.id if patient else None)
    return alerts.raise_(session, cause, now=now)


def _told(session: Session, alert: Alert) -> list[tuple[timedelta, str]]:
    """Who got a notice when, counted from the raising; two channels of one person are one."""
    session.flush()
    rows = select(LetterRow.made_at, Staff.name).join(Staff, Staff.id == LetterRow.staff_id)
    rows = rows.where(LetterRow.alert_id == alert.id).distinct()
    found = session.execute(rows.order_by(LetterRow.made_at, Staff.name))
    return [(at - alert.raised_at, name.split()[-1]) for at, name in found]


def _climb(session: Session, now: datetime, until: datetime, step: timedelta) -> None:
    while now <= until:
        alerts.climb(session, now=now)
        now += step


def test_worker_then_backup_then_duty_lead_and_again(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _ = _somebody(session, now)
        alert = _raise(session, patient, now, Colour.RED)
        _climb(session, now, now + 21 * MINUTE, MINUTE)
        assert _told(session, alert) == [
            (0 * MINUTE, "Sam"),
            (5 * MINUTE, "Kim"),
            (10 * MINUTE, "Pat"),
            (15 * MINUTE, "Pat"),
            (20 * MINUTE, "Pat"),
        ]
        assert alert.breached_at == now + 5 * MINUTE
        assert alert.rounds == 2


def test_for_72_hours_nothing_ends_by_itself(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _ = _somebody(session, now)
        alert = _raise(session, patient, now, Colour.AMBER)
        for quarter in range(72 * 4):
            moment = now + quarter * 15 * MINUTE
            alerts.climb(session, now=moment)
            assert alert.state == alerts.NOTIFYING
            assert alert.due_at is not None and alert.due_at > moment
        # One notice each every evening, and the ladder on every working day.
        evenings = [at for at, name in _told(session, alert) if name == "Sam" and at > HOUR]
        assert [at // DAY for at in evenings] == [0, 1, 2]
        assert _told(session, alert)[-1][0] > 2 * DAY


def test_out_of_hours_each_is_told_once_and_it_goes_on_at_opening(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        patient, _ = _somebody(session, now)
        alert = _raise(session, patient, now + NIGHT, Colour.RED)
        assert alert.due_at == now + 23 * HOUR
        _climb(session, now + NIGHT, now + 23 * HOUR + 5 * MINUTE, 5 * MINUTE)
        night = [(0 * HOUR, name) for name in ("Kim", "Pat", "Sam")]
        assert _told(session, alert) == [
            *night,
            (13 * HOUR, "Sam"),
            (13 * HOUR + 5 * MINUTE, "Kim"),
        ]


def test_who_is_on_call_hears_of_it_until_it_is_taken(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        on_call = sample.staff(session, "Sample Ola", now=now)
        duty.stand(session, on_call.id, duty.ON_CALL, since=now)
        alert = _raise(session, patient, now + NIGHT, Colour.RED)
        _climb(session, now + NIGHT, now + NIGHT + 10 * MINUTE, MINUTE)
        assert _told(session, alert) == [(n * MINUTE, "Ola") for n in (0, 5, 10)]
        assert alert.breached_at is not None
        # What joins in the night goes to whoever is on call too, not to a sleeping worker.
        joins = now + NIGHT + 12 * MINUTE
        _raise(session, patient, joins, Colour.RED)
        assert _told(session, alert)[-1] == (12 * MINUTE, "Ola")
        alerts.acknowledge(session, alert, on_call, now=joins)
        _climb(session, joins, joins + 29 * MINUTE, MINUTE)
        assert _told(session, alert)[-1] == (12 * MINUTE, "Ola")
        assert people["worker"].name not in {name for _, name in _told(session, alert)}


def test_on_call_gives_way_to_the_ladder_at_opening(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _ = _somebody(session, now)
        on_call = sample.staff(session, "Sample Ola", now=now)
        duty.stand(session, on_call.id, duty.ON_CALL, since=now)
        raised = now + 23 * HOUR - 2 * MINUTE
        alert = _raise(session, patient, raised, Colour.RED)
        assert alert.due_at == now + 23 * HOUR
        _climb(session, raised, now + 23 * HOUR, MINUTE)
        assert _told(session, alert) == [(0 * MINUTE, "Ola"), (2 * MINUTE, "Sam")]


def test_a_task_waits_for_opening(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _ = _somebody(session, now)
        alert = _raise(session, patient, now + NIGHT, Colour.GREEN)
        assert _told(session, alert) == []
        _climb(session, now + NIGHT, now + 3 * DAY, HOUR)
        # One rung a working day: Thursday, Friday, and the weekend is skipped.
        assert _told(session, alert) == [(13 * HOUR, "Sam"), (37 * HOUR, "Kim")]
        letters = ladder.told(session, alert)
        assert {row.priority for row in letters} == {Priority.REPLY}


def test_crisis_notices_leave_before_everything(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _ = _somebody(session, now)
        alert = _raise(session, patient, now, Colour.RED)
        assert {row.priority for row in ladder.told(session, alert)} == {Priority.CRISIS}


def test_an_empty_rung_is_passed_by_at_once(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        duty.away(session, people["worker"].id, since=now - DAY, until=now + DAY)
        people["backup"].is_active = False
        alert = _raise(session, patient, now, Colour.RED)
        assert _told(session, alert) == [(0 * MINUTE, "Pat")]
        verbs = [event.verb for event in alerts.events(session, alert)]
        assert verbs == ["raised", ladder.NOBODY, ladder.NOBODY, ladder.TOLD]


def test_when_the_last_rung_is_empty_the_whole_team_is_told(room: Path, now: datetime) -> None:
    with db.write() as session:
        _, people = _somebody(session, now)
        sample.staff(session, "Sample Ola", now=now)
        sample.staff(session, "Sample Editor", role="editor", now=now)
        for name in ("backup", "lead"):
            duty.away(session, people[name].id, since=now - DAY, until=now + DAY)
        alert = _raise(session, None, now, Colour.RED)
        assert _told(session, alert) == [(0 * MINUTE, "Ola"), (0 * MINUTE, "Sam")]
        _raise(session, None, now + 2 * MINUTE, Colour.RED)
        assert _told(session, alert)[2:] == [(2 * MINUTE, "Ola"), (2 * MINUTE, "Sam")]


def test_with_nobody_at_all_it_stays_due_and_never_says_it_told(room: Path, now: datetime) -> None:
    with db.write() as session:
        alert = _raise(session, None, now, Colour.RED)
        _climb(session, now, now + 30 * MINUTE, MINUTE)
        verbs = {event.verb for event in alerts.events(session, alert)}
        assert verbs == {"raised", ladder.NOBODY}
        assert alert.due_at is not None
        sample.staff(session, "Sample Ola", now=now)
        _climb(session, now + 31 * MINUTE, now + 36 * MINUTE, MINUTE)
        assert {name for _, name in _told(session, alert)} == {"Ola"}


@pytest.mark.parametrize("hour", [0, 10])
def test_nobody_is_told_of_a_relative(room: Path, now: datetime, hour: int) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        session.add(Kinship(staff_id=people["worker"].id, patient_id=patient.id))
        alert = _raise(session, patient, now + hour * HOUR, Colour.RED)
        assert "Sam" not in {name for _, name in _told(session, alert)}
        assert "Kim" in {name for _, name in _told(session, alert)}


@pytest.mark.parametrize("stop", [10 * MINUTE, 6 * HOUR, 23 * HOUR])
def test_after_a_stop_everything_overdue_moves_in_one_pass(
    any_room: Path, now: datetime, stop: timedelta
) -> None:
    with db.write() as session:
        people = sample.team(session, now=now)
        raised = []
        for number in range(5):
            chat = f"chat {number}"
            person, _ = sample.patient(
                session, now=now, chat_id=chat, name=f"Sample {number}", worker=people["worker"]
            )
            raised.append(_raise(session, person, now, Colour.RED))
        alerts.acknowledge(session, raised[0], people["worker"], now=now)
        back = now + stop
        waiting = raised if stop > 30 * MINUTE else raised[1:]
        late = select(Alert.id).where(Alert.due_at < back)
        assert len(session.scalars(late).all()) == len(waiting)
        assert alerts.climb(session, now=back) == len(waiting)
        assert session.scalars(late).all() == []
        assert all(alert.breached_at == back for alert in raised[1:])
        assert all(_told(session, alert)[-1][0] == stop for alert in waiting)
        assert alerts.climb(session, now=back) == 0


def test_a_ladder_is_copied_when_the_alert_is_raised(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _ = _somebody(session, now)
        alert = _raise(session, patient, now, Colour.RED)
        provider = providers.here(session)
        provider.ladders = provider.ladders | {"red": [{"rung": duty.EVERYBODY, "minutes": 1}]}
        alerts.climb(session, now=now + 5 * MINUTE)
        assert _told(session, alert)[-1] == (5 * MINUTE, "Kim")
        provider.ladders = {}
        assert ladder.of(session, Colour.GREEN, "life") == providers.LADDERS["green"]


def test_every_living_channel_carries_the_notice(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        sample.channel(session, people["worker"], "staff_telegram", "7001", now=now)
        dead = sample.channel(session, people["worker"], "staff_telegram", "7002", now=now)
        duty.bury(session, dead.id, "blocked", now=now)
        alert = _raise(session, patient, now, Colour.RED)
        notices = {row.channel: row for row in ladder.told(session, alert)}
        assert set(notices) == {"email", "staff_telegram"}
        assert notices["staff_telegram"].place == "7001"
        assert notices["staff_telegram"].choices["rows"][0][0]["token"] == f"take:{alert.id}"
        assert notices["email"].choices["rows"] == []


def test_when_the_holder_left_the_reminder_goes_on_the_ladder(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        alert = _raise(session, patient, now, Colour.RED)
        alerts.record_outcome(session, alert, "spoke", by=people["lead"], now=now)
        people["lead"].is_active = False
        alerts.climb(session, now=now + DAY)
        assert _told(session, alert)[-1] == (DAY, "Sam")
        alerts.climb(session, now=now + 3 * DAY)  # Saturday: everybody who is left
        assert {name for at, name in _told(session, alert) if at == 3 * DAY} == {"Sam", "Kim"}
