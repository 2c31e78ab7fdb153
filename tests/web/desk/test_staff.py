"""Looking after staff over HTTP: who may, what is shown once."""

from __future__ import annotations

import re

import pytest

from tests import people
from tests.web.conftest import ADDRESS, Browser, Open, seat
from waiting_room import clock, db
from waiting_room.care import duty, rota, staff
from waiting_room.models import Staff
from waiting_room.models.staff import ADMINISTRATOR, CASE_WORKER, COORDINATOR, EDITOR

LINK = re.compile(rf"{ADDRESS}(/desk/welcome/[\w-]{{43}})")


@pytest.fixture
def kim(browser: Browser, ready: None) -> Browser:
    """The browser of a coordinator."""
    seat(browser, "Sample Kim", role=COORDINATOR)
    return browser


def make(name: str, role: str = CASE_WORKER) -> Staff:
    """Somebody else who works here."""
    with db.write() as session:
        return people.staff(session, name, role=role, now=clock.now())


def stored(email: str) -> Staff:
    """The person as they are now."""
    with db.read() as session:
        found = staff.by_email(session, email)
    assert found
    return found


def test_somebody_is_added_and_their_link_is_shown_once(kim: Browser, opened: Open) -> None:
    page = kim.send("/desk/staff/add", name="Sample Sam", email="sam@example.org", role="worker")
    link = LINK.search(page.text)
    assert page.status_code == 200 and link
    assert opened().get(link[1]).status_code == 200
    listed = kim.get("/desk/staff").text
    assert "Sample Sam" in listed and "Has not signed in yet" in listed
    assert not LINK.search(listed + kim.get(f"/desk/staff/{stored('sam@example.org').id}").text)


def test_what_is_wrong_is_shown_beside_what_was_typed(kim: Browser) -> None:
    page = kim.send("/desk/staff/add", name="", email="kim@example.org", role="worker")
    assert page.status_code == 422
    assert 'href="#name"' in page.text and "has this e-mail address already" in page.text
    assert 'value="kim@example.org"' in page.text


def test_a_reset_shows_a_new_link_and_signs_the_person_out(kim: Browser, opened: Open) -> None:
    other = opened()
    sam = seat(other)
    page = kim.send(f"/desk/staff/{sam.id}/reset")
    assert LINK.search(page.text)
    assert other.get("/desk/me").status_code == 303


def test_disabled_and_enabled_again(kim: Browser, opened: Open) -> None:
    other = opened()
    sam = seat(other)
    kim.send(f"/desk/staff/{sam.id}/disable")
    assert other.get("/desk/me").status_code == 303
    assert "Disabled" in kim.get(f"/desk/staff/{sam.id}").text
    kim.send(f"/desk/staff/{sam.id}/enable")
    assert stored(sam.email).is_active


def test_on_a_rung_and_off_again(kim: Browser) -> None:
    sam, now = make("Sample Sam"), clock.now()
    kim.send(f"/desk/staff/{sam.id}/rung", rung="duty lead")
    with db.read() as session:
        assert [p.id for p in duty.on_rung(session, duty.LEAD, None, now=now)] == [sam.id]
        (turn,) = rota.turns(session, now=now)[sam.id]
    assert "Duty lead" in kim.get(f"/desk/staff/{sam.id}").text
    refused = kim.send(f"/desk/staff/{sam.id}/off", turn=turn.id)
    assert refused.status_code == 409 and "Nobody else stands on this rung" in refused.text
    other = make("Sample Max")
    kim.send(f"/desk/staff/{other.id}/rung", rung="duty lead")
    kim.send(f"/desk/staff/{sam.id}/off", turn=turn.id)
    with db.read() as session:
        assert [p.id for p in duty.on_rung(session, duty.LEAD, None, now=now)] == [other.id]
    assert kim.send(f"/desk/staff/{sam.id}/rung", rung="boss").status_code == 422


def test_a_coordinator_has_no_power_over_administrators(kim: Browser) -> None:
    robin = make("Sample Robin", ADMINISTRATOR)
    new = {"name": "Sample Max", "email": "max@example.org", "role": ADMINISTRATOR}
    assert kim.send("/desk/staff/add", **new).status_code == 403
    for act in ("reset", "disable", "enable"):
        assert kim.send(f"/desk/staff/{robin.id}/{act}").status_code == 403
    assert stored(robin.email).is_active
    assert 'value="administrator"' not in kim.get("/desk/staff/add").text
    assert "Disable" not in kim.get(f"/desk/staff/{robin.id}").text


@pytest.mark.parametrize("role", [CASE_WORKER, EDITOR])
def test_others_do_not_see_these_pages(browser: Browser, ready: None, role: str) -> None:
    seat(browser, "Sample Lou", role=role)
    for path in ("/desk/staff", "/desk/staff/add", "/desk/staff/00000000"):
        assert browser.get(path).status_code == 403
    new = {"name": "Sample Max", "email": "max@example.org", "role": CASE_WORKER}
    assert browser.send("/desk/staff/add", **new).status_code == 403
    assert 'href="/desk/staff"' not in browser.get("/desk/me").text


def test_a_change_of_role_counts_at_the_next_page(kim: Browser) -> None:
    assert kim.get("/desk/staff").status_code == 200
    with db.write() as session:
        found = staff.by_email(session, "kim@example.org")
        assert found
        found.role = CASE_WORKER
    assert kim.get("/desk/staff").status_code == 403


def test_one_disables_neither_oneself_nor_the_last_administrator(
    browser: Browser, ready: None
) -> None:
    robin = seat(browser, "Sample Robin", role=ADMINISTRATOR)
    assert browser.send(f"/desk/staff/{robin.id}/disable").status_code == 409
    assert stored(robin.email).is_active


def test_a_gap_in_the_rota_is_said(kim: Browser) -> None:
    assert "fewer than 2 people" in kim.get("/desk/staff").text
    make("Sample Sam")
    assert "fewer than 2 people" not in kim.get("/desk/staff").text


def test_names_cannot_become_markup(kim: Browser) -> None:
    """I64."""
    name = "<img src=x onerror=alert(1)>"
    kim.send("/desk/staff/add", name=name, email="max@example.org", role=CASE_WORKER)
    page = kim.get("/desk/staff").text
    assert "<img" not in page and "&lt;img src=x" in page
