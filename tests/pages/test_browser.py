"""What a person meets in a real browser: reachable, wide enough, quick to leave."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.pages import demo
from tests.pages.server import serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
LAYOUTS = ["/chat", "/desk", "/desk/form", "/chat/nope", "/desk/nope"]
LEAVES = "https://www.bbc.co.uk/weather"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(demo.make()) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 375, "height": 667})
    page = context.new_page()
    page.route(f"{LEAVES}**", _weather)
    yield page
    context.close()


def _weather(route: Route) -> None:
    route.fulfill(body="<title>Weather</title>Rain", content_type="text/html")


@pytest.mark.parametrize("width", [375, 1280])
def test_layouts_are_accessible_and_fit(browser: Browser, address: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 700})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text))
    for path in LAYOUTS:
        page.goto(address + path)
        found = [violation["id"] for violation in Axe().run(page).response["violations"]]
        assert found == [], path
        assert page.evaluate("document.documentElement.scrollWidth") == width, path
    context.close()
    # The demo has no live stream and no such pages: nothing else may be complained of.
    assert [words for words in problems if "404" not in words] == []


def test_text_is_large_and_targets_are_easy_to_hit(page: Page, address: str) -> None:
    page.goto(f"{address}/chat")
    size = page.evaluate(
        "getComputedStyle(document.querySelector('.room-bubble__body p')).fontSize"
    )
    assert float(size.removesuffix("px")) >= 19
    for place in page.locator(".room-bar a, .room-key, .room-composer button, summary").all():
        box = place.bounding_box()
        assert box is not None
        assert box["height"] >= 44


def test_error_summary_takes_the_focus_and_leads_to_the_field(page: Page, address: str) -> None:
    page.goto(f"{address}/desk/form")
    page.wait_for_function("document.activeElement.matches('.nhsuk-error-summary')")
    page.get_by_role("link", name="Enter a date of birth").click()
    assert page.evaluate("document.activeElement.name") == "born-day"


def test_composer_stays_in_view_and_help_too(page: Page, address: str) -> None:
    page.goto(f"{address}/chat")
    page.wait_for_function("scrollY > 0")
    page.evaluate("scrollTo(0, 300)")
    for place in ("Send", "Help now", "Leave this page"):
        box = page.get_by_text(place, exact=True).first.bounding_box()
        assert box is not None
        assert 0 <= box["y"] <= 667 - 44, place


def test_message_is_heard_from_a_real_browser(page: Page, address: str) -> None:
    page.goto(f"{address}/chat")
    page.get_by_label("Your message").fill("hello")
    page.get_by_role("button", name="Send").click()
    assert page.locator("body").inner_text() == "heard hello"


def test_leaving_replaces_the_page(page: Page, address: str) -> None:
    page.goto(f"{address}/help")
    page.goto(f"{address}/chat")
    page.get_by_role("link", name="Leave this page").click()
    page.wait_for_url(f"{LEAVES}**")
    page.go_back()
    assert page.url == f"{address}/help"


def test_screen_is_covered_within_the_press_itself(page: Page, address: str) -> None:
    page.goto(f"{address}/chat")
    seen = page.evaluate(
        """() => {
          document.querySelector("[data-leave]").click();
          return [getComputedStyle(document.body).display, document.title];
        }"""
    )
    assert seen == ["none", "www.bbc.co.uk"]


def test_shift_three_times_leaves_but_capitals_do_not(page: Page, address: str) -> None:
    page.goto(f"{address}/chat")
    page.get_by_label("Your message").focus()
    for letter in ("A", "B", "C", "D"):
        page.keyboard.press(f"Shift+{letter}")
    assert page.url == f"{address}/chat"
    for _ in range(3):
        page.keyboard.press("Shift")
    page.wait_for_url(f"{LEAVES}**")


def test_failed_live_part_leaves_alerts_on_the_screen(page: Page, address: str) -> None:
    with page.expect_response("**/desk/live"):
        page.goto(f"{address}/desk")
    page.wait_for_function("window.htmx !== undefined")
    assert page.locator(".room-alert").count() == 3
