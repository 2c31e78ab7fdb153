"""The day's list: who is on it, in which order, and who may see it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from tests import people as sample
from waiting_room import db, permissions
from waiting_room.care import alerts, arrivals, caseload, conversations, messages, people, referrals
from waiting_room.care.colours import Colour
from waiting_room.care.conversations import Said
from waiting_room.care.intake import Intake
from waiting_room.models import Kinship, Message, Patient, Staff, new_id
from waiting_room.models.staff import COORDINATOR, EDITOR


def _alert(session: Session, colour: Colour, patient_id: str | None, now: datetime) -> str:
    cause = alerts.Cause(colour, f"{colour} cause", patient_id)
    return alerts.raise_(session, cause, now=now).reference


def _person(session: Session, name: str, now: datetime, worker: Staff | None = None) -> Patient:
    chat = f"chat of {name}"
    return sample.patient(session, now=now, chat_id=chat, name=name, worker=worker)[0]


def _says(session: Session, patient: Patient, text: str, now: datetime) -> Message:
    chat = people.addresses(session, patient.id)[0]
    message = conversations.said(session, chat, Said("text", text, new_id(), now), now=now)
    messages.for_worker(message)
    session.flush()
    return message


def test_red_comes_first_then_late_then_old(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        sam = sample.team(session, now=now)["worker"]
        who = [_person(session, f"Sample {n}", now, sam).id for n in ("A", "B", "C", "D")]
        green = _alert(session, Colour.GREEN, who[0], now - timedelta(hours=3))
        amber = _alert(session, Colour.AMBER, who[1], now - timedelta(minutes=20))
        late = _alert(session, Colour.AMBER, who[2], now - timedelta(minutes=31))
        red = _alert(session, Colour.RED, who[3], now)
        # Each minute, as the tick does: a step nobody took in time is late by itself.
        for minutes in range(180, -1, -1):
            alerts.climb(session, now=now - timedelta(minutes=minutes))
        session.flush()
        shown = caseload.open_alerts(session, sam, now=now)
        assert [row.alert.reference for row in shown] == [red, late, amber, green]
        assert [row.is_late for row in shown] == [False, True, False, False]


def test_a_closed_alert_is_not_on_the_list(room: Path, now: datetime) -> None:
    with db.write() as session:
        sam = sample.team(session, now=now)["worker"]
        patient = _person(session, "Sample A", now, sam)
        alert = alerts.raise_(session, alerts.Cause(Colour.RED, "life", patient.id), now=now)
        alerts.acknowledge(session, alert, sam, now=now)
        assert caseload.open_alerts(session, sam, now=now)[0].holder == sam
        alerts.close(session, alert, "person is safe", by=sam, now=now)
        assert caseload.open_alerts(session, sam, now=now) == []
        assert not caseload.one_alert(session, alert, now=now).is_late


def test_an_alert_of_a_stranger_is_everybodys(room: Path, now: datetime) -> None:
    with db.write() as session:
        sam = sample.team(session, now=now)["worker"]
        chat = conversations.address(session, "telegram", "9", now=now)
        cause = alerts.Cause(Colour.AMBER, "unknown person", address_id=chat.id)
        alerts.raise_(session, cause, now=now)
        row = caseload.open_alerts(session, sam, now=now)[0]
        assert row.patient is None and row.address is chat


def test_the_longest_wait_comes_first_with_its_next_step(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        team = sample.team(session, now=now)
        old, newer = now - timedelta(days=30), now - timedelta(days=2)
        joined = _person(session, "Sample Old", old)
        sample.referral(session, name="Sample New", now=newer)
        mine = _person(session, "Sample Mine", now - timedelta(days=9), team["worker"])
        rows = caseload.waiting(session, team["worker"], now=now)
        assert [row.patient.name for row in rows] == ["Sample Old", "Sample New"]
        assert [row.step for row in rows] == [caseload.ASSIGN, caseload.INVITE]
        assert rows[0].patient == joined and rows[0].worker is None
        kept = caseload.supported(session, team["worker"], now=now)
        assert [(row.patient, row.step) for row in kept] == [(mine, caseload.TALK)]
        assert kept[0].worker == team["worker"]


def test_nobody_sees_a_colleagues_person_or_a_relative(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        team = sample.team(session, now=now)
        patient = _person(session, "Sample Abi", now, team["backup"])
        _says(session, patient, "Can you ring me?", now)
        cousin = sample.referral(session, name="Sample Cousin", now=now)
        session.add(Kinship(id=new_id(), staff_id=team["worker"].id, patient_id=cousin.patient_id))
        session.flush()
        for look in (caseload.waiting, caseload.supported, caseload.unread):
            assert look(session, team["worker"], now=now) == []
        assert caseload.find(session, team["worker"], "Sample", now=now) == []
        assert caseload.find(session, team["backup"], "Sample Abi", now=now) == [patient]


def test_an_editor_has_no_list(room: Path, now: datetime) -> None:
    with db.write() as session:
        editor = sample.staff(session, "Sample Ed", role=EDITOR, now=now)
        sample.referral(session, now=now)
        assert caseload.waiting(session, editor, now=now) == []


def test_unread_words_wait_with_the_oldest_first(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        sam = sample.team(session, now=now)["worker"]
        one, two = (
            _person(session, "Sample One", now, sam),
            _person(session, "Sample Two", now, sam),
        )
        _says(session, two, "Hello?", now - timedelta(hours=2))
        _says(session, one, "A question", now - timedelta(hours=1))
        newest = _says(session, two, "Are you there?", now)
        rows = caseload.unread(session, sam, now=now)
        assert [(row.patient, row.count) for row in rows] == [(two, 2), (one, 1)]
        assert rows[0].newest == newest
        messages.mark_read(session, two.id, by=sam.id, now=now)
        assert [row.patient for row in caseload.unread(session, sam, now=now)] == [one]


def test_the_version_changes_with_alerts_and_words(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        sam = sample.team(session, now=now)["worker"]
        patient = _person(session, "Sample A", now, sam)
        versions = [caseload.version(session, sam, now=now)]
        alert = alerts.raise_(session, alerts.Cause(Colour.RED, "life", patient.id), now=now)
        versions.append(caseload.version(session, sam, now=now))
        alerts.acknowledge(session, alert, sam, now=now)
        versions.append(caseload.version(session, sam, now=now))
        _says(session, patient, "Thank you", now)
        versions.append(caseload.version(session, sam, now=now))
        alerts.close(session, alert, "done", by=sam, now=now)
        versions.append(caseload.version(session, sam, now=now))
        assert len(set(versions)) == 5
        assert caseload.version(session, sam, now=now) == versions[-1]


def test_people_are_found_by_what_a_caller_says(room: Path, now: datetime) -> None:
    with db.write() as session:
        sam = sample.team(session, now=now)["worker"]
        number = {"nhs_number": "9990000018", "phone": "+447700900456"}
        referral = sample.referral(session, name="Sample Zoë O'Neill", now=now, **number)
        for words in ("zoe", "sam", "neill sample", "27/3/1958", "07700 900456", "999 000 0018"):
            found = caseload.find(session, sam, words, now=now)
            assert [p.id for p in found] == [referral.patient_id], words
        for words in ("", "   ", "Nobody", "28/3/1958", "zoe nobody", "%", "07700 900999"):
            assert caseload.find(session, sam, words, now=now) == []
        by_reference = caseload.find(session, sam, referral.reference.lower(), now=now)
        assert [p.id for p in by_reference] == [referral.patient_id]


def test_look_alikes_out_of_sight_are_only_counted(room: Path, now: datetime) -> None:
    with db.write() as session:
        team = sample.team(session, now=now)
        first = _person(session, "Sample Alex", now, team["backup"])
        second = session.get_one(Patient, sample.referral(session, now=now).patient_id)
        assert caseload.look_alikes(session, team["worker"], second, now=now) == ([], 1)
        assert caseload.look_alikes(session, team["backup"], second, now=now) == ([first], 0)
        assert people.what_matches(first, second) == ["name", "born", "phone"]


def test_a_referral_from_outside_raises_a_green_task(room: Path, now: datetime) -> None:
    with db.write() as session:
        pat = sample.staff(session, "Sample Pat", role=COORDINATOR, now=now)
        intake = Intake(
            "Sample Alex", date(1958, 3, 27), "gp", "Company", referrer="Sample Surgery"
        )
        referral = arrivals.arrive(session, intake, by="referrer", now=now)
        row = caseload.open_alerts(session, pat, now=now)[0]
        assert (row.alert.colour, row.alert.kind) == (Colour.GREEN, arrivals.NEW_REFERRAL)
        assert row.patient is not None and row.patient.id == referral.patient_id
        assert referral.state == referrals.RECEIVED
        assert permissions.patient_for(session, pat, referral.patient_id, now=now)
