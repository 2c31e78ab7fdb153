"""Taking people in, letting them back in, letting them go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import select

from tests import people
from waiting_room import db
from waiting_room.care import duty, one_time_codes, sign_ins, staff
from waiting_room.errors import BadForm, Forbidden, NotFound, Refused
from waiting_room.models import AuditRow, Staff, StaffChannel
from waiting_room.models.staff import ADMINISTRATOR, CASE_WORKER, COORDINATOR

WALL = datetime(2026, 11, 25, 10, 0, 5, tzinfo=UTC)
SECRET = one_time_codes.new_secret()


def add(now: datetime, *, name: str = "Sample Robin", role: str = CASE_WORKER) -> tuple[Staff, str]:
    """Somebody new, and their welcome token."""
    email = f"{name.split()[-1].lower()}@example.org"
    with db.write() as session:
        person = staff.add(session, name=name, email=email, role=role, by="test", now=now)
        return person, staff.welcome_link(session, person, wall=WALL)


def welcome(token: str, now: datetime, *, code: str = "", wall: datetime = WALL) -> Staff:
    """Use the link with a password hash and the app's code of that moment."""
    chosen = staff.Credentials("kept", SECRET, code or pyotp.TOTP(SECRET).at(wall))
    with db.write() as session:
        return staff.welcome(session, token, chosen, now=now, wall=wall)


def test_a_new_person_has_a_mail_channel_nobody_counts_on_yet(room: Path, now: datetime) -> None:
    person, _ = add(now)
    with db.read() as session:
        channel = session.scalars(select(StaffChannel)).one()
    assert (channel.staff_id, channel.kind, channel.place) == (person.id, "email", person.email)
    assert channel.proved_at is None
    assert b"robin" not in (channel.place_sealed or b"")


def test_name_and_address_are_tidied(room: Path, now: datetime) -> None:
    with db.write() as session:
        given = {"name": "  Sample   Robin ", "email": " Robin@Example.ORG ", "role": CASE_WORKER}
        person = staff.add(session, **given, by="test", now=now)
        assert (person.name, person.email) == ("Sample Robin", "robin@example.org")
        assert staff.by_email(session, "ROBIN@example.org ") is person


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("name", "x" * 201),
        ("email", "robin"),
        ("email", "robin@localhost"),
        ("email", "a b@example.org"),
        ("email", "ROBIN@example.org"),
        ("role", "boss"),
    ],
)
def test_what_is_wrong_is_named(room: Path, now: datetime, field: str, value: str) -> None:
    add(now)
    given = {"name": "Sample Sam", "email": "sam@example.org", "role": CASE_WORKER, field: value}
    with pytest.raises(BadForm) as refused, db.write() as session:
        staff.add(session, **given, by="test", now=now)
    assert list(refused.value.problems) == [field]


def test_a_welcome_link_sets_password_and_app_and_works_once(room: Path, now: datetime) -> None:
    person, token = add(now)
    settled = welcome(token, now)
    assert (settled.id, settled.password_hash, settled.totp) == (person.id, "kept", SECRET)
    with pytest.raises(NotFound):
        welcome(token, now)


def test_the_code_that_proved_the_app_does_not_sign_in_again(room: Path, now: datetime) -> None:
    person, token = add(now)
    welcome(token, now)
    with db.write() as session:
        assert not sign_ins.use_code(session, person.id, pyotp.TOTP(SECRET).at(WALL), wall=WALL)


def test_a_wrong_code_leaves_the_link_good(room: Path, now: datetime) -> None:
    _, token = add(now)
    with pytest.raises(BadForm) as refused:
        welcome(token, now, code="000000")
    assert list(refused.value.problems) == ["code"]
    assert welcome(token, now).totp == SECRET


def test_a_welcome_link_lives_a_day(room: Path, now: datetime) -> None:
    _, token = add(now)
    with pytest.raises(NotFound):
        welcome(token, now, wall=WALL + timedelta(hours=24))
    assert welcome(token, now, wall=WALL + timedelta(hours=23))


