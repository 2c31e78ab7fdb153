"""The welcome link: choose a password, tie an app, be signed in."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest

from tests.web.conftest import Browser
from waiting_room import clock, db
from waiting_room.care import passwords, staff
from waiting_room.models import Staff
from waiting_room.models.staff import CASE_WORKER

PASSWORD = "purple kettle tram"
SECRET = re.compile(r'name="secret" value="([A-Z2-7]{32})"')


@pytest.fixture
def token(ready: None) -> str:
    """The link of somebody new."""
    with db.write() as session:
        given = {"name": "Sample Robin", "email": "robin@example.org", "role": CASE_WORKER}
        person = staff.add(session, **given, by="test", now=clock.now())
        return staff.welcome_link(session, person, wall=clock.wall())


def robin() -> Staff:
    """The person as stored now."""
    with db.read() as session:
        found = staff.by_email(session, "robin@example.org")
    assert found
    return found


def secret_on(text: str) -> str:
    """The secret the page shows."""
    found = SECRET.search(text)
    assert found
    return found[1]


def code(secret: str) -> str:
    """What the app shows now."""
    return pyotp.TOTP(secret).at(clock.wall())


def test_the_whole_way_from_the_link_to_the_desk_and_back_in(browser: Browser, token: str) -> None:
    page = browser.get(f"/desk/welcome/{token}")
    secret = secret_on(page.text)
    fields = {"secret": secret, "password": PASSWORD, "code": code(secret)}
    done = browser.send(f"/desk/welcome/{token}", **fields)
    assert (done.status_code, done.headers["location"]) == (303, "/desk")
    assert browser.get("/desk/me").status_code == 200
    kept = robin()
    assert passwords.fits(PASSWORD, kept.password_hash)
    assert (kept.totp, kept.totp_last_step > 0) == (secret, True)
    assert secret.encode() not in (kept.totp_sealed or b"")


def test_the_secret_is_shown_as_a_picture_and_as_text_to_type(browser: Browser, token: str) -> None:
    page = browser.get(f"/desk/welcome/{token}").text
    secret = secret_on(page)
    assert 'src="data:image/svg+xml' in page
    assert " ".join(re.findall("....", secret)) in page


def test_looking_changes_nothing(browser: Browser, token: str) -> None:
    first = secret_on(browser.get(f"/desk/welcome/{token}").text)
    assert secret_on(browser.get(f"/desk/welcome/{token}").text) != first
    assert (robin().password_hash, robin().totp) == ("", None)


def test_all_that_is_wrong_is_shown_at_once_and_the_app_stays_tied(
    browser: Browser, token: str
) -> None:
    secret = secret_on(browser.get(f"/desk/welcome/{token}").text)
    fields = {"secret": secret, "password": "robin", "code": "000000"}
    page = browser.send(f"/desk/welcome/{token}", **fields)
    assert page.status_code == 422
    assert "at least 12 characters" in page.text
    assert "This code is not right" in page.text
    assert secret_on(page.text) == secret
    assert robin().password_hash == ""


@pytest.mark.parametrize("secret", ["", "AAAA", "'; drop table staff", "a" * 32])
def test_a_secret_that_is_not_ours_is_replaced(browser: Browser, token: str, secret: str) -> None:
    fields = {"secret": secret, "password": PASSWORD, "code": "000000"}
    page = browser.send(f"/desk/welcome/{token}", **fields)
    assert page.status_code == 422
    assert len(secret_on(page.text)) == 32


def test_a_used_or_old_link_sets_nothing(browser: Browser, token: str) -> None:
    secret = secret_on(browser.get(f"/desk/welcome/{token}").text)
    with db.write() as session:
        later = clock.wall() - timedelta(hours=25)
        staff.welcome_link(session, robin(), wall=later)
    fields = {"secret": secret, "password": PASSWORD, "code": code(secret)}
    assert browser.send(f"/desk/welcome/{token}", **fields).status_code == 404
    assert robin().password_hash == ""
