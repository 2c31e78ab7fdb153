"""A room with a team, the web chat before it, and a person with a browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests import people
from tests.bot.web_chat import site
from tests.bot.web_chat.site import Visitor
from tests.browser import browser, desktop, phone  # noqa: F401 - fixtures
from waiting_room import db
from waiting_room.care.invitations import Issued


@pytest.fixture
def team(room: Path, now: datetime) -> None:
    """Somebody to tell."""
    with db.write() as session:
        people.team(session, now=now)


@pytest.fixture
def issued(team: None, now: datetime) -> Issued:
    """A link and a PIN that were not used yet."""
    return site.invited(now=now)


@pytest.fixture
def visitor(team: None) -> Iterator[Visitor]:
    """Somebody at the door."""
    with TestClient(site.make(), headers={"accept": "text/html"}) as web:
        yield Visitor(web)


@pytest.fixture
def inside(visitor: Visitor, now: datetime) -> Visitor:
    """Somebody who joined, said yes to everything, and stands in the menu."""
    site.let_in(visitor, now=now)
    visitor.press("Menu")
    return visitor
