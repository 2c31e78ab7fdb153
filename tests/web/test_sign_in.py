"""Signing in and out over HTTP: the cookie, the two steps, one answer for every failure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache

import pyotp
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import func, select

from tests import people
from tests.web.conftest import COOKIE, TOKEN, Browser, Open, seat
from waiting_room import clock, db, settings
from waiting_room.care import one_time_codes, passwords, sign_ins, staff
from waiting_room.models import SignInLink, Staff, StaffSession
from waiting_room.models.staff import ADMINISTRATOR
from waiting_room.web import app

PASSWORD = "purple kettle tram"
EMAIL = "robin@example.org"
SECRET = one_time_codes.new_secret()
STEP = re.compile(r'name="step" value="([^"]+)"')
SESSION_COOKIE = re.compile(rf"{COOKIE}=[\w-]{{43}}; HttpOnly; Path=/; SameSite=lax; Secure")


@cache
def kept() -> str:
    """The hash of the password, made once: it is slow on purpose."""
    return passwords.hashed(PASSWORD)


@pytest.fixture
def robin(ready: None) -> Iterator[Staff]:
    """A worker with password and app."""
    with db.write() as session:
        person = people.staff(session, "Sample Robin", now=clock.now())
        person.password_hash, person.totp = kept(), SECRET
    yield person


def code() -> str:
    """What the app shows now."""
    return pyotp.TOTP(SECRET).at(clock.wall())


def first_step(browser: Browser, *, email: str = EMAIL, password: str = PASSWORD) -> Response:
    """E-mail and password."""
    return browser.send("/desk/sign-in", email=email, password=password, next="/desk/alerts/7")


def second_step(browser: Browser, page: Response, typed: str) -> Response:
    """The code, on the page that asks for it."""
    found = STEP.search(page.text)
    assert found
    return browser.send("/desk/sign-in/code", step=found[1], code=typed, next="/desk/alerts/7")


def without_tokens(page: Response) -> str:
    """The page with what differs for each reader taken out."""
    text = re.sub(r'nonce="[^"]+"', "", TOKEN.sub("", page.text))
    return text.replace("nobody@example.org", EMAIL)


def test_password_and_code_sign_in_and_lead_where_one_wanted_to_go(
    browser: Browser, robin: Staff
) -> None:
    asked = first_step(browser)
    assert (asked.status_code, browser.session) == (200, "")
    assert 'autocomplete="one-time-code"' in asked.text
    done = second_step(browser, asked, code())
    assert (done.status_code, done.headers["location"]) == (303, "/desk/alerts/7")
    assert browser.get("/desk/me").status_code == 200


def test_the_cookie_is_locked_to_this_host_and_hidden_from_scripts(
    browser: Browser, robin: Staff
) -> None:
    done = second_step(browser, first_step(browser), code())
    assert SESSION_COOKIE.search(done.headers["set-cookie"])


def test_a_sign_in_never_keeps_the_token_that_came_with_it(browser: Browser, robin: Staff) -> None:
    browser.client.cookies.set(COOKIE, "x" * 43, domain="room.example", path="/")
    second_step(browser, first_step(browser), code())
    assert browser.session not in ("", "x" * 43)


def test_a_code_works_once(opened: Open, robin: Staff) -> None:
    """I65: the same code, in another browser, in the same half minute."""
    one, two, used = opened(), opened(), code()
    first, second = first_step(one), first_step(two)
    assert second_step(one, first, used).status_code == 303
    refused = second_step(two, second, used)
    assert (refused.status_code, two.session) == (422, "")
    assert "used before" in refused.text


def test_unknown_disabled_and_wrong_get_one_and_the_same_answer(opened: Open, robin: Staff) -> None:
    wrong = first_step(opened(), password="something else")
    unknown = first_step(opened(), email="nobody@example.org")
    with db.write() as session:
        staff.disable(session, robin, by="test", now=clock.now(), wall=clock.wall())
    disabled = first_step(opened())
    assert {r.status_code for r in (wrong, unknown, disabled)} == {422}
    assert without_tokens(wrong) == without_tokens(unknown) == without_tokens(disabled)


def test_an_unknown_account_is_hashed_for_like_a_known_one(
    browser: Browser, robin: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes, verify = [], passwords._hashes.verify

    def watched(password: str, against: str) -> bool:
        hashes.append(against)
        return verify(password, against)

    monkeypatch.setattr(passwords._hashes, "verify", watched)
    first_step(browser, email="nobody@example.org", password="x")
    first_step(browser, password="x")
    assert hashes == [passwords.NOBODY, kept()]


def test_after_ten_failures_the_right_password_waits_too(opened: Open, robin: Staff) -> None:
    with db.write() as session:
        for number in range(10):
            sign_ins.try_once(session, EMAIL, f"198.51.100.{number}", wall=clock.wall())
    refused = first_step(opened("203.0.113.9"))
    assert refused.status_code == 429
    assert "Wait 15 minutes" in refused.text
    link = f"/desk/link/{one_time_link(robin)}"
    assert opened("203.0.113.9").send(link).status_code == 303


def test_what_was_typed_stays_but_never_the_password(browser: Browser, robin: Staff) -> None:
    refused = first_step(browser, password="something else")
    assert f'value="{EMAIL}"' in refused.text
    assert "something else" not in refused.text


@pytest.mark.parametrize(
    "asked", ["https://evil.example", "//evil.example", "/desk/../x", "/desk//x", "/chat", ""]
)
def test_only_our_own_pages_follow_a_sign_in(browser: Browser, ready: None, asked: str) -> None:
    seat(browser)
    led = browser.get("/desk/sign-in", params={"next": asked})
    assert (led.status_code, led.headers["location"]) == (303, "/desk")


def test_a_stranger_is_sent_to_the_sign_in_page_and_back(browser: Browser, ready: None) -> None:
    sent = browser.get("/desk/me")
    assert sent.headers["location"] == "/desk/sign-in?next=/desk/me"
    assert 'name="next" value="/desk/me"' in browser.get(sent.headers["location"]).text


def test_a_live_part_of_a_page_moves_the_whole_page(browser: Browser, ready: None) -> None:
    sent = browser.get("/desk/me", headers={"hx-request": "true"})
    assert (sent.status_code, sent.headers["hx-redirect"]) == (401, "/desk/sign-in?next=/desk/me")


def test_signing_out_ends_the_session_on_our_side(browser: Browser, ready: None) -> None:
    seat(browser)
    stolen = browser.session
    out = browser.send("/desk/sign-out")
    assert (out.status_code, browser.session) == (303, "")
    assert "You are signed out" in browser.get(out.headers["location"]).text
    browser.client.cookies.set(COOKIE, stolen, domain="room.example", path="/")
    assert browser.get("/desk/me").status_code == 303


def test_signing_out_everywhere_ends_the_other_browsers(opened: Open, ready: None) -> None:
    one, two = opened(), opened()
    seat(one)
    two.client.cookies.set(COOKIE, one.session, domain="room.example", path="/")
    one.send("/desk/sign-out-everywhere")
    assert two.get("/desk/me").status_code == 303
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(StaffSession)) == 0


def test_a_disabled_person_is_out_at_the_next_page(browser: Browser, ready: None) -> None:
    person = seat(browser)
    assert browser.get("/desk/me").status_code == 200
    with db.write() as session:
        staff.disable(session, person, by="test", now=clock.now(), wall=clock.wall())
    assert browser.get("/desk/me").status_code == 303


def test_an_idle_or_old_session_is_over(browser: Browser, ready: None) -> None:
    seat(browser)
    for name, age in (("seen_at", 31), ("made_at", 12 * 60 + 1)):
        with db.write() as session:
            row = session.scalars(select(StaffSession)).one()
            row.seen_at = row.made_at = clock.wall()
            setattr(row, name, clock.wall() - timedelta(minutes=age))
        assert browser.get("/desk/me").status_code == 303


def test_each_page_is_a_sign_of_life_noted_once_a_minute(browser: Browser, ready: None) -> None:
    seat(browser)
    with db.write() as session:
        row = session.scalars(select(StaffSession)).one()
        row.seen_at = clock.wall() - timedelta(minutes=20)
    before = clock.wall()
    browser.get("/desk/me")
    with db.read() as session:
        noted = session.scalars(select(StaffSession.seen_at)).one()
    assert noted >= before
    browser.get("/desk/me")
    with db.read() as session:
        assert session.scalars(select(StaffSession.seen_at)).one() == noted


def one_time_link(person: Staff) -> str:
    """A link that signs in once."""
    with db.write() as session:
        return staff.one_time_sign_in(session, person, wall=clock.wall())


def test_a_link_is_only_used_up_by_its_button(opened: Open, robin: Staff) -> None:
    scanner, browser, token = opened(), opened(), one_time_link(robin)
    for _ in range(3):
        seen = scanner.get(f"/desk/link/{token}")
        assert (seen.status_code, scanner.session) == (200, "")
    used = browser.send(f"/desk/link/{token}")
    assert (used.status_code, used.headers["location"]) == (303, "/desk")
    assert browser.get("/desk/me").status_code == 200
    assert scanner.get(f"/desk/link/{token}").status_code == 404
    assert scanner.send(f"/desk/link/{token}").status_code == 404


def test_a_used_an_old_and_a_made_up_link_look_the_same(opened: Open, robin: Staff) -> None:
    used, old = one_time_link(robin), ""
    opened().send(f"/desk/link/{used}")
    old = one_time_link(robin)
    with db.write() as session:
        row = session.scalars(select(SignInLink).where(SignInLink.used_at.is_(None))).one()
        row.expires_at = clock.wall()
    browser = opened()
    pages = [
        browser.get(f"/desk/{kind}/{token}")
        for kind in ("link", "welcome")
        for token in (used, old, "made-up")
    ]
    assert {page.status_code for page in pages} == {404}
    assert len({without_tokens(page) for page in pages}) == 1


def test_before_the_first_run_only_an_administrator_can_go_on(opened: Open) -> None:
    one, two = opened(), opened()
    seat(one, "Sample Robin", role=ADMINISTRATOR)
    seat(two, "Sample Sam")
    assert one.get("/desk/staff").headers["location"] == "/desk/first-run"
    assert two.get("/desk/staff").headers["location"] == "/desk/not-ready"
    assert "not set up yet" in two.get("/desk/not-ready").text


def test_on_this_machine_without_https_the_cookie_has_a_plain_name(ready: None) -> None:
    site = app.build(settings.load(env="demo"))
    with TestClient(site, base_url="http://127.0.0.1:8000", follow_redirects=False) as client:
        with db.write() as session:
            person = people.staff(session, "Sample Robin", now=clock.now())
        done = Browser(client).send(f"/desk/link/{one_time_link(person)}")
        assert done.headers["set-cookie"].startswith("desk=")
        assert "Secure" not in done.headers["set-cookie"]
        assert client.get("/desk/me").status_code == 200
