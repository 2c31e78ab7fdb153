"""An alert climbs until a person takes it, and stays until a person closes it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import people as sample
from waiting_room import db, outbox, permissions
from waiting_room.care import alerts, conversations
from waiting_room.care.alerts import Cause
from waiting_room.care.colours import Colour
from waiting_room.errors import BadInput, Refused
from waiting_room.models import (
    Address,
    Alert,
    AuditRow,
    LetterRow,
    Patient,
    Share,
    Staff,
)

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TAKEN = "conversation/alert-taken"


def _red(session: Session, patient: Patient | None, now: datetime) -> Alert:
    cause = Cause(Colour.RED, "danger", patient.id if patient else None)
    return alerts.raise_(session, cause, now=now)


def _somebody(session: Session, now: datetime) -> tuple[Patient, dict[str, Staff]]:
    people = sample.team(session, now=now)
    return sample.patient(session, now=now, worker=people["worker"])[0], people


def _verbs(session: Session, alert: Alert) -> list[str]:
    return [event.verb for event in alerts.events(session, alert)]


def _told(session: Session, alert: Alert, at: datetime) -> set[str]:
    """The names of those who got a notice at this moment."""
    notices = (LetterRow.alert_id == alert.id, LetterRow.made_at == at)
    ids = select(LetterRow.staff_id).where(*notices)
    return set(session.scalars(select(Staff.name).where(Staff.id.in_(ids))))


def _letters(session: Session, page: str) -> list[LetterRow]:
    rows = select(LetterRow).where(LetterRow.page == page).order_by(LetterRow.id)
    return list(session.scalars(rows))


def test_raising_tells_the_worker_in_the_same_transaction(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _ = _somebody(session, now)
        alert = _red(session, patient, now)
        assert alert.state == alerts.NOTIFYING
        assert alert.due_at == now + 5 * MINUTE
        assert _verbs(session, alert) == ["raised", "told"]
        assert _told(session, alert, now) == {"Sample Sam"}


def test_a_cause_that_comes_later_joins_the_open_alert(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _ = _somebody(session, now)
        first = _red(session, patient, now)
        cause = Cause(Colour.RED, "danger", patient.id, what="message", what_id="m2")
        assert alerts.raise_(session, cause, now=now + 2 * MINUTE) is first
        assert _verbs(session, first) == ["raised", "told", "joined", "told again"]
        assert alerts.events(session, first)[2].cause_id == "m2"
        # The clock runs on: what joins does not push the next step away.
        assert first.due_at == now + 5 * MINUTE


def test_strangers_and_the_room_have_alerts_of_their_own(room: Path, now: datetime) -> None:
    with db.write() as session:
        sample.team(session, now=now)
        chats = [conversations.address(session, "telegram", n, now=now) for n in ("1", "2")]
        causes = [Cause(Colour.AMBER, "unknown person", None, chat.id) for chat in chats]
        causes += [Cause(Colour.AMBER, "gap in the rota"), Cause(Colour.AMBER, "screening failed")]
        raised = [alerts.raise_(session, cause, now=now).id for cause in causes]
        assert len(set(raised)) == 4
        assert [alerts.raise_(session, cause, now=now).id for cause in causes] == raised


def test_what_a_tick_sees_each_minute_is_raised_once(room: Path, now: datetime) -> None:
    with db.write() as session:
        sample.team(session, now=now)
        cause = Cause(Colour.AMBER, "gap in the rota")
        alert = alerts.raise_once(session, cause, now=now)
        assert alerts.raise_once(session, cause, now=now + MINUTE) is alert
        assert "joined" not in _verbs(session, alert)


@pytest.mark.parametrize("before", [Colour.GREEN, Colour.AMBER])
@pytest.mark.parametrize("hour", [10, 22])
def test_a_worse_cause_starts_at_the_first_rung_and_tells_people(
    room: Path, now: datetime, before: Colour, hour: int
) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        alert = alerts.raise_(session, Cause(before, "silence", patient.id), now=now)
        alert.rung = 2
        alerts.acknowledge(session, alert, people["worker"], now=now)
        later = now + (hour - 10) * HOUR + MINUTE
        assert _red(session, patient, later) is alert
        assert (alert.colour, alert.kind, alert.rung) == (Colour.RED, "danger", 0)
        assert alert.state == alerts.NOTIFYING and alert.acknowledged_by is None
        assert "Sample Sam" in _told(session, alert, later)


def test_worse_news_in_a_night_of_notices_wakes_people_again(room: Path, now: datetime) -> None:
    night = now + 10 * HOUR
    with db.write() as session:
        patient, _ = _somebody(session, now)
        amber = alerts.raise_(session, Cause(Colour.AMBER, "check-in", patient.id), now=night)
        assert _told(session, amber, night) == {"Sample Sam", "Sample Kim", "Sample Pat"}
        _red(session, patient, night + 5 * SECOND)
        assert len(_told(session, amber, night + 5 * SECOND)) == 3


def test_a_lesser_cause_joins_quietly(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _ = _somebody(session, now)
        alert = _red(session, patient, now)
        green = Cause(Colour.GREEN, "silence", patient.id)
        alerts.raise_(session, green, now=now + 3 * MINUTE)
        assert alert.colour == Colour.RED
        assert _verbs(session, alert) == ["raised", "told", "joined"]


def test_a_flood_is_told_of_once_a_minute(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _ = _somebody(session, now)
        alert = _red(session, patient, now)
        for number in range(50):
            _red(session, patient, now + number * SECOND)
        assert _verbs(session, alert).count("joined") == 50
        assert len(_letters(session, "staff/alert-mail")) == 1
        for number in range(50):
            _red(session, patient, now + MINUTE + number * SECOND)
        assert len(_letters(session, "staff/alert-mail")) == 2


def test_whoever_took_it_hears_what_comes_after(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        alert = _red(session, patient, now)
        alerts.acknowledge(session, alert, people["lead"], now=now + 20 * SECOND)
        _red(session, patient, now + 40 * SECOND)
        assert _told(session, alert, now + 40 * SECOND) == {"Sample Pat"}
        assert alert.state == alerts.ACKNOWLEDGED


def test_what_comes_after_contact_climbs_anew(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        alert = _red(session, patient, now)
        alerts.record_outcome(session, alert, "spoke", by=people["lead"], now=now + MINUTE)
        _red(session, patient, now + HOUR)
        assert (alert.state, alert.rung) == (alerts.NOTIFYING, 0)
        assert _told(session, alert, now + HOUR) == {"Sample Sam"}


def test_a_task_that_joins_after_contact_is_told_to_who_made_it(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        alert = _red(session, patient, now)
        alerts.record_outcome(session, alert, "spoke", by=people["lead"], now=now + MINUTE)
        green = Cause(Colour.GREEN, "left the room", patient.id)
        alerts.raise_(session, green, now=now + HOUR)
        assert alert.state == alerts.CONTACTED
        assert _told(session, alert, now + HOUR) == {"Sample Pat"}


def test_acknowledging_tells_the_patient_who_has_it(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        alert = _red(session, patient, now)
        alerts.acknowledge(session, alert, people["backup"], now=now + MINUTE)
        assert alert.state == alerts.ACKNOWLEDGED
        assert alert.due_at == now + 31 * MINUTE
        assert [row.values["worker"] for row in _letters(session, TAKEN)] == ["Sample Kim"]


def test_a_stranger_is_told_where_they_wrote(room: Path, now: datetime) -> None:
    with db.write() as session:
        people = sample.team(session, now=now)
        chat = conversations.address(session, "telegram", "123", now=now)
        cause = Cause(Colour.AMBER, "unknown person", None, chat.id)
        alert = alerts.raise_(session, cause, now=now)
        alerts.acknowledge(session, alert, people["worker"], now=now)
        assert _letters(session, TAKEN) == []
        assert [row.address_id for row in _letters(session, f"{TAKEN}-stranger")] == [chat.id]
        alerts.close(session, alert, "false alarm", by=people["worker"], now=now)
        assert alerts.raise_(session, cause, now=now) is not alert


@pytest.mark.parametrize("colour", [Colour.GREEN, Colour.RED])
def test_nobody_is_told_of_a_task_or_where_it_is_not_safe(
    room: Path, now: datetime, colour: Colour
) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        patient.safe_to_message = colour == Colour.GREEN
        alert = alerts.raise_(session, Cause(colour, "any", patient.id), now=now)
        alerts.acknowledge(session, alert, people["worker"], now=now)
        assert _letters(session, TAKEN) == []


def test_a_dead_chat_is_passed_over_for_a_living_one(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        old = session.scalars(select(Address)).one()
        cause = Cause(Colour.RED, "danger", patient.id, old.id)
        alert = alerts.raise_(session, cause, now=now)
        conversations.bury(old, "blocked", now=now)
        alerts.acknowledge(session, alert, people["worker"], now=now)
        assert _letters(session, TAKEN) == []
        new = conversations.address(session, "web_chat", "token", now=now)
        new.patient_id = patient.id
        alerts.record_outcome(session, alert, "no answer", by=people["worker"], now=now)
        alerts.acknowledge(session, alert, people["lead"], now=now)
        assert [row.address_id for row in _letters(session, TAKEN)] == [new.id]


def test_the_second_click_is_told_who_was_first(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        alert = _red(session, patient, now)
        alerts.acknowledge(session, alert, people["worker"], now=now)
        with pytest.raises(Refused, match="Sample Sam has this already"):
            alerts.acknowledge(session, alert, people["lead"], now=now)
        with pytest.raises(Refused, match="You have this already"):
            alerts.acknowledge(session, alert, people["worker"], now=now)
        alerts.close(session, alert, "done", by=people["worker"], now=now)
        with pytest.raises(Refused, match="closed"):
            alerts.acknowledge(session, alert, people["lead"], now=now)


def test_an_alert_somebody_contacted_without_taking_it_is_theirs(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        alert = _red(session, patient, now)
        alerts.record_outcome(session, alert, "met", by=people["lead"], now=now)
        with pytest.raises(Refused, match="Sample Pat has this already"):
            alerts.acknowledge(session, alert, people["worker"], now=now)


RACES = 200


def test_of_two_who_take_it_at_once_one_wins(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        racers = [people["worker"].id, people["lead"].id]
        alert_id = _red(session, patient, now).id
    start = Barrier(2)

    def take(staff_id: str) -> str:
        start.wait()
        with db.write() as session:
            alert = session.get_one(Alert, alert_id)
            try:
                alerts.acknowledge(session, alert, session.get_one(Staff, staff_id), now=now)
            except Refused as refused:
                return str(refused)
            return "mine"

    with ThreadPoolExecutor(2) as pool:
        for _ in range(RACES):
            said = sorted(pool.map(take, racers))
            assert said[1] == "mine"
            assert said[0] in {"Sample Sam has this already.", "Sample Pat has this already."}
            with db.write() as session:
                alert = session.get_one(Alert, alert_id)
                assert alert.acknowledged_by in racers
                alert.state, alert.acknowledged_by = alerts.NOTIFYING, None


def test_two_causes_at_once_make_one_alert(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _ = _somebody(session, now)
    start = Barrier(4)

    def cry(_: int) -> str:
        start.wait()
        with db.write() as session:
            return _red(session, patient, now).id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(cry, range(4)))) == 1


def test_acknowledged_and_forgotten_climbs_again_after_half_an_hour(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        alert = _red(session, patient, now)
        alerts.acknowledge(session, alert, people["worker"], now=now)
        moment, forgotten = now, None
        while forgotten is None and moment < now + HOUR:
            moment += 2 * SECOND
            if alert.due_at and alert.due_at <= moment and alerts.climb(session, now=moment):
                forgotten = moment
        assert forgotten is not None
        assert timedelta(0) <= forgotten - (now + 30 * MINUTE) <= 10 * SECOND
        assert alert.state == alerts.NOTIFYING and alert.acknowledged_by is None
        # Whoever forgot it hears of it, and so does the next person.
        assert _told(session, alert, forgotten) == {"Sample Sam", "Sample Kim"}
        assert _verbs(session, alert)[-3:] == ["fell back", "reminded", "told"]


def test_one_that_cannot_climb_keeps_no_other_down(any_room: Path, now: datetime) -> None:
    later = now + 6 * MINUTE
    with db.write() as session:
        patient, people = _somebody(session, now)
        other, _ = sample.patient(session, now=now, worker=people["worker"], chat_id="8")
        broken, whole = _red(session, patient, now), _red(session, other, now + SECOND)
        broken.ladder = {"no": "ladder"}  # type: ignore[assignment]
    with db.write() as session:
        assert alerts.climb(session, now=later) == 1
    with db.write() as session:
        due = [session.get_one(Alert, number).due_at for number in (broken.id, whole.id)]
        assert due[0] and due[1] and due[0] <= later < due[1]


@pytest.mark.parametrize("outcome", alerts.NOT_REACHED)
def test_no_answer_is_no_outcome(room: Path, now: datetime, outcome: str) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        alert = _red(session, patient, now)
        alerts.acknowledge(session, alert, people["worker"], now=now)
        alerts.record_outcome(session, alert, outcome, by=people["worker"], now=now + MINUTE)
        assert (alert.state, alert.outcome) == (alerts.NOTIFYING, outcome)
        assert _told(session, alert, now + MINUTE) == {"Sample Kim"}


def test_no_answer_in_the_night_goes_on_in_the_night(room: Path, now: datetime) -> None:
    night = now + 10 * HOUR
    with db.write() as session:
        patient, people = _somebody(session, now)
        alert = _red(session, patient, night)
        alerts.acknowledge(session, alert, people["worker"], now=night)
        later = night + MINUTE
        alerts.record_outcome(session, alert, "no answer", by=people["worker"], now=later)
        assert len(_told(session, alert, later)) == 3


@pytest.mark.parametrize("outcome", alerts.REACHED)
def test_contact_is_no_end_and_is_remembered_daily(room: Path, now: datetime, outcome: str) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        alert = _red(session, patient, now)
        alerts.acknowledge(session, alert, people["lead"], now=now)
        alerts.record_outcome(session, alert, outcome, by=people["lead"], now=now)
        for hour in range(1, 73):
            alerts.climb(session, now=now + hour * HOUR)
        assert alert.state == alerts.CONTACTED
        assert _verbs(session, alert).count("reminded") == 3
        assert _told(session, alert, now + DAY) == {"Sample Pat"}
        alerts.record_outcome(session, alert, "spoke", by=people["lead"], now=now + 80 * HOUR)
        assert alert.due_at == now + 104 * HOUR


def test_a_task_reminds_nobody_at_the_weekend(room: Path, now: datetime) -> None:
    friday = now + 2 * DAY
    with db.write() as session:
        patient, people = _somebody(session, now)
        alert = alerts.raise_(session, Cause(Colour.GREEN, "silence", patient.id), now=friday)
        alerts.record_outcome(session, alert, "spoke", by=people["worker"], now=friday)
        assert alerts.climb(session, now=friday + DAY) == 0
        assert alert.due_at == friday + 3 * DAY - HOUR
        assert alerts.climb(session, now=friday + 3 * DAY - HOUR) == 1


def test_only_a_person_with_a_reason_closes(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        alert = _red(session, patient, now)
        with pytest.raises(BadInput):
            alerts.close(session, alert, "bored", by=people["worker"], now=now)
        with pytest.raises(BadInput):
            alerts.record_outcome(session, alert, "shrugged", by=people["worker"], now=now)
        assert alert.state == alerts.NOTIFYING
        alerts.close(session, alert, "person is safe", by=people["lead"], now=now + MINUTE)
        assert (alert.state, alert.due_at) == (alerts.CLOSED, None)
        assert (alert.closed_by, alert.reason) == (people["lead"].id, "person is safe")
        assert alerts.open_for(session, patient.id) is None
        by = select(AuditRow.by).where(AuditRow.did == "closed", AuditRow.to_id == alert.id)
        assert session.scalars(by).all() == [people["lead"].id]


def test_what_is_closed_stays_closed(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        alert = _red(session, patient, now)
        alerts.close(session, alert, "false alarm", by=people["lead"], now=now)
        with pytest.raises(Refused):
            alerts.close(session, alert, "done", by=people["worker"], now=now)
        with pytest.raises(Refused):
            alerts.record_outcome(session, alert, "spoke", by=people["worker"], now=now)
        assert alerts.climb(session, now=now + DAY) == 0
        assert alert.closed_by == people["lead"].id
        assert _red(session, patient, now + DAY) is not alert


def test_closing_ends_the_sight_of_the_rung_and_calls_nobody_more(
    room: Path, now: datetime
) -> None:
    with db.write() as session:
        patient, people = _somebody(session, now)
        alert = _red(session, patient, now)
        alerts.climb(session, now=now + 5 * MINUTE)
        rung = select(Share).where(Share.role == permissions.RUNG, Share.until.is_(None))
        assert {s.staff_id for s in session.scalars(rung)} == {
            people["worker"].id,
            people["backup"].id,
        }
        alerts.close(session, alert, "done", by=people["worker"], now=now + 6 * MINUTE)
        assert session.scalars(rung).all() == []
        states = {row.state for row in _letters(session, "staff/alert-mail")}
        assert states == {outbox.DROPPED}


def test_references_are_never_given_twice(
    room: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["CCCCC", "CCCCC", "DDDDD"])
    monkeypatch.setattr("waiting_room.care.references.new_reference", lambda _: next(drawn))
    with db.write() as session:
        sample.team(session, now=now)
        kinds = [alerts.raise_(session, Cause(Colour.AMBER, kind), now=now) for kind in "ab"]
        assert [alert.reference for alert in kinds] == ["CCCCC", "DDDDD"]


def test_every_copy_carries_one_reference_and_no_name(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _ = _somebody(session, now)
        alert = _red(session, patient, now)
        alerts.climb(session, now=now + 5 * MINUTE)
        notices = _letters(session, "staff/alert-mail")
        assert Counter(row.values["ref"] for row in notices) == {alert.reference: 2}
        assert all(set(row.values) == {"ref", "colour", "link", "late"} for row in notices)
