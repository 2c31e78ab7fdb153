"""One person's page over HTTP: what it shows, to whom, and that every look is written down."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from tests import people as sample
from tests.web.conftest import TOKEN, Browser
from tests.web.desk.conftest import Person, raise_alert, says
from waiting_room import db
from waiting_room.care import check_ins, consent, people
from waiting_room.models import AuditRow, CheckIn, Kinship, Patient, Staff, new_id

REFERENCE = re.compile(r"[A-Z2-9]{4}-[A-Z2-9]{4}")
NAMES = {
    "Sample \u202etxt.exe": "Sample txt.exe",
    '<b>Bob</b><a href="tg://user?id=1">x</a>': "&lt;b&gt;Bob&lt;/b&gt;",
    "_*[]()~>#+-=|{}.!": "_*[]()~&gt;#+-=|{}.!",
    "\u2063": "(no name)",
}


def _bare(page: str) -> str:
    """A page without what is random in every answer: the reference to quote, the form's token."""
    return TOKEN.sub("", REFERENCE.sub("", page))


def test_the_page_holds_what_the_next_talk_needs(
    browser: Browser, sam: Staff, person: Person, now: datetime
) -> None:
    patient = person("Sample Alex", sam, reach="After noon", gp_practice="Sample Surgery")
    says(patient, "Hello there", now)
    page = browser.get(f"/desk/patients/{patient.id}").text
    for words in (
        "Born 27 March 1958, 68 years old", "Case worker: Sample Sam", "07700 900123",
        "After noon", "Lives alone since spring", "loneliness", "No known risks", "England, LS6",
        "Their worker sees messages and answers", "Hello there", "Sample Surgery",
    ):  # fmt: skip
        assert words in page, words


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_shown_safely(browser: Browser, sam: Staff, person: Person, name: str) -> None:
    patient = person(name, sam)
    for path in (f"/desk/patients/{patient.id}", "/desk"):
        page = browser.get(path).text
        assert NAMES[name] in page
        assert "\u202e" not in page and "<b>Bob" not in page


