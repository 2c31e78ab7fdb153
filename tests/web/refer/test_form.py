"""The referrer's form: anybody, one page, the same answers as everywhere."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import select
from structlog.testing import capture_logs

from tests.web.conftest import Browser, Open
from tests.web.desk.test_referrals import FORM
from waiting_room import db
from waiting_room.care.arrivals import NEW_REFERRAL
from waiting_room.models import Alert, Patient, Provider, Referral
from waiting_room.web.refer.pages import BURST


def _send(browser: Browser, *, accept: str = "text/html", **changes: Any) -> Response:
    data = {"form_token": browser.form_token(), **FORM, **changes}
    return browser.client.post("/refer", data=data, headers={"accept": accept})


def _stored() -> list[Patient]:
    with db.read() as session:
        return list(session.scalars(select(Patient)))


def test_the_form_says_who_reads_it_and_that_it_is_no_emergency_line(
    browser: Browser, ready: None
) -> None:
    page = browser.get("/refer").text
    assert "<strong>Sample Hub</strong> reads this in the next working days." in page
    assert "Call <strong>999</strong>" in page and "You can also refer yourself." in page
    assert "hx-" not in page


def test_a_referral_arrives_and_a_green_task_tells_staff(browser: Browser, ready: None) -> None:
    sent = _send(browser)
    assert sent.status_code == 303
    thanks = browser.get(sent.headers["location"]).text
    with db.read() as session:
        referral = session.scalars(select(Referral)).one()
        alert = session.scalars(select(Alert)).one()
    assert referral.reference in thanks and "Alex" not in thanks
    assert (alert.colour, alert.kind, alert.patient_id) == (
        "green", NEW_REFERRAL, referral.patient_id,
    )  # fmt: skip


def test_words_of_danger_call_people_and_everybody_is_shown_the_lines(
    browser: Browser, ready: None
) -> None:
    quiet = _send(browser).headers["location"]
    sent = _send(browser, source="self", reason="I want to end my life").headers["location"]
    for place in (quiet, sent):
        page = browser.get(place).text
        assert "116 123" in page and "999" in page and "0808 808 8000" in page
        # The address betrays nothing of what was written.
        assert re.fullmatch(r"/refer/done/[A-Z2-9]{6}", place)
    with db.read() as session:
        colours = session.scalars(select(Alert.colour).order_by(Alert.id)).all()
    assert colours == ["green", "red"]


def test_somebody_refers_themself(browser: Browser, ready: None) -> None:
    assert _send(browser, source="self", referrer="Sample Alex").status_code == 303


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"agreed": ""}, "agreed", "once the person has agreed"),
        ({"agreed": "maybe"}, "agreed", "once the person has agreed"),
        ({"birth_date-year": "2031"}, "birth_date", "must be in the past"),
        ({"birth_date-year": "1890"}, "birth_date", "more than 120 years ago"),
        (
            {"birth_date-day": "31", "birth_date-month": "2"},
            "birth_date",
            "not a date in the calendar",
        ),
        (
            {"birth_date-day": "", "birth_date-month": "", "birth_date-year": ""},
            "birth_date",
            "Enter",
        ),
        ({"birth_date-day": "٣", "birth_date-year": "x"}, "birth_date", "not a date"),
        ({"birth_date-year": "2015"}, "birth_date", "18 or over"),
        ({"nhs_number": "9434765918"}, "nhs_number", "check digit"),
        ({"name": "A" * 300}, "name", "Use 200 characters or fewer."),
        ({"name": "   "}, "name", "Enter the person"),
        ({"role": "admin"}, "role", "unknown_field"),
        ({"no_known_risks": ""}, "risks", "Write the risks"),
        ({"safe_to_message": ""}, "safe_to_message", "Choose whether it is safe"),
        ({"needs": ["money", "gold"]}, "needs", "Choose needs from the list."),
    ],
)
def test_bad_fields_are_refused_by_name(
    browser: Browser, ready: None, changes: dict[str, Any], field: str, words: str
) -> None:
    page = _send(browser, **changes)
    assert page.status_code == 422
    assert f'href="#{field}"' in page.text and words in page.text
    machine = _send(browser, **changes, accept="application/json")
    assert machine.status_code == 422
    assert machine.headers["content-type"] == "application/problem+json"
    problem = machine.json()
    assert problem["field"] == field and problem["code"] == "bad_input"
    assert words in problem["errors"][0]["message"]
    assert _stored() == []


def test_good_input_is_kept_in_one_form(browser: Browser, ready: None) -> None:
    made = _send(
        browser, nhs_number="943 476 5919", phone="07700 900123", accept="application/json"
    )
    assert made.status_code == 201 and re.fullmatch(r"[A-Z2-9]{6}", made.json()["reference"])
    patient = _stored()[0]
    assert (patient.nhs_number, patient.phone) == ("9434765919", "+447700900123")


def test_without_consent_no_name_is_stored_or_logged(browser: Browser, ready: None) -> None:
    with capture_logs() as lines:
        _send(browser, agreed="", name="Sample Unagreed")
        _send(browser, name="Sample Agreed")
    assert [p.name for p in _stored()] == ["Sample Agreed"]
    assert "Unagreed" not in str(lines) and "Agreed" not in str(lines)


def test_what_was_typed_is_kept_and_stays_text(browser: Browser, ready: None) -> None:
    page = _send(browser, reason='"><script>alert(1)</script>', agreed="").text
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert 'value="1958"' in page and 'value="Sample Alex"' in page


def test_a_form_without_our_token_changes_nothing(browser: Browser, ready: None) -> None:
    assert browser.client.post("/refer", data=FORM).status_code == 403
    assert _stored() == []


def test_one_peer_is_slowed_in_plain_words_and_loses_nothing(
    browser: Browser, opened: Open, ready: None
) -> None:
    for _ in range(BURST):
        assert _send(browser, agreed="").status_code == 422
    slow = _send(browser)
    assert slow.status_code == 429 and int(slow.headers["retry-after"]) > 0
    assert "Too many referrals came from your connection." in slow.text
    assert 'value="Sample Alex"' in slow.text
    assert _send(opened("198.51.100.7")).status_code == 303


def test_a_body_that_is_too_large_is_not_read(browser: Browser, ready: None) -> None:
    assert _send(browser, reason="x" * 70_000).status_code == 413


def test_before_the_first_run_nobody_is_referred(browser: Browser, room: object) -> None:
    assert browser.get("/refer").status_code == 404


def test_nothing_but_a_reference_makes_a_thank_you_page(browser: Browser, ready: None) -> None:
    assert browser.get("/refer/done/ABC234").status_code == 200
    for bad in ("abc234", "ABC2345", "<b>", "%0d%0a"):
        assert browser.get(f"/refer/done/{bad}").status_code == 404


def test_sample_data_carry_the_ribbon(browser: Browser, ready: None, now: datetime) -> None:
    with db.write() as session:
        session.get_one(Provider, 1).is_sample = True
    assert "Sample data" in browser.get("/refer").text
