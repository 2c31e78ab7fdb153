"""Two who decide the same thing at the same moment, in two processes: the second sees what the
first one did."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests import people as sample
from waiting_room import clock, db, permissions
from waiting_room.care import alerts, erasure, inbox, invitations, referrals, staff
from waiting_room.care.colours import Colour
from waiting_room.errors import Refused
from waiting_room.models import Invitation, Patient, Referral, Share, Staff
from waiting_room.models.staff import ADMINISTRATOR

pytestmark = pytest.mark.postgres
RACES = 15
Act = Callable[[Session], object]


def at_once(*acts: Act) -> list[str]:
    """What came of each: "done" or the words of a refusal."""
    start = threading.Barrier(len(acts))

    def run(act: Act) -> str:
        start.wait()
        try:
            with db.write() as session:
                act(session)
        except Refused as refused:
            return str(refused)
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def between(first: Act, second: Act) -> str:
    """What comes of the second while the first is done and not stored yet."""
    done, said = threading.Event(), []

    def run() -> None:
        done.wait(10)
        said.extend(at_once(second))

    thread = threading.Thread(target=run)
    thread.start()
    with db.write() as session:
        first(session)
        session.flush()
        done.set()
        thread.join(0.4)
    thread.join(10)
    return said[0]


def somebody(now: datetime, number: int = 0) -> tuple[str, str]:
    """A person who waits, and their referral."""
    with db.write() as session:
        patient, _ = sample.patient(session, now=now, chat_id=str(7_234_000_000 + number))
        referral = referrals.open_one(session, patient.id)
        assert referral is not None
        return patient.id, referral.id


def test_a_person_assigned_twice_at_once_has_one_worker(postgres_room: Path, now: datetime) -> None:
    with db.write() as session:
        team = [person.id for person in sample.team(session, now=now).values()]

    def assign(patient_id: str, staff_id: str) -> Act:
        def act(session: Session) -> None:
            patient, worker = session.get_one(Patient, patient_id), session.get_one(Staff, staff_id)
            referrals.assign(session, patient, worker, by="test", now=now)

        return act

    for number in range(RACES):
        patient_id, _ = somebody(now, number)
        at_once(assign(patient_id, team[0]), assign(patient_id, team[1]))
        with db.read() as session:
            mine = (Share.patient_id == patient_id, Share.role == permissions.LEAD)
            lead = select(func.count()).where(*mine, Share.until.is_(None))
            assert session.scalar(lead) == 1


def test_what_was_closed_is_not_opened_by_somebody_who_had_not_seen_it(
    postgres_room: Path, now: datetime
) -> None:
    for number in range(RACES):
        _, referral_id = somebody(now, number)

        def close(session: Session, at: str = referral_id) -> None:
            referral = session.get_one(Referral, at)
            referrals.close(session, referral, reason="helped", by="test", now=now)

        def support(session: Session, at: str = referral_id) -> None:
            referral = session.get_one(Referral, at)
            referrals.move(session, referral, referrals.SUPPORTED, by="test", now=now)

        at_once(close, support)
        with db.read() as session:
            assert session.get_one(Referral, referral_id).state == referrals.CLOSED


def test_of_two_invitations_at_once_one_lives(postgres_room: Path, now: datetime) -> None:
    for number in range(RACES):
        _, referral_id = somebody(now, number)

        def invite(session: Session, at: str = referral_id) -> None:
            referral = session.get_one(Referral, at)
            invitations.invite(session, referral, by="test", now=now)

        at_once(invite, invite)
        with db.read() as session:
            mine = (Invitation.referral_id == referral_id, Invitation.used_at.is_(None))
            living = select(func.count()).where(*mine, Invitation.revoked_at.is_(None))
            assert session.scalar(living) == 1


def test_two_administrators_who_disable_each_other_leave_one(
    postgres_room: Path, now: datetime
) -> None:
    with db.write() as session:
        kim = sample.staff(session, "Sample Kim", role=ADMINISTRATOR, now=now).id
        pat = sample.staff(session, "Sample Pat", role=ADMINISTRATOR, now=now).id

    def disable(whom: str, by: str) -> Act:
        def act(session: Session) -> None:
            person = session.get_one(Staff, whom)
            staff.disable(session, person, by=by, now=now, wall=clock.wall())

        return act

    for _ in range(RACES):
        said = at_once(disable(kim, pat), disable(pat, kim))
        assert sorted(said)[1] == "done" and sorted(said)[0].startswith("This is the only")
        with db.write() as session:
            for person in (kim, pat):
                session.get_one(Staff, person).is_active = True


def test_nobody_is_forgotten_while_an_alert_about_them_is_being_raised(
    postgres_room: Path, now: datetime
) -> None:
    patient_id, _ = somebody(now)

    def cry(session: Session) -> None:
        alerts.raise_(session, alerts.Cause(Colour.RED, "danger", patient_id), now=now)

    said = between(cry, lambda session: erasure.erase(session, patient_id, by="test", now=now))
    assert "Close it first" in said


def test_nobody_is_forgotten_while_they_say_yes(postgres_room: Path, now: datetime) -> None:
    with db.write() as session:
        referral = sample.referral(session, now=now)
        referral_id, patient_id = referral.id, referral.patient_id
    later = now + timedelta(days=31)

    def accept(session: Session) -> None:
        referral = session.get_one(Referral, referral_id)
        referrals.accept(session, referral, by=patient_id, now=later)

    between(accept, lambda session: erasure.forget_overdue(session, now=later))
    with db.read() as session:
        assert session.get_one(Patient, patient_id).erased_at is None
        assert session.get_one(Referral, referral_id).state == referrals.WAITING


def test_nobody_tries_a_held_update_while_another_hangs_on_it(
    postgres_room: Path, now: datetime
) -> None:
    with db.write() as session:
        row = inbox.row("patients", 1, b"{}", chat_hash="a" * 32, now=now)
        inbox.keep(session, [row], now=now)
        inbox.hold(session, row.id, tries=1, until=now)
    counted: list[bool] = []
    later = {"now": now + timedelta(seconds=30), "until": now + timedelta(seconds=35)}

    def hang(session: Session) -> None:
        assert inbox.one(session, row.id) is not None

    between(hang, lambda session: counted.append(inbox.try_again(session, row.id, **later)))
    assert counted == [False]
    with db.write() as session:
        assert inbox.try_again(session, row.id, **later)
