"""The desk in a real browser: nothing for axe to complain about, and alerts that arrive live."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests import browser as real
from tests import people as sample
from tests.web.desk.conftest import Person, raise_alert, says
from tests.web.desk.test_copies import held_letter, restored
from tests.web.desk.test_live import _sign_in, address
from waiting_room import db
from waiting_room.models import Staff
from waiting_room.models.staff import ADMINISTRATOR

pytestmark = pytest.mark.browser
__all__ = ["address"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[real.Browser]:
    """One Chromium for these pages."""
    if reason := real.missing():
        pytest.skip(reason)
    with real.sync_playwright() as playwright:
        path = shutil.which("chromium")
        launched = playwright.chromium.launch(executable_path=path, args=real.ARGS)
        yield launched
        launched.close()


@pytest.fixture(params=["phone", "desktop"])
def page(
    request: pytest.FixtureRequest, chromium: real.Browser, address: str, sam: Staff
) -> Iterator[real.Page]:
    """A tab at the size of a phone or a desk, signed in as Sam."""
    with real.new_context(chromium, request.param, base_url=address) as context:
        context.add_cookies([{"name": "desk", "value": _sign_in(sam), "url": address}])
        yield context.new_page()


def test_every_page_is_accessible_and_fits(
    page: real.Page, sam: Staff, person: Person, now: datetime
) -> None:
    patient = person("Sample Alex", sam, risks="Falls.")
    alert = raise_alert(patient, now)
    says(patient, "Hello", now)
    with db.write() as session:
        new = sample.referral(session, name="Sample Alex", now=now).patient_id
    paths = ["/desk", f"/desk/patients/{patient.id}", f"/desk/alerts/{alert.id}"]
    if page.viewport_size == {"width": 375, "height": 812}:
        # The rest is one column at any width: the phone is the test of it.
        paths += ["/desk/find", f"/desk/patients/{new}/arrived", "/desk/referrals/new"]
    for path in paths:
        page.goto(path)
        assert real.axe(page) == [], path
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide), path


@pytest.mark.parametrize("page", ["phone"], indirect=True)
def test_errors_and_the_invitation_are_accessible(page: real.Page, person: Person) -> None:
    page.goto("/refer")
    assert real.axe(page) == []
    page.get_by_role("button", name="Send the referral").click()
    assert page.get_by_role("alert").get_by_role("link").count() > 3
    assert real.axe(page) == []
    page.goto(f"/desk/patients/{person().id}/arrived")
    page.get_by_role("button", name="Make the invitation").click()
    page.get_by_role("heading", name="Sheet 2").wait_for()
    assert real.axe(page) == []


@pytest.mark.parametrize("page", ["phone"], indirect=True)
def test_a_new_alert_appears_without_a_reload(
    page: real.Page, sam: Staff, person: Person, now: datetime
) -> None:
    patient = person("Sample Alex", sam)
    with page.expect_response("**/desk/events*"):
        page.goto("/desk")
    assert page.locator("#alerts-news").inner_text() == "No open alerts."
    raise_alert(patient, now)
    page.locator(".room-alert--red").wait_for()
    assert page.locator("#alerts-news").inner_text().startswith("1 open alert. 1 RED.")
    assert page.locator("#alerts-news").get_attribute("role") == "status"
    assert page.title() == "(1 RED) Today"
    page.get_by_role("button", name="I have this").click()
    page.get_by_text("You have this now.").wait_for()


def test_what_is_said_about_copies_is_accessible(
    page: real.Page, sam: Staff, person: Person, now: datetime
) -> None:
    held_letter(person("Sample Alex", sam), now)
    cookie = page.context.cookies()[0]
    restored(now)
    page.context.add_cookies([cookie | {"value": _sign_in(sam)}])
    with db.write() as session:
        session.get_one(Staff, sam.id).role = ADMINISTRATOR
    for path in ("/desk", "/desk/held"):
        page.goto(path)
        assert page.get_by_role("link", name="Sample Alex").count() or path == "/desk"
        assert real.axe(page) == [], path
        page.screenshot(
            path=f"/tmp/bk/shot{path.replace('/', '-')}-{page.viewport_size['width']}.png"
        )
