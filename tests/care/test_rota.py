"""Who is down for which rung, and who is away."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests import people
from waiting_room import db
from waiting_room.care import duty, rota
from waiting_room.errors import BadInput, NotFound, Refused
from waiting_room.models import Staff

HOUR = timedelta(hours=1)


@pytest.fixture
def sam(room: Path, now: datetime) -> Staff:
    """A worker who can be reached."""
    with db.write() as session:
        return people.staff(session, now=now)


def on_backup(now: datetime) -> list[str]:
    """The ids of those on the backup rung."""
    with db.read() as session:
        return [person.id for person in duty.on_rung(session, duty.BACKUP, None, now=now)]


def test_a_person_is_put_on_a_rung_once_and_taken_off(sam: Staff, now: datetime) -> None:
    with db.write() as session:
        rota.put_on(session, sam.id, duty.BACKUP, by="test", now=now)
        rota.put_on(session, sam.id, duty.BACKUP, by="test", now=now + HOUR)
        (turn,) = rota.turns(session, now=now + HOUR)[sam.id]
    assert on_backup(now) == [sam.id]
    with pytest.raises(Refused, match="Nobody else"), db.write() as session:
        rota.take_off(session, turn.id, by="test", now=now + HOUR)
    with db.write() as session:
        kim = people.staff(session, "Sample Kim", now=now)
        rota.put_on(session, kim.id, duty.BACKUP, by="test", now=now)
        rota.take_off(session, turn.id, by="test", now=now + HOUR)
        assert set(rota.turns(session, now=now + HOUR)) == {kim.id}
    assert on_backup(now + HOUR) == [kim.id]


@pytest.mark.parametrize("rung", ["worker", "everybody", "boss", ""])
def test_only_some_rungs_are_stood_on(sam: Staff, now: datetime, rung: str) -> None:
    with pytest.raises(BadInput), db.write() as session:
        rota.put_on(session, sam.id, rung, by="test", now=now)


def test_nobody_counts_on_a_person_who_is_away_until_they_take_it_back(
    sam: Staff, now: datetime
) -> None:
    with db.write() as session:
        rota.put_on(session, sam.id, duty.BACKUP, by="test", now=now)
        rota.be_away(session, sam.id, now, now + HOUR)
    assert on_backup(now) == []
    with db.write() as session:
        (absence,) = rota.absences(session, sam.id, now=now)
        assert rota.absences(session, sam.id, now=now + HOUR) == []
        rota.be_back(session, sam.id, absence.id)
    assert on_backup(now) == [sam.id]


def test_an_absence_ends_after_it_starts_and_belongs_to_one_person(
    sam: Staff, now: datetime
) -> None:
    with pytest.raises(BadInput) as refused, db.write() as session:
        rota.be_away(session, sam.id, now, now)
    assert refused.value.field == "until"
    with db.write() as session:
        rota.be_away(session, sam.id, now, now + HOUR)
        (absence,) = rota.absences(session, sam.id, now=now)
    with pytest.raises(NotFound), db.write() as session:
        rota.be_back(session, "somebody else", absence.id)


def test_a_turn_that_is_not_there_is_said_so(sam: Staff, now: datetime) -> None:
    with pytest.raises(NotFound), db.write() as session:
        rota.take_off(session, "nothing", by="test", now=now)
