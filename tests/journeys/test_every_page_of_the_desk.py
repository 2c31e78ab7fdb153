"""Every page and state of the desk, looked at as `test_every_page` looks at those of patients."""

from __future__ import annotations

import re

import pyotp
import pytest
from playwright.sync_api import Page, expect

from bot import conversation
from bot.turn import Heard, Kind
from tests.journeys.looking import Looker
from tests.journeys.touring import Demo, fill_referral, press
from waiting_room import clock, db
from waiting_room.care import proofs
from waiting_room.care import staff as team
from waiting_room.models import new_id
from waiting_room.models.staff import CASE_WORKER, EDITOR

pytestmark = pytest.mark.browser
PASSWORD = "purple kettle tram"


def test_signing_in(demo: Demo, looker: Looker) -> None:
    lou = demo.member("Lou Sample", CASE_WORKER)
    with db.write() as session:
        token = team.welcome_link(session, lou, wall=clock.wall())
    page = demo.visitor()
    page.goto(f"/desk/welcome/{token}")
    looker.look(page, "welcome")
    secret = page.locator("[name=secret]").input_value()
    press(page, "Save and sign in")
    looker.look(page, "welcome with errors")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("Code from the app").fill(pyotp.TOTP(secret).now())
    press(page, "Save and sign in")
    looker.look(page, "day of a new worker")
    press(page, "Sign out")
    looker.look(page, "signed out of the desk")
    _signs_in(page, "wrong words")
    looker.look(page, "sign in refused")
    _signs_in(page, PASSWORD)
    looker.look(page, "code")
    page.get_by_label("Code").fill("000000")
    press(page, "Sign in")
    looker.look(page, "wrong code")
    for path, name in ((f"welcome/{token}", "used welcome"), ("link/none", "used link")):
        page.goto(f"/desk/{path}")
        looker.look(page, name)


def _signs_in(page: Page, password: str) -> None:
    page.get_by_label("E-mail address").fill("lou@example.org")
    page.get_by_label("Password", exact=True).fill(password)
    press(page, "Go on")


def test_the_day_of_an_administrator(demo: Demo, looker: Looker) -> None:
    token = demo.doors["desk"]
    page = demo.visitor()
    page.goto(f"/desk/link/{token}")
    looker.look(page, "one-time link")
    press(page, "Sign in")
    looker.look(page, "today")
    for name in ("Bea", "Eli", "Fay"):
        page.goto("/desk")
        page.get_by_role("link", name=f"{name} Sample").first.click()
        looker.look(page, f"patient {name}")
        # The numbers they came in with are for nobody to read afterwards.
        expect(page.get_by_text(re.compile(r"^\s*\d{7}\s*$"))).to_have_count(0)
    page.goto("/desk/find")
    looker.look(page, "find")
    for query in ("sample", "nobody"):
        page.get_by_role("textbox").fill(query)
        press(page, "Find")
        looker.look(page, f"found {query}")
    for path in ("first-run", "first-run/check", "staff", "staff/add", "me"):
        page.goto(f"/desk/{path}")
        looker.look(page, path.replace("/", " "))
    page.goto("/desk/no-such-page")
    looker.look(page, "desk 404")


def test_an_alert_from_taking_to_closing(demo: Demo, looker: Looker) -> None:
    page = demo.signed_in("Sam")
    page.get_by_role("link", name="Dee Sample").first.click()
    press(page, "I have this")
    looker.look(page, "taken")
    press(page, "Save outcome")
    looker.look(page, "outcome missing")
    page.get_by_label("Spoke").check()
    press(page, "Save outcome")
    looker.look(page, "outcome saved")
    page.locator("[name=close_reason]").first.check()
    press(page, "Close this alert")
    looker.look(page, "closed")


def test_a_stranger_in_danger(demo: Demo, looker: Looker) -> None:
    now = demo.room.now()
    with db.write() as session:
        words = "I want to end my life"
        heard = Heard("telegram", "7999999999", Kind.TEXT, now, new_id(), words)
        conversation.receive(session, heard, now=now)
    page = demo.signed_in("Sam")
    page.get_by_role("link", name="Somebody we do not know").click()
    looker.look(page, "alert of a stranger")
    press(page, "I have this")
    looker.look(page, "stranger taken")


def test_everything_done_for_a_patient(demo: Demo, looker: Looker) -> None:
    page = demo.signed_in("Priya")
    page.get_by_role("link", name="Fay Sample").first.click()
    _unfold(page)
    looker.look(page, "everything unfolded")
    for key in ("Send", "Save note", "Assign", "Pause", "Close the referral"):
        _unfold(page)
        press(page, key)
        looker.look(page, f"refused {key}")
    page.locator("#text").fill("Yes, number 6 stops outside.")
    press(page, "Send")
    looker.look(page, "answered")


def test_a_new_referral_and_its_invitation(demo: Demo, looker: Looker) -> None:
    page = demo.signed_in("Kim")
    page.goto("/desk/referrals/new")
    looker.look(page, "new referral")
    press(page, "Save referral")
    looker.look(page, "new referral with errors")
    fill_referral(page, name="Bea Sample")
    press(page, "Save referral")
    looker.look(page, "perhaps the same person")
    press(page, "Make the invitation")
    looker.look(page, "invitation")


def test_staff_and_my_account(demo: Demo, looker: Looker) -> None:
    page = demo.signed_in("Priya")
    page.goto("/desk/staff")
    page.get_by_role("link", name="Kim Sample").click()
    looker.look(page, "person of the team")
    page.goto("/desk/staff/add")
    press(page, "Add and make a link")
    looker.look(page, "add with errors")
    page.get_by_label("Name").fill("Ned Sample")
    page.get_by_label("E-mail address").fill("ned@example.org")
    press(page, "Add and make a link")
    looker.look(page, "welcome link to pass on")
    page.goto("/desk/me")
    press(page, "Link a Telegram account")
    looker.look(page, "link telegram")
    page.goto("/desk/me")
    _unfold(page)
    press(page, "Save")
    looker.look(page, "away with errors")
    press(page, "Send me a test")
    looker.look(page, "test on its way")
    page.goto(_proof(demo))
    looker.look(page, "did the test arrive")
    press(page, "It works")
    looker.look(page, "channel works")
    page.goto("/desk/me/proof/none")
    looker.look(page, "old test")


def _proof(demo: Demo) -> str:
    with db.write() as session:
        person = team.by_email(session, "priya@example.org")
        assert person is not None
        letters = proofs.send_test(session, person.id, now=demo.room.now())
        return str((letters[0].values or {})["link"])


def test_what_others_may_not(demo: Demo, looker: Looker) -> None:
    demo.member("Max Sample", EDITOR)
    looker.look(demo.signed_in("Max"), "account of an editor")
    page = demo.signed_in("Kim")
    page.goto("/desk/staff")
    looker.look(page, "desk 403")


def test_jumping_ahead(demo: Demo, looker: Looker) -> None:
    page = demo.signed_in("Priya")
    press(page, "Jump ahead 2 days")
    looker.look(page, "two days later")


def _unfold(page: Page) -> None:
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
