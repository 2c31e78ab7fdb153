"""The real application over HTTPS, and browsers that talk to it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from tests import people
from waiting_room import clock, db, settings
from waiting_room.care import providers, sign_ins
from waiting_room.models import Staff
from waiting_room.models.staff import CASE_WORKER
from waiting_room.web import app

ADDRESS = "https://room.example"
COOKIE = "__Host-desk"
TOKEN = re.compile(r'name="form_token" value="([^"]+)"')
SET_UP = providers.SetUp(
    name="Sample Hub",
    contact="hello@example.org",
    phone="0113 496 0999",
    privacy_text="We are a sample charity.",
)


@dataclass
class Browser:
    """One browser: keeps cookies, follows no redirect, sends forms as our own pages would."""

    client: TestClient
    known_token: str = ""

    def get(self, path: str, **more: Any) -> Response:
        """Open a page."""
        return self.client.get(path, **more)

    def send(self, path: str, **fields: Any) -> Response:
        """Send a form with a token of this browser."""
        return self.client.post(path, data={"form_token": self.form_token(), **fields})

    def form_token(self) -> str:
        """A form token, as any page with a form gives it; good for as long as the cookie."""
        if self.known_token:
            return self.known_token
        for page in ("/desk/me", "/desk/sign-in"):
            found = TOKEN.search(self.client.get(page).text)
            if found:
                self.known_token = found[1]
                return found[1]
        raise AssertionError("no page with a form")

    @property
    def session(self) -> str:
        """The session's token this browser holds; "" when it is signed out."""
        return self.client.cookies.get(COOKIE) or ""


Open = Callable[..., Browser]
places = itertools.count(1)
"""Each browser asks from a place of its own, so that no test uses up the allowance of another."""


@cache
def build() -> FastAPI:
    """The application, made once: every room of the tests has the same keys."""
    return app.build(settings.load(public_url=ADDRESS))


@pytest.fixture
def desk(room: Path) -> FastAPI:
    """The application of a room nobody set up yet."""
    return build()


@pytest.fixture
def opened(desk: FastAPI) -> Iterator[Open]:
    """Open as many browsers as a test needs; each may come from a place of its own."""
    clients = []

    def open_one(peer: str = "") -> Browser:
        client = TestClient(
            desk,
            base_url=ADDRESS,
            follow_redirects=False,
            headers={"accept": "text/html"},
            client=(peer or f"2001:db8:0:{next(places):x}::1", 50_000),
        )
        clients.append(client)
        return Browser(client)

    yield open_one
    for client in clients:
        client.close()


@pytest.fixture
def browser(opened: Open) -> Browser:
    """One browser, signed out."""
    return opened()


@pytest.fixture
def ready(room: Path, now: datetime) -> None:
    """The room is set up."""
    with db.write() as session:
        providers.set_up(session, SET_UP, by="test", now=now)


def seat(browser: Browser, name: str = "Sample Sam", *, role: str = CASE_WORKER) -> Staff:
    """Make a worker and sign this browser in as them, without a password."""
    with db.write() as session:
        person = people.staff(session, name, role=role, now=clock.now())
        token = sign_ins.begin(session, person, now=clock.now(), wall=clock.wall())
    browser.client.cookies.set(COOKIE, token, domain="room.example", path="/")
    return person
