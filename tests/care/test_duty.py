"""Who stands where, who counts, and what we may promise about when somebody reads."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from tests import people as sample
from waiting_room import db
from waiting_room.care import duty, providers
from waiting_room.care.colours import Colour
from waiting_room.models import Organisation, Staff, StaffChannel
from waiting_room.models.staff import EDITOR

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def _names(people: list[Staff]) -> list[str]:
    return sorted(person.name.split()[-1] for person in people)


def _channel(session: Session, person: Staff) -> StaffChannel:
    return duty.channels_of(session, person.id)[0]


def test_each_stands_on_the_rung_they_were_put_on(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        people = sample.team(session, now=now)
        patient, _ = sample.patient(session, now=now, worker=people["worker"])
        found = {rung: duty.on_rung(session, rung, patient.id, now=now) for rung in providers.RUNGS}
        assert {rung: _names(who) for rung, who in found.items()} == {
            duty.WORKER: ["Sam"],
            duty.BACKUP: ["Kim"],
            duty.LEAD: ["Pat"],
            duty.ON_CALL: [],
            duty.EVERYBODY: ["Kim", "Pat", "Sam"],
        }


def test_a_stranger_has_no_worker(room: Path, now: datetime) -> None:
    with db.write() as session:
        sample.team(session, now=now)
        patient, _ = sample.patient(session, now=now)
        assert duty.on_rung(session, duty.WORKER, None, now=now) == []
        assert duty.on_rung(session, duty.WORKER, patient.id, now=now) == []


def test_a_turn_has_a_beginning_and_an_end(room: Path, now: datetime) -> None:
    with db.write() as session:
        sam = sample.staff(session, now=now)
        duty.stand(session, sam.id, duty.ON_CALL, since=now + HOUR, until=now + 3 * HOUR)
        there = [duty.on_rung(session, duty.ON_CALL, None, now=now + n * HOUR) for n in range(4)]
        assert [_names(who) for who in there] == [[], ["Sam"], ["Sam"], []]


def test_only_who_can_be_reached_and_may_see_counts(room: Path, now: datetime) -> None:
    with db.write() as session:
        for name in ("Sample Ann", "Sample Ben", "Sample Cat", "Sample Dee", "Sample Eve"):
            duty.stand(session, sample.staff(session, name, now=now).id, duty.LEAD, since=now)
        ann, ben, cat, dee, eve = sorted(
            duty.on_rung(session, duty.LEAD, None, now=now), key=lambda who: who.name
        )
        duty.away(session, ann.id, since=now, until=now + HOUR)
        ben.is_active = False
        duty.bury(session, _channel(session, cat).id, "blocked", now=now)
        dee.role = EDITOR
        assert duty.on_rung(session, duty.LEAD, None, now=now) == [eve]
        assert ann in duty.on_rung(session, duty.LEAD, None, now=now + HOUR)


def test_a_partner_is_not_of_the_team(room: Path, now: datetime) -> None:
    with db.write() as session:
        partner = Organisation(name="Sample Partner")
        session.add(partner)
        session.flush()
        sample.staff(session, "Sample Guest", now=now).organisation_id = partner.id
        assert duty.on_rung(session, duty.EVERYBODY, None, now=now) == []


def test_a_channel_dies_once_and_lives_again_when_proved(room: Path, now: datetime) -> None:
    with db.write() as session:
        sam = sample.staff(session, now=now)
        channel = _channel(session, sam)
        duty.bury(session, channel.id, "blocked " * 20, now=now)
        duty.bury(session, channel.id, "deactivated", now=now + HOUR)
        assert channel.dead_at == now and channel.dead_why.startswith("blocked")
        assert duty.channels_of(session, sam.id) == []
        duty.prove(session, channel, now=now + DAY)
        assert duty.channels_of(session, sam.id) == [channel]
        assert duty.bury(session, "no such channel", "gone", now=now) is None


def test_no_gap_while_two_can_be_reached(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        sample.team(session, now=now)
        assert duty.gap(session, now=now) is None


def test_the_gap_is_the_first_staffed_hour_without_two(room: Path, now: datetime) -> None:
    with db.write() as session:
        people = sample.team(session, now=now)
        friday = now + 2 * DAY
        duty.away(session, people["worker"].id, since=friday, until=friday + 9 * DAY)
        # From Saturday on; the first hour that matters is Monday's first.
        duty.away(session, people["lead"].id, since=friday + DAY, until=friday + 9 * DAY)
        assert duty.gap(session, now=now) == friday + 3 * DAY - HOUR


def test_a_gap_counts_only_proof_of_the_last_30_days(room: Path, now: datetime) -> None:
    with db.write() as session:
        people = sample.team(session, now=now)
        _channel(session, people["worker"]).proved_at = now - 30 * DAY
        assert duty.gap(session, now=now) is None
        _channel(session, people["lead"]).proved_at = None
        assert duty.gap(session, now=now) == now


def test_people_who_left_leave_a_gap(room: Path, now: datetime) -> None:
    with db.write() as session:
        people = sample.team(session, now=now)
        people["worker"].is_active = people["lead"].is_active = False
        assert duty.gap(session, now=now + 10 * HOUR) == now + 23 * HOUR


def test_a_room_without_staffed_hours_has_no_gap(room: Path, now: datetime) -> None:
    with db.write() as session:
        providers.here(session).staffed_hours = []
        assert duty.gap(session, now=now) is None


NINE_TOMORROW = "from 9am tomorrow, and not before"


@pytest.mark.parametrize(
    ("colour", "hours", "words"),
    [
        (Colour.RED, 0, "within 15 minutes"),
        (Colour.AMBER, 0, "within 90 minutes"),
        (Colour.GREEN, 0, "in the next working days"),
        (Colour.RED, 6.9, NINE_TOMORROW),  # 16:54, and the ladder needs 15 minutes
        (Colour.AMBER, 6, NINE_TOMORROW),
        (Colour.GREEN, 6.9, "in the next working days"),
        (Colour.RED, 10, NINE_TOMORROW),
        (Colour.GREEN, 10, NINE_TOMORROW),
    ],
)
def test_what_we_promise_is_what_the_ladder_keeps(
    room: Path, now: datetime, colour: Colour, hours: float, words: str
) -> None:
    with db.write() as session:
        assert duty.when_read(session, colour, now=now + hours * HOUR) == words


def test_on_call_lets_us_promise_at_night(room: Path, now: datetime) -> None:
    with db.write() as session:
        sam = sample.staff(session, now=now)
        duty.stand(session, sam.id, duty.ON_CALL, since=now)
        night = now + 10 * HOUR
        assert duty.when_read(session, Colour.RED, now=night) == "within 15 minutes"
        assert duty.when_read(session, Colour.GREEN, now=night) == NINE_TOMORROW


def test_long_waits_are_promised_in_hours(room: Path, now: datetime) -> None:
    with db.write() as session:
        ladders = {"amber": [{"rung": duty.EVERYBODY, "minutes": 95}]}
        providers.here(session).ladders = ladders
        assert duty.when_read(session, Colour.AMBER, now=now) == "within 2 hours"
        assert duty.when_read(session, Colour.RED, now=now) == "within 15 minutes"
