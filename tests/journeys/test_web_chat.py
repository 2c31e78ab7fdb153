"""Stories in a browser: a person without Telegram waits, is heard, and is called back."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, TimeoutError, expect

from tests.fakes.smtp import MailServer
from tests.journeys.live import LiveRoom
from tests.journeys.test_telegram import REFERRAL, Served, assign, desk, open_alert
from waiting_room import db
from waiting_room.care import people
from waiting_room.models import Patient

pytestmark = pytest.mark.browser
MAIL = "alex@example.org"
MORE = "(before) => document.querySelectorAll('.room-bubble').length > before"


def come_in(room: LiveRoom, page: Page) -> None:
    """Alex is referred, follows the link, types the numbers, and says yes to everything."""
    issued = room.command(*REFERRAL)
    page.goto(f"{room.url}/chat/{issued['token']}")
    page.get_by_label("Your 7 numbers").fill(issued["pin"])
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"{room.url}/chat")
    for label in ("I am 18 or over", "Continue", *["Yes"] * 5, "Every week"):
        press(page, label)
    expect(page.get_by_text("You are in.")).to_be_visible()


def test_danger_is_heard_and_a_person_answers_in_the_same_page(
    served: Served, mail: MailServer, phone: BrowserContext, desktop: BrowserContext
) -> None:
    room, team = served
    alex = phone.new_page()
    come_in(room, alex)
    person = assign(room, team["worker"])

    press(alex, "Self-care")
    press(alex, "Feeling lonely")
    expect(alex.get_by_text("Many people feel lonely")).to_be_visible()

    alex.get_by_label("Your message").fill("I want to kill myself")
    alex.get_by_role("button", name="Send").click()
    expect(alex.get_by_text("Thank you for telling us")).to_be_visible()
    alert = open_alert()
    assert alert is not None and alert.colour == "red"
    received = mail.wait_for(lambda m: "RED" in m.text)
    assert "Alex" not in str(received.message)

    sam = desk(room, desktop, team["worker"])
    sam.goto(f"{room.url}/desk/patients/{person.id}")
    sam.get_by_label("Write to").fill("I am phoning you now.")
    sam.get_by_role("button", name="Send").click()
    # No loading again: it is on the screen of somebody who waits for it.
    expect(alex.get_by_text("I am phoning you now.")).to_be_visible(timeout=10_000)


def test_who_closed_the_page_is_called_back_by_mail_and_finds_the_words(
    served: Served, mail: MailServer, phone: BrowserContext, desktop: BrowserContext
) -> None:
    room, team = served
    alex = phone.new_page()
    come_in(room, alex)
    person = assign(room, team["worker"])
    with db.write() as session:
        session.get_one(Patient, person.id).email = MAIL
    alex.close()
    room.jump(minutes=5)

    sam = desk(room, desktop, team["worker"])
    sam.goto(f"{room.url}/desk/patients/{person.id}")
    sam.get_by_label("Write to").fill("A seat is free on Monday.")
    sam.get_by_role("button", name="Send").click()
    expect(sam.get_by_text("A seat is free on Monday.")).to_be_visible()
    room.jump(minutes=5)
    knock = mail.wait_for(lambda m: "You have a message" in m.text, timeout=15)
    assert "Alex" not in knock.text and "seat" not in knock.text
    assert f"{room.url}/chat" in knock.text

    back = phone.new_page()
    back.goto(f"{room.url}/chat")
    expect(back.get_by_text("A seat is free on Monday.")).to_be_visible()
    back.get_by_role("button", name="Sign out").click()
    expect(back.get_by_role("heading", name="You are signed out")).to_be_visible()
    with db.read() as session:
        assert people.address_of(session, person.id) is None


def press(page: Page, label: str) -> None:
    """Press until something is said: "Yes" twice within a second counts as one press."""
    before = page.locator(".room-bubble").count()
    for _ in range(10):
        page.get_by_role("button", name=label, exact=True).last.click()
        try:
            page.wait_for_function(MORE, arg=before, timeout=500)
        except TimeoutError:
            continue
        return
    raise AssertionError(f"{label} says nothing")
