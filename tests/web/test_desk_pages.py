"""Our pages in a real browser: nothing axe would name, nothing cut off on a phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import people
from tests.browser import axe, browser, new_context
from tests.pages.server import serving
from waiting_room import clock, db, settings
from waiting_room.care import sign_ins, staff
from waiting_room.models import Staff
from waiting_room.models.staff import ADMINISTRATOR
from waiting_room.web import app

__all__ = ["browser"]

pytestmark = pytest.mark.browser
PUBLIC = ("/", "/privacy", "/help", "/desk/sign-in")
DESK = ("/desk/first-run", "/desk/first-run/check", "/desk/me", "/desk/staff", "/desk/staff/add")


@pytest.fixture
def address(ready: None) -> Iterator[str]:
    """The application on a port of this machine."""
    with serving(app.build(settings.load())) as where:
        yield where


@pytest.fixture
def robin(ready: None) -> Staff:
    """An administrator."""
    with db.write() as session:
        return people.staff(session, "Sample Robin", role=ADMINISTRATOR, now=clock.now())


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_pages_are_accessible_and_fit(
    browser: object, address: str, robin: Staff, size: str
) -> None:
    with db.write() as session:
        token = sign_ins.begin(session, robin, now=clock.now(), wall=clock.wall())
        welcome = staff.welcome_link(session, robin, wall=clock.wall())
    person = f"/desk/staff/{robin.id}"
    with new_context(browser, size) as context:  # type: ignore[arg-type]
        page = context.new_page()
        for path in (*PUBLIC, f"/desk/welcome/{welcome}"):
            page.goto(address + path)
            assert (path, axe(page)) == (path, [])
            assert (path, page.evaluate(WIDER)) == (path, 0)
        context.add_cookies([{"name": "desk", "value": token, "url": address}])
        for path in (*DESK, person):
            page.goto(address + path)
            assert (path, axe(page)) == (path, [])
            assert (path, page.evaluate(WIDER)) == (path, 0)


WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_a_form_full_of_problems_is_accessible_and_takes_the_focus(
    browser: object, address: str, robin: Staff
) -> None:
    with db.write() as session:
        token = sign_ins.begin(session, robin, now=clock.now(), wall=clock.wall())
    with new_context(browser, "phone") as context:  # type: ignore[arg-type]
        context.add_cookies([{"name": "desk", "value": token, "url": address}])
        page = context.new_page()
        page.goto(f"{address}/desk/first-run")
        page.fill("#name", "")
        page.fill("#red_minutes_0", "0")
        page.click("main form button")
        assert page.locator(".nhsuk-error-summary").evaluate("e => e === document.activeElement")
        page.click(".nhsuk-error-summary a[href='#ladder_red']")
        assert page.locator("#ladder_red").is_visible()
        assert axe(page) == []


def test_a_code_may_be_pasted_and_filled_in_by_the_phone(
    browser: object, address: str, robin: Staff
) -> None:
    with db.write() as session:
        welcome = staff.welcome_link(session, robin, wall=clock.wall())
    with new_context(browser, "phone") as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{address}/desk/welcome/{welcome}")
        field = page.locator("#code")
        assert field.get_attribute("autocomplete") == "one-time-code"
        field.focus()
        page.keyboard.insert_text("123 456")
        assert field.input_value() == "123 456"
        page.locator("#password").focus()
        page.keyboard.insert_text("purple kettle tram")
        page.click(".nhsuk-password-input button")
        assert page.locator("#password").get_attribute("type") == "text"
