"""The web chat in a real browser: live, by keyboard alone, on an old phone, off the net."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import people
from tests.bot.full_disk import full
from tests.bot.web_chat import site
from tests.browser import axe
from tests.pages.server import serving
from waiting_room import clock, db, outbox
from waiting_room.letters import Letter
from waiting_room.models import Address
from waiting_room.models.address import WEB_CHAT

pytestmark = pytest.mark.browser


# One server for all: closing it waits for open streams. Each test has a room of its own.
@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Where the web chat answers."""
    with serving(site.make()) as address:
        yield address


@pytest.fixture
def address(server: str, team: None) -> str:
    """Where the web chat of this room answers."""
    return server


@pytest.fixture
def chat(team: None, now: datetime) -> Address:
    """Somebody's chat. The clock runs, as the page tells newer from older by it."""
    clock.stand_still(None)
    with db.write() as session:
        token = secrets.token_hex(16)
        _, row = people.patient(session, now=clock.now(), channel=WEB_CHAT, chat_id=token)
    row.token = token  # type: ignore[attr-defined]
    return row


def _open(context: BrowserContext, address: str, chat: Address) -> Page:
    token = chat.token  # type: ignore[attr-defined]
    context.add_cookies([{"name": "chat", "value": token, "url": address}])
    page = context.new_page()
    page.goto(f"{address}/chat")
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("button", name="Self-care")).to_be_visible()
    return page


def _tell(chat: Address, page: str = "conversation/new-message") -> None:
    with db.write() as session:
        address = session.get_one(Address, chat.id)
        outbox.say(session, address, Letter(page), now=clock.now())


def _bubbles(page: Page) -> int:
    return page.locator(".room-bubble").count()


def test_way_in_by_keyboard_alone(desktop: BrowserContext, address: str, now: datetime) -> None:
    issued = site.invited(now=now)
    page = desktop.new_page()
    page.goto(f"{address}/chat/{issued.token}")
    _tab_to(page, "#pin")
    page.keyboard.type(issued.pin)
    page.keyboard.press("Enter")
    page.wait_for_url("**/chat")
    _tab_to(page, "button[value='I am 18 or over']")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    # The pressed key is gone: the focus stands where the next ones are.
    assert page.evaluate("document.activeElement.id") == "keys"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".room-bubble").last).not_to_contain_text("Welcome")


def _tab_to(page: Page, place: str) -> None:
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("(place) => document.activeElement.matches(place)", place):
            return
    raise AssertionError(f"{place} cannot be reached by Tab")


def test_letter_arrives_without_loading_again(
    phone: BrowserContext,
    address: str,
    chat: Address,
) -> None:
    page = _open(phone, address, chat)
    before = _bubbles(page)
    page.evaluate("window.sameLoad = true")
    _tell(chat)
    expect(page.locator(".room-bubble")).to_have_count(before + 1)
    assert page.evaluate("window.sameLoad")
    expect(page.locator(".room-bubble").last).to_contain_text("You have a message")
    expect(page.locator(".room-bubble").last).to_be_in_viewport()


def test_answer_is_read_from_its_beginning(
    phone: BrowserContext,
    address: str,
    chat: Address,
) -> None:
    page = _open(phone, address, chat)
    page.get_by_role("button", name="Help lines").click()
    mine = page.locator(".room-bubble--you").last
    expect(mine).to_contain_text("Help lines")
    expect(mine).to_be_in_viewport(ratio=1)
    page.wait_for_function("document.querySelector('.room-bubble:last-child').offsetHeight > 500")
    # Somebody who reads is told of news and not moved.
    place = page.evaluate("scrollY")
    _tell(chat)
    expect(page.get_by_role("button", name="New message")).to_be_visible()
    assert page.evaluate("scrollY") == place
    page.get_by_role("button", name="New message").click()
    expect(page.locator(".room-bubble").last).to_be_in_viewport()
    expect(page.get_by_role("button", name="New message")).to_be_hidden()