def test_foreign_related_and_absent_look_the_same(
    browser: Browser, sam: Staff, kim: tuple[Browser, Staff], person: Person, now: datetime
) -> None:
    foreign, relative = person("Sample Foreign", kim[1]), person("Sample Cousin")
    alert = raise_alert(foreign, now - timedelta(days=30))
    with db.write() as session:
        session.add(Kinship(id=new_id(), staff_id=sam.id, patient_id=relative.id))
        # The ladder told everybody; their sight of it has ended.
        people_seen = foreign.id
        session.connection().exec_driver_sql("UPDATE share SET until = since WHERE role = 'rung'")
    hidden = [people_seen, relative.id, new_id(), "x", "%00"]
    answers = [browser.get(f"/desk/patients/{one}") for one in hidden]
    answers += [browser.get(f"/desk/alerts/{one}") for one in (alert.id, new_id())]
    answers += [
        browser.get(f"/desk/patients/{foreign.id}/{more}") for more in ("check-ins.svg", "arrived")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({_bare(answer.text) for answer in answers}) == 1
    acts = ("note", "reply", "read", "assign", "pause", "stop", "end", "invite")
    for one in hidden[:3]:
        sent = [browser.send(f"/desk/patients/{one}/{act}", note="x", text="x") for act in acts]
        assert {answer.status_code for answer in sent} == {404}
        assert {_bare(answer.text) for answer in sent} == {_bare(answers[0].text)}


def test_every_view_is_audited(browser: Browser, sam: Staff, person: Person) -> None:
    patient = person("Sample Alex", sam)
    browser.get(f"/desk/patients/{patient.id}")
    with db.read() as session:
        views = select(AuditRow).where(AuditRow.did == "viewed", AuditRow.by == sam.id)
        assert [(row.to_kind, row.to_id) for row in session.scalars(views)] == [
            ("patient", patient.id)
        ]


def test_the_timeline_has_both_sides_in_the_words_that_were_sent(
    browser: Browser, sam: Staff, person: Person, now: datetime
) -> None:
    patient = person("Sample Alex", sam)
    here = f"/desk/patients/{patient.id}"
    says(patient, "I <b>tried</b>", now)
    assert browser.send(f"{here}/reply", text="See you at *two* <3").status_code == 303
    assert browser.send(f"{here}/note", note="<img src=x onerror=alert(1)>").status_code == 303
    answer = browser.get(here)
    assert "I &lt;b&gt;tried&lt;/b&gt;" in answer.text
    assert "From <strong>Sample Sam</strong>" in answer.text
    assert "See you at *two* &lt;3" in answer.text and "Waiting to go out" in answer.text
    assert "&lt;img src=x onerror=alert(1)&gt;" in answer.text and "<img src=x" not in answer.text
    assert "script-src 'self' 'nonce-" in answer.headers["content-security-policy"]
    assert "unsafe-inline" not in answer.headers["content-security-policy"]


def test_without_their_yes_a_worker_sees_only_what_was_meant_for_one(
    browser: Browser, sam: Staff, person: Person, now: datetime
) -> None:
    patient = person("Sample Alex", sam)
    says(patient, "looking at sleep", now, to_worker=False)
    says(patient, "for my worker", now)
    with db.write() as session:
        found = session.get_one(Patient, patient.id)
        row = check_ins.ask_now(session, found, now=now)
        check_ins.answer(session, row, "ok", now=now)
        consent.withdraw(session, found, consent.WORKER, by=patient.id, now=now)
    page = browser.get(f"/desk/patients/{patient.id}").text
    assert "has not said yes to showing" in page
    assert "for my worker" in page and "looking at sleep" not in page
    assert "I’m OK" not in page and "No check-in to show yet." in page


def test_check_ins_are_a_picture_and_a_table(
    browser: Browser, sam: Staff, person: Person, now: datetime
) -> None:
    patient = person("Sample Alex", sam)
    with db.write() as session:
        found = session.get_one(Patient, patient.id)
        row = check_ins.ask_now(session, found, now=now)
        check_ins.answer(session, row, "need-help", now=now)
        session.get_one(CheckIn, row.id).comment = "bad night"
    page = browser.get(f"/desk/patients/{patient.id}").text
    assert 'alt="Check-ins over time: 1 of 1 answered, the last was I need help."' in page
    assert "I need help. bad night" in page
    picture = browser.get(f"/desk/patients/{patient.id}/check-ins.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert b"<svg" in picture.content and b"<script" not in picture.content


def test_look_alikes_are_shown_with_what_matches(
    browser: Browser, sam: Staff, kim: tuple[Browser, Staff], person: Person
) -> None:
    first, second = person("Sample Alex", sam), person("Sample Alex Two", sam)
    person("Sample Alex Three", kim[1])
    page = browser.get(f"/desk/patients/{first.id}").text
    assert f'href="/desk/patients/{second.id}"' in page
    assert "Same name, birth date, phone." in page and "1 record you may not see" in page
    assert "Alex Three" not in page


def test_what_is_not_safe_is_said_first(
    browser: Browser, sam: Staff, person: Person, now: datetime
) -> None:
    patient = person(
        "Sample Alex", sam, safe_to_message=False, reach="Ring at noon", risks="Partner reads it."
    )
    page = browser.get(f"/desk/patients/{patient.id}").text
    assert (
        page.index("Not safe to message.")
        < page.index("Partner reads it.")
        < page.index("About</h2>")
    )
    assert 'name="text"' not in page
    refused = browser.send(f"/desk/patients/{patient.id}/reply", text="Hello")
    assert refused.status_code == 409 and "not safe to message" in refused.text


def test_a_person_without_chat_is_phoned(browser: Browser, sam: Staff, now: datetime) -> None:
    with db.write() as session:
        referral = sample.referral(session, now=now)
        alone = session.get_one(Patient, referral.patient_id)
        assert people.address_of(session, alone.id) is None
    page = browser.get(f"/desk/patients/{alone.id}").text
    assert "No message reaches them in the chat." in page
    sent = browser.send(f"/desk/patients/{alone.id}/reply", text="Hello")
    assert sent.headers["location"].endswith("?done=phone")
    assert "was not sent" in browser.get(sent.headers["location"]).text
