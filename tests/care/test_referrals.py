"""A referral from its receipt to its end, and who may see the person meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import people as sample
from waiting_room import db, permissions
from waiting_room.care import alerts, arrivals, danger, providers, referrals
from waiting_room.care.intake import Intake
from waiting_room.errors import BadInput, Refused
from waiting_room.models import Alert, AuditRow, Kinship, Patient, Referral, Share
from waiting_room.models.staff import EDITOR

DAY = timedelta(days=1)


def _patient(session: Session, referral: Referral) -> Patient:
    return session.get_one(Patient, referral.patient_id)


def test_a_referral_is_kept_with_everything_it_said(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        referral = sample.referral(session, now=now, nation="wales", language="cy")
        patient = _patient(session, referral)
        assert (referral.state, referral.needs) == (referrals.RECEIVED, ["loneliness"])
        assert referral.reason == sample.INTAKE["reason"]
        assert (patient.name, patient.birth_date) == ("Sample Alex", "1958-03-27")
        assert (patient.phone, patient.area) == ("+447700900123", "LS6")
        assert (patient.nation, patient.language) == ("wales", "cy")
        assert patient.time_zone == providers.here(session).time_zone
        assert len(referral.reference) == 6
        acts = session.scalars(select(AuditRow.did).where(AuditRow.to_id == referral.id)).all()
        assert acts == ["referred"]


def test_until_somebody_is_assigned_the_whole_team_sees_them(room: Path, now: datetime) -> None:
    with db.write() as session:
        people = sample.team(session, now=now)
        patient = _patient(session, sample.referral(session, now=now))

        def sees(name: str) -> bool:
            seen = permissions.patients_for(people[name], now=now)
            return patient in session.scalars(seen).all()

        assert sees("worker") and sees("backup")
        referrals.assign(session, patient, people["worker"], by="system", now=now)
        assert sees("worker") and not sees("backup")
        assert referrals.worker_of(session, patient.id, now=now) == people["worker"]
        referrals.assign(session, patient, people["backup"], by="system", now=now)
        assert sees("backup") and not sees("worker")
        assert referrals.worker_of(session, patient.id, now=now) == people["backup"]


def test_a_relative_or_an_editor_is_nobodys_case_worker(room: Path, now: datetime) -> None:
    with db.write() as session:
        people = sample.team(session, now=now)
        patient = _patient(session, sample.referral(session, now=now))
        session.add(Kinship(staff_id=people["worker"].id, patient_id=patient.id))
        people["backup"].role = EDITOR
        people["lead"].is_active = False
        for person in people.values():
            with pytest.raises(Refused):
                referrals.assign(session, patient, person, by="system", now=now)
        shares = session.scalars(select(Share).where(Share.until.is_(None))).all()
        assert permissions.LEAD not in {share.role for share in shares}


def test_waiting_begins_with_their_yes_and_support_with_a_worker(room: Path, now: datetime) -> None:
    with db.write() as session:
        worker = sample.staff(session, now=now)
        referral = sample.referral(session, now=now)
        referrals.accept(session, referral, by="system", now=now + DAY)
        assert (referral.state, referral.accepted_at) == (referrals.WAITING, now + DAY)
        assert referral.due_at is None
        referrals.assign(session, _patient(session, referral), worker, by="system", now=now)
        assert referral.state == referrals.SUPPORTED


def test_who_has_a_worker_already_is_supported_at_their_yes(room: Path, now: datetime) -> None:
    with db.write() as session:
        worker = sample.staff(session, now=now)
        referral = sample.referral(session, now=now)
        referrals.assign(session, _patient(session, referral), worker, by="system", now=now)
        assert referral.state == referrals.RECEIVED
        referrals.accept(session, referral, by="system", now=now)
        assert referral.state == referrals.SUPPORTED


def test_assigning_somebody_whose_referral_has_ended_moves_nothing(
    room: Path, now: datetime
) -> None:
    with db.write() as session:
        worker = sample.staff(session, now=now)
        referral = sample.referral(session, now=now)
        referrals.close(session, referral, reason="not needed", by="system", now=now)
        referrals.assign(session, _patient(session, referral), worker, by="system", now=now)
        assert referral.state == referrals.CLOSED


def test_a_referral_closes_with_a_reason_from_the_list(room: Path, now: datetime) -> None:
    with db.write() as session:
        referral = sample.referral(session, now=now)
        with pytest.raises(BadInput):
            referrals.close(session, referral, reason="tired", by="system", now=now)
        referrals.close(session, referral, reason="moved away", by="system", now=now)
        assert (referral.state, referral.reason_code) == (referrals.CLOSED, "moved away")
        with pytest.raises(Refused, match="closed; it cannot become waiting"):
            referrals.move(session, referral, referrals.WAITING, by="system", now=now)
        assert referrals.open_one(session, referral.patient_id) is None


def test_the_story_of_the_wait_is_told_in_days(room: Path, now: datetime) -> None:
    with db.write() as session:
        people = sample.team(session, now=now)
        providers.here(session).expected_wait = "6 to 8 weeks"
        referral = sample.referral(session, now=now - 10 * DAY)
        patient = _patient(session, referral)
        wait = referrals.wait_of(session, patient, now=now)
        assert wait is not None and not wait.has_worker
        assert (wait.referred_on, wait.holder) == ("Sunday 15 November 2026", "Sample Provider")
        referrals.accept(session, referral, by="system", now=now - 3 * DAY)
        referrals.assign(session, patient, people["worker"], by="system", now=now)
        wait = referrals.wait_of(session, patient, now=now)
        assert wait is not None and wait.has_worker
        assert (wait.waiting_since, wait.holder) == ("Sunday 22 November 2026", "Sample Sam")
        assert (wait.source, wait.range) == ("gp", "6 to 8 weeks")
        referrals.close(session, referral, reason="helped", by="system", now=now)
        assert referrals.wait_of(session, patient, now=now) is None


def test_nobody_accepted_in_30_days_is_overdue(room: Path, now: datetime) -> None:
    with db.write() as session:
        late = sample.referral(session, now=now)
        accepted = sample.referral(session, now=now, name="Sample Kay")
        referrals.accept(session, accepted, by="system", now=now)
        assert referrals.overdue(session, now=now + 30 * DAY - timedelta(seconds=1)) == []
        assert referrals.overdue(session, now=now + 30 * DAY) == [late]
        assert not referrals.was_accepted(session, late.patient_id)
        assert referrals.was_accepted(session, accepted.patient_id)


def test_a_referral_from_outside_is_a_task_for_somebody(room: Path, now: datetime) -> None:
    with db.write() as session:
        sample.team(session, now=now)
        intake = Intake(**sample.INTAKE)
        referral = arrivals.arrive(session, intake, by="system", now=now)
        alert = session.scalars(select(Alert)).one()
        assert (alert.colour, alert.kind) == ("green", arrivals.NEW_REFERRAL)
        assert alerts.events(session, alert)[0].cause_id == referral.id


@pytest.mark.parametrize("field", ["reason", "risks", "reach"])
def test_words_of_danger_in_a_referral_raise_what_they_would_in_a_message(
    room: Path, now: datetime, field: str
) -> None:
    with db.write() as session:
        sample.team(session, now=now)
        words = {field: "She says she wants to kill herself tonight."}
        intake = Intake(**sample.INTAKE | words)
        referral = arrivals.arrive(session, intake, by="system", now=now)
        alert = session.scalars(select(Alert)).one()
        assert (alert.colour, alert.patient_id) == ("red", referral.patient_id)
        assert alert.kind.startswith(arrivals.IN_A_REFERRAL)
        joined = [e.details["kind"] for e in alerts.events(session, alert) if e.details]
        assert joined == [alert.kind, arrivals.NEW_REFERRAL]


def test_a_referral_the_screen_breaks_on_brings_a_person(
    room: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no rules")

    monkeypatch.setattr(danger, "screen", broken)
    with db.write() as session:
        arrivals.arrive(session, Intake(**sample.INTAKE), by="system", now=now)
        assert session.scalars(select(Alert)).one().colour == "amber"


def test_whether_it_is_safe_to_message_outlives_the_referral(room: Path, now: datetime) -> None:
    with db.write() as session:
        referral = sample.referral(session, now=now, safe_to_message=False)
        assert not referrals.is_safe_to_message(session, referral.patient_id)
        referrals.close(session, referral, reason="helped", by="system", now=now)
        assert not referrals.is_safe_to_message(session, referral.patient_id)
