"""Every page and state that patients, referrers and passers-by meet, on a phone and on a desk:
nothing for axe to complain about, nothing to scroll sideways for, nothing too small."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests import people
from tests.journeys.looking import Looker
from tests.journeys.touring import Chat, Demo, at_home, fill_referral
from waiting_room import db
from waiting_room.care import invitations, messages
from waiting_room.care import staff as team
from waiting_room.models import Patient

pytestmark = pytest.mark.browser


def test_public_pages(demo: Demo, looker: Looker) -> None:
    page = demo.visitor()
    for path in ("/", "/help", "/help?nation=scotland", "/privacy", "/accessibility", "/cookies"):
        page.goto(path)
        looker.look(page, f"public {path[1:].replace('?', ' ') or 'front'}", for_patients=True)
    page.get_by_text("About “Leave this page”").click()
    looker.look(page, "about leaving", for_patients=True)
    page.goto("/no-such-page")
    looker.look(page, "error 404", for_patients=True)
    page.goto("/chat/no-such-link")
    looker.look(page, "link not valid", for_patients=True)
    page.goto("/chat")
    looker.look(page, "link needed", for_patients=True)


def test_referring(demo: Demo, looker: Looker) -> None:
    page = demo.visitor()
    page.goto("/refer")
    looker.look(page, "refer")
    page.get_by_role("button", name="Send the referral").click()
    looker.look(page, "refer with errors")
    fill_referral(page, name="Gil Sample")
    page.get_by_role("button", name="Send the referral").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your referral")
    looker.look(page, "referral received")
    page.goto("/refer")
    page.evaluate("document.querySelector('[name=form_token]').value = 'x'")
    page.get_by_role("button", name="Send the referral").click()
    looker.look(page, "error 403")


def test_coming_in(demo: Demo, looker: Looker) -> None:
    page = demo.visitor()
    page.goto(f"/chat/{demo.doors['chat']}")
    looker.look(page, "join", for_patients=True)
    for typed, name in (("12", "too few numbers"), ("0000000", "wrong numbers")):
        page.get_by_label("Your 7 numbers").fill(typed)
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("alert").first.wait_for()
        looker.look(page, name, for_patients=True)
    _enters(page, demo.doors["pin"])
    looker.look(page, "age", for_patients=True)
    chat = Chat(page, looker)
    chat.presses(("I am 18 or over", "run by"), ("Continue", "send you messages"))
    chat.presses(
        ("Yes", "see what you write"),
        ("No", "our partner groups"),
        ("Yes", "who sent you"),
        ("No", "groups near you"),
        ("Yes", "How often"),
        ("Every week", "You are in"),
    )


def _enters(page: Page, pin: str) -> None:
    page.get_by_label("Your 7 numbers").fill(pin)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/chat*")


def test_under_18(demo: Demo, looker: Looker) -> None:
    now = demo.room.now()
    with db.write() as session:
        referral = people.referral(session, name="Hal Sample", now=now)
        issued = invitations.invite(session, referral, by="test", now=now)
    page = demo.visitor()
    page.goto(f"/chat/{issued.token}")
    _enters(page, issued.pin)
    Chat(page, looker).presses(("I am under 18", "You have done nothing wrong"))


def test_every_screen_of_the_chat(demo: Demo, looker: Looker) -> None:
    chat = at_home(demo, "Ida Sample", looker)
    chat.page.reload()
    looker.look(chat.page, "opened again", for_patients=True)
    chat.presses(
        ("Help now", "Call 999"),
        ("Ask my worker to contact me", "Thank you for telling us"),
        ("Help lines", "should be open now"),
        ("My wait", "still on our list"),
        ("How I am", "How are you today"),
        ("Not great", "sorry to hear"),
        ("Say more", "Do you want to say more"),
        ("Self-care", "Pick one"),
        ("Sleeping better", "sleep"),
        ("People", "Groups near you"),
        ("Walk and talk", "Price"),
        ("Talk to my worker", "Write your message"),
    )
    chat.says("Is there a bus to the library?", sees="We have your message")
    with db.write() as session:
        person = session.scalars(select(Patient).order_by(Patient.id.desc())).first()
        worker = team.by_email(session, "kim@example.org")
        assert person is not None and worker is not None
        messages.reply(session, person, "Yes, number 6.", by=worker, now=demo.room.now())
    expect(chat.page.locator(".room-bubble--worker")).to_contain_text("number 6")
    looker.look(chat.page, "answer of the worker", for_patients=True)


def test_data_and_settings_and_ways_out(demo: Demo, looker: Looker) -> None:
    chat = at_home(demo, "Jo Sample", looker)
    chat.presses(("My data and settings", "What we hold"))
    for choice, sees in (
        ("Settings", "like to change"),
        ("Show words on my lock screen", "may now show"),
        ("Settings", "what shows on"),
        ("How often you ask me", "How often shall we"),
        ("Every two weeks", "changed"),
        ("My yes and no choices", "send you messages"),
        ("See what you hold", "told our team"),
        ("Privacy", "Who is responsible"),
        ("Pause", "like a break"),
        ("Pause for 1 week", "We have paused"),
        ("Start again", "Welcome back"),
        ("Stop", "stop all messages"),
        ("Yes, stop", "We have stopped"),
        ("Leave", "leave this room"),
        ("Yes, leave", "You have left"),
    ):
        if not chat.page.get_by_role("button", name=choice, exact=True).count():
            _quietly(chat.page, "Menu", "My data and settings")
        chat.presses((choice, sees))
    chat.page.get_by_role("button", name="Sign out").click()
    expect(chat.page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    looker.look(chat.page, "signed out", for_patients=True)


def _quietly(page: Page, *keys: str) -> None:
    """Press, where the key is there."""
    for key in keys:
        button = page.get_by_role("button", name=key, exact=True).last
        before = page.locator(".room-bubble").count()
        if button.count():
            button.click()
            expect(page.locator(".room-bubble")).not_to_have_count(before)


def test_danger_and_trouble_in_the_chat(demo: Demo, looker: Looker) -> None:
    chat = at_home(demo, "Kit Sample", looker)
    chat.says("bananas", sees="did not understand")
    chat.says("I want to end my life", sees="We take it seriously")
    chat.says("My husband hits me", sees="It is not your fault")
    page = chat.page
    page.context.set_offline(True)
    page.get_by_label("Your message").fill("Are you there?")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("alert").first.wait_for()
    looker.look(page, "off the net", for_patients=True)
    page.context.set_offline(False)
    page.evaluate("document.getElementById('message').removeAttribute('maxlength')")
    page.get_by_label("Your message").fill("Long. " * 900)
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Your message is too long").wait_for()
    looker.look(page, "too long", for_patients=True)