def test_a_reset_forgets_password_and_app_ends_sessions_and_older_links(
    room: Path, now: datetime
) -> None:
    person, token = add(now)
    welcome(token, now)
    with db.write() as session:
        seat = sign_ins.begin(session, person, now=now, wall=WALL)
        link = staff.one_time_sign_in(session, person, wall=WALL)
        fresh = staff.reset(session, person, by="test", now=now, wall=WALL)
    with db.read() as session:
        found = staff.find(session, person.id)
        assert (found.password_hash, found.totp) == ("", None)
        assert sign_ins.who(session, seat, wall=WALL) is None
    with pytest.raises(NotFound), db.write() as session:
        sign_ins.with_link(session, link, now=now, wall=WALL)
    later = WALL + timedelta(minutes=1)
    assert welcome(fresh, now, wall=later).totp == SECRET


def test_a_new_password_signs_out_every_other_browser(room: Path, now: datetime) -> None:
    person, _ = add(now)
    with db.write() as session:
        here = sign_ins.begin(session, person, now=now, wall=WALL)
        there = sign_ins.begin(session, person, now=now, wall=WALL)
        staff.change_password(session, person, password_hash="new", token=here, now=now)
        assert sign_ins.who(session, here, wall=WALL)
        assert not sign_ins.who(session, there, wall=WALL)
        assert staff.find(session, person.id).password_hash == "new"


def test_a_disabled_person_has_no_link_and_stands_on_no_rung(room: Path, now: datetime) -> None:
    person, token = add(now)
    with db.write() as session:
        duty.stand(session, person.id, duty.BACKUP, since=now)
        staff.disable(session, person, by="test", now=now, wall=WALL)
        assert duty.on_rung(session, duty.BACKUP, None, now=now) == []
    with pytest.raises(NotFound):
        welcome(token, now)
    with db.write() as session:
        staff.enable(session, person, by="test", now=now)
        assert [p.id for p in duty.on_rung(session, duty.BACKUP, None, now=now)] == [person.id]


def test_nobody_disables_themself_or_the_last_administrator(room: Path, now: datetime) -> None:
    first, _ = add(now, role=ADMINISTRATOR)
    with pytest.raises(Refused), db.write() as session:
        staff.disable(session, first, by=first.id, now=now, wall=WALL)
    with pytest.raises(Refused), db.write() as session:
        staff.disable(session, first, by="test", now=now, wall=WALL)
    add(now, name="Sample Sam", role=ADMINISTRATOR)
    with db.write() as session:
        staff.disable(session, first, by="test", now=now, wall=WALL)


def test_a_coordinator_reaches_everybody_but_administrators(room: Path, now: datetime) -> None:
    with db.write() as session:
        coordinator = people.staff(session, "Sample Kim", role=COORDINATOR, now=now)
        worker = people.staff(session, "Sample Sam", now=now)
    staff.check_reach(coordinator, CASE_WORKER)
    staff.check_reach(coordinator, COORDINATOR)
    with pytest.raises(Forbidden):
        staff.check_reach(coordinator, ADMINISTRATOR)
    with pytest.raises(Forbidden):
        staff.check_reach(worker, CASE_WORKER)


def test_every_act_is_recorded_with_who_did_it(room: Path, now: datetime) -> None:
    person, token = add(now)
    welcome(token, now)
    with db.write() as session:
        staff.reset(session, person, by="test", now=now, wall=WALL)
        staff.disable(session, person, by="test", now=now, wall=WALL)
        staff.enable(session, person, by="test", now=now)
        rows = session.execute(
            select(AuditRow.by, AuditRow.did).where(AuditRow.to_id == person.id)
        ).all()
    assert [tuple(row) for row in rows] == [
        ("test", "added staff"),
        (person.id, "set password"),
        ("test", "reset staff"),
        ("test", "disabled staff"),
        ("test", "enabled staff"),
    ]


def test_those_who_left_stand_last(room: Path, now: datetime) -> None:
    first, _ = add(now, name="Sample Ada")
    add(now, name="Sample Zoe")
    with db.write() as session:
        staff.disable(session, first, by="test", now=now, wall=WALL)
        assert [p.name for p in staff.everybody(session)] == ["Sample Zoe", "Sample Ada"]
