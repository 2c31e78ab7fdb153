"""What a worker does on a person's page."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from tests.web.conftest import Browser, seat
from tests.web.desk.conftest import Person, raise_alert, says
from waiting_room import db, outbox
from waiting_room.care import (
    alerts,
    asking,
    caseload,
    check_ins,
    consent,
    pushes,
    referrals,
    rhythms,
)
from waiting_room.models import LetterRow, Note, Patient, Referral, Staff
from waiting_room.models.staff import COORDINATOR


def _referral(patient: Patient) -> Referral:
    with db.read() as session:
        return session.scalars(select(Referral).where(Referral.patient_id == patient.id)).one()


def _letters(patient: Patient) -> list[str]:
    with db.read() as session:
        live = LetterRow.state.in_((outbox.QUEUED, outbox.HELD))
        waiting = (LetterRow.patient_id == patient.id, live, LetterRow.page != pushes.ANNOUNCEMENT)
        return [row.page for row in session.scalars(select(LetterRow).where(*waiting))]


def test_what_was_typed_stays_when_it_is_refused(
    browser: Browser, sam: Staff, person: Person
) -> None:
    here = f"/desk/patients/{person('Sample Alex', sam).id}"
    for act, field, typed in (("reply", "text", "x" * 3_001), ("note", "note", "y" * 4_001)):
        refused = browser.send(f"{here}/{act}", **{field: typed})
        assert refused.status_code == 422
        assert typed in refused.text and f'href="#{field}"' in refused.text
        assert browser.send(f"{here}/{act}", **{field: "  "}).status_code == 422
    with db.read() as session:
        assert session.scalars(select(Note)).all() == []


def test_words_are_read_by_an_answer_or_a_phone_call(
    browser: Browser, sam: Staff, person: Person, now: datetime
) -> None:
    patient = person("Sample Alex", sam)
    says(patient, "Please ring me", now)
    here = f"/desk/patients/{patient.id}"
    assert "1 unread message." in browser.get(here).text
    assert browser.send(f"{here}/read").headers["location"].endswith("?done=read")
    assert "unread message" not in browser.get(here).text
    with db.read() as session:
        assert caseload.unread(session, sam, now=now) == []


def test_a_coordinator_assigns_and_the_list_stays(
    opened: object, browser: Browser, ready: None, person: Person
) -> None:
    patient = person("Sample Alex")
    seat(browser, "Sample Pat", role=COORDINATOR)
    with db.write() as session:
        worker = session.scalars(select(Staff).where(Staff.name == "Sample Pat")).one()
    here = f"/desk/patients/{patient.id}"
    wrong = browser.send(f"{here}/assign", worker="nobody")
    assert wrong.status_code == 422 and "Choose a person from the list." in wrong.text
    done = browser.send(f"{here}/assign", worker=worker.id)
    assert done.headers["location"] == "/desk?done=assigned"
    assert _referral(patient).state == referrals.SUPPORTED


def test_a_worker_hands_on_their_own_and_nobody_elses(
    browser: Browser, sam: Staff, kim: tuple[Browser, Staff], person: Person
) -> None:
    nobodys, mine = person("Sample Nobodys"), person("Sample Mine", sam)
    refused = browser.send(f"/desk/patients/{nobodys.id}/assign", worker=sam.id)
    assert refused.status_code == 403
    assert browser.send(f"/desk/patients/{mine.id}/assign", worker=kim[1].id).status_code == 303
    assert browser.get(f"/desk/patients/{mine.id}").status_code == 404
    assert kim[0].get(f"/desk/patients/{mine.id}").status_code == 200


def test_pause_and_stop_for_somebody_show_who_did_it(
    browser: Browser, sam: Staff, person: Person, now: datetime
) -> None:
    patient = person("Sample Alex", sam)
    with db.write() as session:
        rhythms.choose(session, session.get_one(Patient, patient.id), "weekly", now=now)
    here = f"/desk/patients/{patient.id}"
    assert browser.send(f"{here}/pause", weeks="9").status_code == 422
    browser.send(f"{here}/pause", weeks="2")
    assert "Paused until Wed 9 December." in browser.get(here).text
    browser.send(f"{here}/stop")
    page = browser.get(here).text
    assert "Taken back" in page and "at the desk by Sample Sam" in page and "Stopped Wed" in page
    with db.read() as session:
        assert not consent.allows(session, patient.id, consent.CONTACT)
    refused = browser.send(f"{here}/reply", text="Hello?")
    assert refused.status_code == 409 and "asked us to send no more" in refused.text
    says(patient, "I have a question after all", now + timedelta(hours=1))
    assert browser.send(f"{here}/reply", text="Of course.").status_code == 303


def test_the_end_says_goodbye_and_leaves_an_alert_open(
    browser: Browser, sam: Staff, person: Person, now: datetime
) -> None:
    patient = person("Sample Alex", sam)
    alert = raise_alert(patient, now)
    here = f"/desk/patients/{patient.id}"
    assert browser.send(f"{here}/end", reason="bored").status_code == 422
    assert browser.send(f"{here}/end", reason="helped").status_code == 303
    assert _letters(patient) == ["conversation/goodbye"]
    assert (_referral(patient).state, _referral(patient).reason_code) == ("closed", "helped")
    with db.read() as session:
        assert alerts.open_for(session, patient.id) is not None
    assert f"/desk/alerts/{alert.id}/take" in browser.get(here).text
    again = browser.send(f"{here}/end", reason="helped")
    assert again.status_code in (409, 422)


@pytest.mark.parametrize("reason", referrals.SILENT)
def test_after_a_death_or_a_move_there_is_silence(
    browser: Browser, sam: Staff, person: Person, now: datetime, reason: str
) -> None:
    patient = person("Sample Alex", sam)
    with db.write() as session:
        rhythms.choose(session, session.get_one(Patient, patient.id), "weekly", now=now)
    here = f"/desk/patients/{patient.id}"
    browser.send(f"{here}/reply", text="See you tomorrow.")
    browser.send(f"{here}/end", reason=reason)
    with db.write() as session:
        rhythms.fill(session, now=now + timedelta(days=6))
        asking.ask_due(session, now=now + timedelta(days=8))
        check_ins.chase_silent(session, now=now + timedelta(days=20))
    assert _letters(patient) == []


def test_a_form_without_our_token_or_from_elsewhere_changes_nothing(
    browser: Browser, sam: Staff, person: Person
) -> None:
    here = f"/desk/patients/{person('Sample Alex', sam).id}/note"
    bare = browser.client.post(here, data={"note": "Forged"})
    foreign = browser.client.post(
        here,
        data={"note": "Forged", "form_token": browser.form_token()},
        headers={"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"},
    )
    assert (bare.status_code, foreign.status_code) == (403, 403)
    with db.read() as session:
        assert session.scalars(select(Note)).all() == []
