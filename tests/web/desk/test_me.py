"""My account over HTTP: password, absence, Telegram."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from tests.web.conftest import Browser, Open, seat
from waiting_room import clock, db
from waiting_room.care import passwords, rota, staff, staff_links
from waiting_room.models import Staff

OLD, NEW = "purple kettle tram", "seven quiet herons"


@pytest.fixture
def sam(browser: Browser, ready: None) -> Staff:
    """A worker who is signed in."""
    return seat(browser)


def away(**typed: str) -> dict[str, str]:
    """The boxes of both days."""
    days = {"since-day": "1", "since-month": "12", "since-year": "2026"}
    days |= {"until-day": "3", "until-month": "12", "until-year": "2026"}
    return days | {name.replace("_", "-"): value for name, value in typed.items()}


def test_a_new_password_needs_the_old_one_and_signs_out_the_others(
    opened: Open, browser: Browser, sam: Staff
) -> None:
    with db.write() as session:
        staff.find(session, sam.id).password_hash = passwords.hashed(OLD)
    other = opened()
    seat_again(other, sam)
    wrong = browser.send("/desk/me/password", old_password="guess", password="short")
    assert wrong.status_code == 422
    assert "This is not your password" in wrong.text and "at least 12" in wrong.text
    assert "guess" not in wrong.text
    done = browser.send("/desk/me/password", old_password=OLD, password=NEW)
    assert done.headers["location"] == "/desk/me?said=password"
    assert browser.get("/desk/me").status_code == 200
    assert other.get("/desk/me").status_code == 303
    with db.read() as session:
        assert passwords.fits(NEW, staff.find(session, sam.id).password_hash)


def seat_again(browser: Browser, person: Staff) -> None:
    """Another browser of the same person."""
    with db.write() as session:
        token = staff.one_time_sign_in(session, person, wall=clock.wall())
    browser.send(f"/desk/link/{token}")


def test_somebody_without_password_cannot_set_one_here(browser: Browser, sam: Staff) -> None:
    refused = browser.send("/desk/me/password", old_password="", password=NEW)
    assert refused.status_code == 422


def test_an_absence_counts_whole_local_days(browser: Browser, sam: Staff) -> None:
    browser.send("/desk/me/away", **away())
    with db.read() as session:
        (absence,) = rota.absences(session, sam.id, now=clock.now())
    assert absence.since == datetime(2026, 12, 1, tzinfo=UTC)
    assert absence.until == datetime(2026, 12, 4, tzinfo=UTC)
    assert "midnight on Tuesday" in browser.get("/desk/me").text
    browser.send("/desk/me/back", absence=absence.id)
    with db.read() as session:
        assert rota.absences(session, sam.id, now=clock.now()) == []


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("since", {"since_month": "13"}),
        ("since", {"since_day": "31", "since_month": "2"}),
        ("until", {"until_year": ""}),
        ("until", {"until_day": "x"}),
        ("until", {"until_month": "11"}),
        ("since", {"since_year": "9" * 30}),
    ],
)
def test_a_day_that_is_none_is_refused_beside_what_was_typed(
    browser: Browser, sam: Staff, field: str, typed: dict[str, str]
) -> None:
    refused = browser.send("/desk/me/away", **away(**typed))
    assert refused.status_code == 422
    assert f'href="#{field}"' in refused.text
    assert 'value="2026"' in refused.text


def test_nobody_takes_back_the_absence_of_another(browser: Browser, sam: Staff) -> None:
    browser.send("/desk/me/away", **away())
    with db.read() as session:
        (absence,) = rota.absences(session, sam.id, now=clock.now())
    seat(browser, "Sample Kim")
    assert browser.send("/desk/me/back", absence=absence.id).status_code == 404


def test_a_code_for_telegram_is_shown_once_and_links(browser: Browser, sam: Staff) -> None:
    page = browser.send("/desk/me/telegram").text
    found = re.search(r'room-secret">([A-Z0-9]{8})<', page)
    assert found
    with db.write() as session:
        staff_links.redeem(session, found[1], "900001", now=clock.now())
    account = browser.get("/desk/me").text
    assert "Telegram" in account and found[1] not in account
    assert "900001" not in account


def test_my_rungs_are_listed(browser: Browser, sam: Staff) -> None:
    with db.write() as session:
        rota.put_on(session, sam.id, "backup", by="test", now=clock.now())
    assert re.search(r"<strong>Backup</strong>\s+since 10am today", browser.get("/desk/me").text)
