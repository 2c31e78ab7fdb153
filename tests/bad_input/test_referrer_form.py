"""What is typed into the referrer's form that no person has: rows I37 to I44, I63 and I64."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import func, select

from tests import people
from tests.bad_input import door
from tests.web.conftest import Browser, seat
from tests.web.desk.test_referrals import FORM
from waiting_room import db
from waiting_room.models import Alert, AuditRow, Note, Patient, Referral, SearchHash

EMPTY = (Patient, Referral, Alert, SearchHash, AuditRow)


def sent(browser: Browser, **changes: Any) -> Response:
    """The form as a program sends it."""
    fields = {**FORM, "name": "Sample Persephone", **changes}
    door.SAID.extend(v for v in fields.values() if isinstance(v, str) and " " in v.strip())
    data = {"form_token": browser.form_token(), **fields}
    return browser.client.post("/refer", data=data, headers={"accept": "application/json"})


def rows() -> list[int]:
    """How many rows a referral could have left behind."""
    with db.read() as session:
        return [session.scalar(select(func.count()).select_from(kind)) or 0 for kind in EMPTY]


def born(year: str, month: str, day: str) -> dict[str, str]:
    return {"birth_date-year": year, "birth_date-month": month, "birth_date-day": day}


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"agreed": "maybe"}, "agreed", "once the person has agreed"),  # I37
        ({"agreed": "YES"}, "agreed", "once the person has agreed"),
        ({"agreed": "true"}, "agreed", "once the person has agreed"),
        ({"agreed": ""}, "agreed", "once the person has agreed"),  # I38
        (born("2031", "1", "1"), "birth_date", "must be in the past"),  # I39
        (born("1890", "1", "1"), "birth_date", "more than 120 years ago"),
        (born("1980", "2", "31"), "birth_date", "not a date in the calendar"),
        ({"nhs_number": "9434765918"}, "nhs_number", "check digit"),  # I40
        ({"name": "A" * 300}, "name", "Use 200 characters or fewer."),  # I43
        ({"name": "   "}, "name", "full name"),
        ({"name": "\u200b\u3164"}, "name", "full name"),
        ({"role": "admin"}, "role", "unknown_field"),  # I44
        ({"name": ["Sample A", "Sample B"], "reason": ""}, "reason", "why you are referring"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_stored(
    browser: Browser, ready: None, changes: dict[str, Any], field: str, words: str
) -> None:
    """I37, I38, I39, I40, I43, I44: 422 with the field and the reason, as problem+json."""
    before = rows()
    refused = sent(browser, **changes)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    problems = {one["field"]: one["message"] for one in refused.json()["errors"]}
    assert list(problems) == [field] and words in problems[field]
    assert "Persephone" not in refused.text
    assert rows() == before


def test_numbers_are_kept_in_one_spelling(browser: Browser, ready: None) -> None:
    """I41, I42."""
    assert sent(browser, nhs_number="943 476 5919", phone="07700 900123").status_code == 201
    with db.read() as session:
        patient = session.scalars(select(Patient)).one()
    assert (patient.nhs_number, patient.phone) == ("9434765919", "+447700900123")


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}],
)
def test_a_form_of_another_site_changes_nothing(
    browser: Browser, ready: None, headers: dict[str, str]
) -> None:
    """I63: with our token, and without it."""
    before = rows()
    data = {"form_token": browser.form_token(), **FORM}
    assert browser.client.post("/refer", data=data, headers=headers).status_code == 403
    assert browser.client.post("/refer", data=FORM).status_code == 403
    assert rows() == before


def test_markup_in_a_note_is_text(browser: Browser, ready: None, now: datetime) -> None:
    """I64: in a note, in a reason and in a name; and no inline script would run."""
    bad = "<img src=x onerror=alert(1)>"
    worker = seat(browser)
    with db.write() as session:
        names = {"name": f"Sample {bad}", "reason": bad, "referrer": bad}
        person, _ = people.patient(session, now=now, worker=worker, **names)
    here = f"/desk/patients/{person.id}"
    assert browser.send(f"{here}/note", note=bad).status_code == 303
    page = browser.get(here)
    assert "&lt;img src=x" in page.text and "<img src=x" not in page.text
    policy = page.headers["content-security-policy"]
    assert "unsafe-inline" not in policy and "object-src 'none'" in policy
    with db.read() as session:
        assert session.scalars(select(Note)).one().text == bad
