"""The stories that are told over Telegram, told again in a browser: same screens, same words."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import select

from tests.fakes.smtp import MailServer
from tests.journeys import live
from tests.journeys.test_telegram import REFERRAL, Served, assign, desk, open_alert
from tests.journeys.test_web_chat import come_in, press
from waiting_room import db
from waiting_room.models import Alert, CheckIn, Patient

pytestmark = pytest.mark.browser


def test_not_great_is_taken_and_answered(
    served: Served, mail: MailServer, phone: BrowserContext, desktop: BrowserContext
) -> None:
    room, team = served
    sam = live.link_staff(room, team["worker"], 500_001)
    alex = phone.new_page()
    come_in(room, alex)
    person = assign(room, team["worker"])
    press(alex, "Self-care")
    press(alex, "Feeling lonely")
    expect(alex.get_by_text("Many people feel lonely")).to_be_visible()

    room.jump(days=7, hours=1)
    alex.reload()
    expect(alex.get_by_text("How are you today?").last).to_be_visible()
    page = desk(room, desktop, team["worker"])
    press(alex, "Not great")
    expect(alex.get_by_text("sorry to hear that")).to_be_visible()

    assert "Alex" not in sam.wait_for("AMBER").text
    assert "Alex" not in str(mail.wait_for(lambda m: "AMBER" in m.text).message)
    page.get_by_text("AMBER").first.wait_for(timeout=10_000)
    sam.presses("I have this")
    sam.wait_for(lambda sent: sent.rows)
    sam.presses(sam.keyboard[0])
    expect(alex.get_by_text("Sample Sam has seen").last).to_be_visible(timeout=10_000)

    page.goto(f"{room.url}/desk/patients/{person.id}")
    page.get_by_label("Write to").fill("I will phone you at 3pm today.")
    page.get_by_role("button", name="Send").click()
    expect(alex.get_by_text("I will phone you at 3pm today.")).to_be_visible(timeout=10_000)


def test_silence_reaches_the_worker(served: Served, phone: BrowserContext) -> None:
    room, team = served
    sam = live.link_staff(room, team["worker"], 500_001)
    come_in(room, phone.new_page())
    person = assign(room, team["worker"])
    with db.write() as session:
        # Somebody a mail can call: not to be reached at all would be another story.
        session.get_one(Patient, person.id).email = "alex@example.org"
    room.jump(days=7, hours=1)
    room.jump(hours=49)
    sam.wait_for("GREEN", timeout=15)
    with db.read() as session:
        assert "missed" in session.scalars(select(CheckIn.state)).all()
        assert "silence" in session.scalars(select(Alert.kind)).all()


def test_danger_words_before_consent(
    served: Served, mail: MailServer, phone: BrowserContext
) -> None:
    room, _ = served
    issued = room.command(*REFERRAL)
    alex = phone.new_page()
    alex.goto(f"{room.url}/chat/{issued['token']}")
    alex.get_by_label("Your 7 numbers").fill(issued["pin"])
    alex.get_by_role("button", name="Continue").click()
    alex.wait_for_url(f"{room.url}/chat")
    alex.get_by_label("Your message").fill("I want to kill myself")
    alex.get_by_role("button", name="Send").click()
    expect(alex.get_by_text("116 123").last).to_be_visible()
    mail.wait_for(lambda m: "RED" in m.text)


def test_stop_silences_routine_words_and_keeps_the_alert(
    served: Served, phone: BrowserContext
) -> None:
    room, team = served
    alex = phone.new_page()
    come_in(room, alex)
    assign(room, team["worker"])
    for words, seen in (("I want to end my life", "116 123"), ("STOP", "Start again")):
        alex.get_by_label("Your message").fill(words)
        alex.get_by_role("button", name="Send").click()
        expect(alex.get_by_text(seen).last).to_be_visible()
    room.jump(days=8)
    with db.read() as session:
        assert not session.scalars(select(CheckIn).where(CheckIn.asked_at.is_not(None))).all()
    alert = open_alert()
    assert alert is not None and alert.colour == "red"
