"""I63 over every route: without our token, or from another site, nothing changes; nor by a GET."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from fastapi import APIRouter
from sqlalchemy import inspect, text

from tests.web.conftest import ADDRESS, Browser, seat
from waiting_room import db
from waiting_room.models.staff import ADMINISTRATOR
from waiting_room.web import app, public, sign_in, welcome
from waiting_room.web.desk import first_run, me, staff

QUIET = (public, sign_in, welcome, first_run, me, staff)
"""Modules whose pages write nothing down when somebody looks."""


def paths(routers: Iterable[APIRouter], method: str) -> list[str]:
    """Every address of these routers that answers this method, with made-up ids."""
    routes = [route for router in routers for route in router.routes]
    fitting = [r.path for r in routes if method in (getattr(r, "methods", None) or ())]
    return sorted({re.sub(r"{[^}]+}", "00000000", path) for path in fitting})


def contents() -> dict[str, list[str]]:
    """Every row of every table."""
    with db.read() as session:
        names = inspect(session.connection()).get_table_names()
        rows = {name: session.execute(text(f'SELECT * FROM "{name}"')).all() for name in names}
    return {name: sorted(map(str, found)) for name, found in rows.items()}


@pytest.fixture
def administrator(browser: Browser, ready: None) -> Browser:
    """A browser that may do everything."""
    seat(browser, "Sample Robin", role=ADMINISTRATOR)
    return browser


def test_the_sweep_finds_the_forms() -> None:
    posts = paths(app.PAGES, "POST")
    assert "/desk/sign-in" in posts and "/desk/staff/00000000/disable" in posts


def test_no_form_is_taken_without_our_token(administrator: Browser) -> None:
    before = contents()
    for path in paths(app.PAGES, "POST"):
        refused = administrator.client.post(path, data={"email": "x", "name": "x"})
        assert refused.status_code == 403, path
        assert "Nothing was changed" in refused.text, path
    assert contents() == before


def test_no_form_is_taken_with_the_token_of_another_browser(
    administrator: Browser, opened: object
) -> None:
    other = opened("192.0.2.2").form_token()  # type: ignore[operator]
    before = contents()
    for path in paths(app.PAGES, "POST"):
        refused = administrator.client.post(path, data={"form_token": other})
        assert refused.status_code == 403, path
    assert contents() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "https://other.room.example"},
    ],
)
def test_no_form_is_taken_from_another_site(
    administrator: Browser, headers: dict[str, str]
) -> None:
    token = administrator.form_token()
    before = contents()
    for path in paths(app.PAGES, "POST"):
        data = {"form_token": token}
        refused = administrator.client.post(path, data=data, headers=headers)
        assert refused.status_code == 403, path
    assert contents() == before


def test_our_own_origin_is_taken(administrator: Browser) -> None:
    headers = {"origin": ADDRESS, "sec-fetch-site": "same-origin"}
    data = {"form_token": administrator.form_token()}
    taken = administrator.client.post("/desk/me/test", data=data, headers=headers)
    assert taken.status_code == 303


def test_no_page_changes_anything_by_being_looked_at(administrator: Browser) -> None:
    before = contents()
    for path in paths([module.router for module in QUIET], "GET"):
        assert administrator.get(path).status_code < 500, path
    assert contents() == before


def test_every_page_of_the_desk_asks_who_one_is(browser: Browser, ready: None) -> None:
    open_to_all = ("/desk/sign-in", "/desk/link/", "/desk/welcome/")
    for path in paths(app.PAGES, "GET"):
        if path.startswith("/desk") and not path.startswith(open_to_all):
            sent = browser.get(path)
            assert sent.status_code == 303, path
            assert sent.headers["location"].startswith("/desk/sign-in"), path


def test_a_page_says_nothing_to_caches_and_sends_no_address_elsewhere(
    administrator: Browser,
) -> None:
    for path in ("/desk/me", "/desk/staff", "/desk/welcome/00000000", "/help"):
        headers = administrator.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
        assert "max-age" in headers["strict-transport-security"]
        assert "unsafe" not in headers["content-security-policy"]
