"""A demo to be walked through, and a visitor who looks at each page on the way."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import conftest, people
from tests.browser import new_context
from tests.fakes.bot_api import BotApi
from tests.fakes.smtp import MailServer
from tests.journeys.live import LiveRoom
from tests.journeys.looking import Looker
from waiting_room import clock, db
from waiting_room.care import staff as team
from waiting_room.models import Staff
from waiting_room.models.address import WEB_CHAT

DOORS = {
    "desk": r"/desk/link/(\S+)",
    "chat": r"/chat/(\S+)",
    "pin": r"it asks for: (\d+)",
}


@dataclass
class Demo:
    """A demo that runs, the doors it printed, and a browser to walk through them."""

    room: LiveRoom
    browser: Browser
    doors: dict[str, str]

    def visitor(self, token: str = "") -> Page:
        """Somebody with a browser of their own; signed in at the desk with a one-time token."""
        context = new_context(self.browser, "phone", base_url=self.room.url)
        page = context.new_page()
        if token:
            page.goto(f"/desk/link/{token}")
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(re.compile(r"/desk(?!/link)"))
        return page

    def member(self, name: str, role: str) -> Staff:
        """Take somebody into the team."""
        known = {"name": name, "email": f"{name.split()[0].lower()}@example.org", "role": role}
        with db.write() as session:
            return team.add(session, **known, by="test", now=self.room.now())

    def signed_in(self, name: str) -> Page:
        """The browser of somebody of the team, by first name."""
        with db.write() as session:
            person = team.by_email(session, f"{name.lower()}@example.org")
            assert person is not None
            token = team.one_time_sign_in(session, person, wall=clock.wall())
        return self.visitor(token)


def served(folder: Path, *, verb: str) -> Iterator[LiveRoom]:
    """A room in its own process, with its database open here too."""
    with BotApi(seed=7) as api, MailServer() as mail:
        room = LiveRoom(folder, api, mail)
        room.start(verb)
        conftest.open_room(folder, conftest.sqlite_url(folder), sample=True)
        yield room
        conftest.close_room()
        room.stop()


@pytest.fixture(scope="module")
def demo(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo as a visitor starts it."""
    for room in served(tmp_path_factory.mktemp("demo"), verb="demo"):
        printed = room.log.read_text()
        found = {name: re.search(place, printed) for name, place in DOORS.items()}
        yield Demo(room, browser, {name: door[1] for name, door in found.items() if door})


@pytest.fixture
def looker(request: pytest.FixtureRequest) -> Iterator[Looker]:
    """Looks at pages; what was wrong with any of them is told at the end."""
    looker = Looker(request.node.name.removeprefix("test_"))
    yield looker
    assert looker.faults == [], "\n".join(looker.faults)


@dataclass
class Chat:
    """A patient's chat, and somebody who looks at each answer."""

    page: Page
    looker: Looker

    def presses(self, *steps: tuple[str, str]) -> None:
        """Press each of these buttons, and look at the words that answer it."""
        for key, sees in steps:
            self.page.get_by_role("button", name=key, exact=True).last.click()
            self._look(key, sees)

    def says(self, words: str, *, sees: str) -> None:
        """Write; look at what is answered."""
        self.page.get_by_label("Your message").fill(words)
        self.page.get_by_role("button", name="Send").click()
        self._look(words, sees)

    def _look(self, said: str, sees: str) -> None:
        answer = self.page.locator(f".room-bubble--you:has-text({json.dumps(said)})").last
        expect(answer.locator("~ .room-bubble--room", has_text=sees).last).to_be_visible()
        self.looker.look(self.page, f"{said[:24]} - {sees}", for_patients=True)


def press(page: Page, name: str) -> None:
    """Press the last button of this name, and wait for the page that answers it."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).last.click()
    # A browser under load tells of a navigation before it has read the page.
    page.locator("body.js-enabled").wait_for()


def fill_referral(page: Page, *, name: str) -> None:
    """Fill in what a referral needs."""
    page.get_by_label("Full name").fill(name)
    for part, number in (("Day", "27"), ("Month", "3"), ("Year", "1958")):
        page.get_by_label(part, exact=True).fill(number)
    page.get_by_label("Phone", exact=True).fill("07700 900123")
    page.get_by_label("Yes", exact=True).check()
    page.get_by_label("Why are you referring them?").fill("Would like company.")
    page.get_by_label("No known risks").check()
    page.get_by_label("Who are you?").select_option("charity")
    page.get_by_label("Your name and how we reach you").fill("Sample Kitchen, 0113 496 0124")
    page.get_by_label("The person knows about this referral").check()


def at_home(demo: Demo, name: str, looker: Looker) -> Chat:
    """Somebody who came in before and stands in the menu."""
    page, token = demo.visitor(), secrets.token_hex(16)
    now = demo.room.now()
    with db.write() as session:
        worker = team.by_email(session, "kim@example.org")
        known = {"name": name, "channel": WEB_CHAT, "chat_id": token, "worker": worker}
        people.patient(session, now=now, needs=("sleep",), **known)
    page.context.add_cookies([{"name": "chat", "value": token, "url": demo.room.url}])
    page.goto("/chat")
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("button", name="My wait")).to_be_visible()
    return Chat(page, looker)
