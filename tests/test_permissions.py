"""Who may see whom: by a share that runs, by no other way, and never a relative."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import people as sample
from waiting_room import db, permissions
from waiting_room.care import alerts, conversations, referrals
from waiting_room.care.alerts import Cause
from waiting_room.care.colours import Colour
from waiting_room.errors import Forbidden, NotFound
from waiting_room.models import Kinship, Organisation, Patient, Share, Staff
from waiting_room.models.staff import ADMINISTRATOR, CASE_WORKER, COORDINATOR, EDITOR, ROLES

HOUR = timedelta(hours=1)


def _sees(session: Session, staff: Staff, now: datetime) -> list[str]:
    session.flush()
    return [p.name for p in session.scalars(permissions.patients_for(staff, now=now))]


def _patient(session: Session, now: datetime) -> Patient:
    """Somebody nobody may see yet."""
    patient = session.get_one(Patient, sample.referral(session, now=now).patient_id)
    for share in session.scalars(select(Share)):
        session.delete(share)
    session.flush()
    return patient


def _partner(session: Session) -> Organisation:
    partner = Organisation(name="Sample Partner")
    session.add(partner)
    session.flush()
    return partner


@pytest.mark.parametrize(
    ("act", "may"),
    [
        ("see patients", {ADMINISTRATOR, COORDINATOR, CASE_WORKER}),
        ("refer", {ADMINISTRATOR, COORDINATOR, CASE_WORKER}),
        ("assign", {ADMINISTRATOR, COORDINATOR}),
        ("look after staff", {ADMINISTRATOR, COORDINATOR}),
        ("set up", {ADMINISTRATOR}),
        ("edit words", {ADMINISTRATOR, COORDINATOR, EDITOR}),
    ],
)
def test_each_role_may_do_its_acts_and_no_others(
    room: Path, now: datetime, act: str, may: set[str]
) -> None:
    with db.write() as session:
        staff = sample.staff(session, now=now)
        for role in ROLES:
            staff.role, staff.is_active = role, True
            assert permissions.can(staff, act) is (role in may)
            if role not in may:
                with pytest.raises(Forbidden, match=act):
                    permissions.check(staff, act)
                continue
            permissions.check(staff, act)
            staff.is_active = False
            assert not permissions.can(staff, act)


def test_every_act_is_in_the_table_above() -> None:
    assert len(permissions.ACTS) == 6


def test_a_worker_sees_their_own_and_nobody_elses(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        sam, kim = (sample.staff(session, f"Sample {n}", now=now) for n in ("Sam", "Kim"))
        patient = _patient(session, now)
        assert _sees(session, sam, now) == []
        sample.lead_of(session, patient, sam, now=now)
        assert _sees(session, sam, now) == ["Sample Alex"]
        assert _sees(session, kim, now) == []
        assert permissions.patient_for(session, sam, patient.id, now=now) is patient


def test_not_yours_and_not_there_are_the_same_answer(room: Path, now: datetime) -> None:
    with db.write() as session:
        sam = sample.staff(session, now=now)
        patient = _patient(session, now)
        alert = alerts.raise_(session, Cause(Colour.GREEN, "silence", patient.id), now=now)
        permissions.end_share(session, patient.id, role=permissions.RUNG, now=now)
        said = set()
        for find, what in (
            (permissions.patient_for, patient.id),
            (permissions.patient_for, "nobody"),
            (permissions.alert_for, alert.id),
            (permissions.alert_for, "nothing"),
        ):
            with pytest.raises(NotFound) as refused:
                find(session, sam, what, now=now)
            said.add(str(refused.value))
        assert len(said) == 1


def test_the_intake_team_sees_until_somebody_is_assigned(room: Path, now: datetime) -> None:
    with db.write() as session:
        sam, kim = (sample.staff(session, f"Sample {n}", now=now) for n in ("Sam", "Kim"))
        guest = sample.staff(session, "Sample Guest", now=now)
        guest.organisation_id = _partner(session).id
        patient = session.get_one(Patient, sample.referral(session, now=now).patient_id)
        assert _sees(session, kim, now) == ["Sample Alex"]
        assert _sees(session, guest, now) == []
        referrals.assign(session, patient, sam, by="system", now=now)
        assert _sees(session, sam, now) == ["Sample Alex"]
        assert _sees(session, kim, now) == []


def test_a_coordinator_can_always_hand_over(room: Path, now: datetime) -> None:
    with db.write() as session:
        sam = sample.staff(session, now=now)
        pat = sample.staff(session, "Sample Pat", role=COORDINATOR, now=now)
        patient = session.get_one(Patient, sample.referral(session, now=now).patient_id)
        referrals.assign(session, patient, sam, by="system", now=now)
        assert _sees(session, pat, now) == ["Sample Alex"]


def test_a_partner_sees_whom_their_organisation_shares(room: Path, now: datetime) -> None:
    with db.write() as session:
        partner, patient = _partner(session), _patient(session, now)
        guest = sample.staff(session, "Sample Guest", now=now)
        guest.organisation_id = partner.id
        role = permissions.ADVISER
        for _ in range(2):
            permissions.share(
                session, patient.id, role=role, why="agreed", now=now, holder=partner.id
            )
        session.flush()
        assert len(session.scalars(select(Share)).all()) == 1
        assert _sees(session, guest, now) == ["Sample Alex"]
        permissions.end_share(session, patient.id, role=role, now=now + HOUR)
        assert _sees(session, guest, now + HOUR) == []


def test_a_share_runs_from_its_beginning_to_its_end(room: Path, now: datetime) -> None:
    with db.write() as session:
        sam, patient = sample.staff(session, now=now), _patient(session, now)
        share = Share(patient_id=patient.id, staff_id=sam.id, role="lead", why="", since=now + HOUR)
        share.until = now + 3 * HOUR
        session.add(share)
        seen = [bool(_sees(session, sam, now + n * HOUR)) for n in range(4)]
        assert seen == [False, True, True, False]


def test_only_the_share_of_this_reason_ends(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient = _patient(session, now)
        for name, why in (("Sam", "A1"), ("Kim", "A2")):
            who = sample.staff(session, f"Sample {name}", now=now)
            permissions.share(session, patient.id, role="rung", why=why, now=now, holder=who)
        session.flush()
        permissions.end_share(session, patient.id, role="rung", why="A1", now=now)
        left = session.scalars(select(Share).where(Share.until.is_(None))).all()
        assert [share.why for share in left] == ["A2"]


@pytest.mark.parametrize("role", ROLES)
def test_nobody_sees_themself_or_a_relative(room: Path, now: datetime, role: str) -> None:
    with db.write() as session:
        sam = sample.staff(session, role=role, now=now)
        patient = session.get_one(Patient, sample.referral(session, now=now).patient_id)
        sample.lead_of(session, patient, sam, now=now)
        alert = alerts.raise_(session, Cause(Colour.RED, "danger", patient.id), now=now)
        session.add(Kinship(staff_id=sam.id, patient_id=patient.id))
        assert _sees(session, sam, now) == []
        with pytest.raises(NotFound):
            permissions.alert_for(session, sam, alert.id, now=now)


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": EDITOR}])
def test_who_left_and_who_edits_sees_nobody(
    any_room: Path, now: datetime, change: dict[str, object]
) -> None:
    with db.write() as session:
        sam = sample.staff(session, now=now)
        patient = session.get_one(Patient, sample.referral(session, now=now).patient_id)
        sample.lead_of(session, patient, sam, now=now)
        alerts.raise_(session, Cause(Colour.RED, "danger", patient.id), now=now)
        alerts.raise_(session, Cause(Colour.AMBER, "gap in the rota"), now=now)
        for field, value in change.items():
            setattr(sam, field, value)
        assert _sees(session, sam, now) == []
        assert session.scalars(permissions.alerts_for(sam, now=now)).all() == []


def test_a_rung_sees_until_the_alert_is_closed(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        people = sample.team(session, now=now)
        patient, _ = sample.patient(session, now=now, worker=people["worker"])
        backup = people["backup"]
        assert _sees(session, backup, now) == []
        alert = alerts.raise_(session, Cause(Colour.RED, "danger", patient.id), now=now)
        later = now + 5 * timedelta(minutes=1)
        alerts.climb(session, now=later)
        assert _sees(session, backup, later) == ["Sample Alex"]
        assert permissions.alert_for(session, backup, alert.id, now=later) is alert
        alerts.close(session, alert, "done", by=backup, now=later)
        assert _sees(session, backup, later) == []
        assert _sees(session, people["worker"], later) == ["Sample Alex"]


def test_strangers_are_the_providers(room: Path, now: datetime) -> None:
    with db.write() as session:
        sam = sample.staff(session, now=now)
        guest = sample.staff(session, "Sample Guest", now=now)
        guest.organisation_id = _partner(session).id
        chat = conversations.address(session, "telegram", "1", now=now)
        cause = Cause(Colour.AMBER, "unknown person", None, chat.id)
        alert = alerts.raise_(session, cause, now=now)
        assert permissions.alert_for(session, sam, alert.id, now=now) is alert
        with pytest.raises(NotFound):
            permissions.alert_for(session, guest, alert.id, now=now)