def test_double_click_is_one_press(
    desktop: BrowserContext,
    address: str,
    chat: Address,
) -> None:
    page = _open(desktop, address, chat)
    before = _bubbles(page)
    page.get_by_role("button", name="My wait").dblclick()
    expect(page.locator(".room-bubble")).to_have_count(before + 2)
    page.get_by_role("button", name="People").click()
    expect(page.locator(".room-bubble--you").last).to_contain_text("People")
    assert page.locator(".room-bubble--you", has_text="My wait").count() == 1


def test_written_words_leave_the_box_and_the_focus_stays(
    desktop: BrowserContext,
    address: str,
    chat: Address,
) -> None:
    page = _open(desktop, address, chat)
    box = page.get_by_label("Your message")
    box.fill("hello")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".room-bubble--you").last).to_contain_text("hello")
    expect(box).to_have_value("")
    expect(box).to_be_focused()


def test_off_the_net_nothing_typed_is_lost_or_said_twice(
    phone: BrowserContext,
    address: str,
    chat: Address,
) -> None:
    page = _open(phone, address, chat)
    box = page.get_by_label("Your message")
    box.fill("are you there")
    phone.set_offline(True)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("We do not know if your message arrived")
    expect(page.get_by_role("alert").get_by_role("link", name="999")).to_be_visible()
    expect(box).to_have_value("are you there")
    phone.set_offline(False)
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".room-bubble--you", has_text="are you there")).to_have_count(1)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(box).to_have_value("")


def test_refused_words_stay_in_the_box(
    phone: BrowserContext,
    address: str,
    chat: Address,
) -> None:
    page = _open(phone, address, chat)
    words = "It has been a long week. " * 150 + "I want to die"
    page.get_by_label("Your message").fill(words)
    with full():
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("alert")).to_contain_text("We could not pass this on")
    expect(page.get_by_label("Your message")).to_have_value(words)
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".room-bubble").last).to_contain_text("Thank you for telling us")


def test_page_open_longer_than_its_token_still_sends(
    phone: BrowserContext,
    address: str,
    chat: Address,
) -> None:
    page = _open(phone, address, chat)
    phone.clear_cookies(name="form")
    page.get_by_label("Your message").fill("still here")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".room-bubble--you").last).to_contain_text("still here")


def test_other_page_ends_when_one_signs_out(
    desktop: BrowserContext,
    address: str,
    chat: Address,
) -> None:
    page, other = _open(desktop, address, chat), desktop.new_page()
    other.goto(f"{address}/chat")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", name="You are signed out")).to_be_visible()
    page.bring_to_front()
    expect(page.get_by_role("heading", name="Ask your worker for a new link")).to_be_visible()


def test_it_works_without_scripts(browser: object, address: str, chat: Address) -> None:
    context = browser.new_context(java_script_enabled=False)  # type: ignore[attr-defined]
    page = _open(context, address, chat)
    page.get_by_label("Your message").fill("hello")
    page.get_by_role("button", name="Send").click()
    assert page.url.endswith("/chat#latest")
    expect(page.locator(".room-bubble--you").last).to_contain_text("hello")
    expect(page.get_by_role("link", name="Show new messages")).to_be_visible()
    context.close()


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_pages_are_accessible_and_nothing_is_covered(
    request: pytest.FixtureRequest, address: str, chat: Address, now: datetime, size: str
) -> None:
    context: BrowserContext = request.getfixturevalue(size)
    page = _open(context, address, chat)
    page.get_by_label("Your message").fill("I want to kill myself")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".room-bubble").last).to_contain_text("Thank you for telling us")
    assert axe(page) == []
    _nothing_is_too_small(page)
    _last_key_can_be_seen(page)
    clock.stand_still(now)
    issued = site.invited(now=now)
    for path in (f"/chat/{issued.token}", "/chat/bad"):
        page.goto(address + path)
        assert axe(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def _nothing_is_too_small(page: Page) -> None:
    for place in page.locator(".room-key, .room-problem__lines a, .room-composer button").all():
        box = place.bounding_box()
        assert box is None or box["height"] >= 44


def _last_key_can_be_seen(page: Page) -> None:
    key = page.locator("#keys .room-key").last
    key.focus()
    expect(key).to_be_in_viewport(ratio=1)
    under, above = page.locator(".room-composer").bounding_box(), key.bounding_box()
    assert under is not None and above is not None
    assert above["y"] + above["height"] <= under["y"]
