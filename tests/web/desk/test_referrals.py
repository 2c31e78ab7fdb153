"""A referral from the desk, and the invitation on paper."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from tests.web.conftest import ADDRESS, Browser, seat
from tests.web.desk.conftest import Person
from waiting_room import db
from waiting_room.care import invitations, referrals
from waiting_room.models import Invitation, Patient, Referral, Staff
from waiting_room.models.staff import EDITOR

FORM: dict[str, Any] = {
    "name": "Sample Alex",
    "birth_date-day": "27",
    "birth_date-month": "3",
    "birth_date-year": "1958",
    "nation": "england",
    "safe_to_message": "yes",
    "phone": "07700 900123",
    "reason": "Would like company.",
    "needs": ["loneliness", "money"],
    "no_known_risks": "yes",
    "source": "gp",
    "referrer": "Sample Surgery",
    "agreed": "yes",
}


def test_a_saved_referral_leads_to_the_invitation(browser: Browser, sam: Staff) -> None:
    saved = browser.send("/desk/referrals/new", **FORM)
    assert saved.status_code == 303
    page = browser.get(saved.headers["location"]).text
    assert "Nobody else here looks like the same person." in page and "Make the invitation" in page
    with db.read() as session:
        referral = session.scalars(select(Referral)).one()
        assert referral.reference in page and referral.needs == ["loneliness", "money"]
        assert session.get_one(Patient, referral.patient_id).birth_date == "1958-03-27"


def test_look_alikes_are_shown_before_anybody_is_invited(
    browser: Browser, sam: Staff, person: Person
) -> None:
    known = person("Sample Alex", sam)
    saved = browser.send("/desk/referrals/new", **FORM)
    page = browser.get(saved.headers["location"]).text
    assert "Is this person with us already?" in page
    assert f'href="/desk/patients/{known.id}"' in page and "Same name, birth date, phone." in page


def test_what_is_wrong_is_listed_and_nothing_is_half_stored(browser: Browser, sam: Staff) -> None:
    wrong = FORM | {"birth_date-day": "31", "birth_date-month": "2", "phone": "12"}
    refused = browser.send("/desk/referrals/new", **wrong)
    assert refused.status_code == 422
    page = refused.text
    assert (
        "There is a problem" in page and 'href="#birth_date"' in page and 'id="birth_date"' in page
    )
    assert "This is not a date in the calendar" in page and 'href="#phone"' in page
    for kept in ('value="Sample Alex"', 'value="31"', "Would like company.", 'value="12"'):
        assert kept in page, kept
    assert re.search(r'value="money"[^>]*checked', page)
    with db.read() as session:
        assert session.scalars(select(Patient)).all() == []


def test_link_and_pin_are_shown_once_on_two_sheets(
    browser: Browser, sam: Staff, person: Person, now: datetime
) -> None:
    saved = browser.send("/desk/referrals/new", **FORM).headers["location"]
    here = saved.removesuffix("/arrived")
    page = browser.send(f"{here}/invite").text
    token = re.findall(rf"{ADDRESS}/chat/([\w-]{{43}})", page)[0]
    letter, pin_sheet = page.split('class="desk-sheet desk-sheet--pin"')
    pin = "".join(re.findall(r'class="desk-pin">([\d ]+)<', pin_sheet)[0].split())
    assert token not in pin_sheet and "data:image/svg+xml" in letter and not re.search(pin, letter)
    with db.write() as session:
        found = invitations.find(session, token, now=now)
        assert session.get_one(Referral, found.referral_id).state == referrals.INVITED
    again = browser.send(f"{here}/invite", by_post="yes").text
    assert token not in again
    with db.read() as session:
        rows = session.scalars(select(Invitation).order_by(Invitation.id)).all()
        assert [row.revoked_at is None for row in rows] == [False, True]
        assert rows[1].expires_at - now == invitations.LIFE_BY_POST
    assert "Invite again" in browser.get(here).text


def test_nobody_is_invited_to_what_has_ended(browser: Browser, sam: Staff, person: Person) -> None:
    patient = person("Sample Alex", sam)
    browser.send(f"/desk/patients/{patient.id}/end", reason="helped")
    refused = browser.send(f"/desk/patients/{patient.id}/invite")
    assert refused.status_code == 409 and "has ended" in refused.text


@pytest.mark.parametrize("path", ["/desk/referrals/new", "/desk/find"])
def test_an_editor_refers_nobody(browser: Browser, ready: None, path: str) -> None:
    seat(browser, role=EDITOR)
    assert browser.get(path).status_code == 403
    assert browser.send(path, **FORM).status_code == 403
