"""A real browser for the pages: Debian's Chromium through Playwright, and axe for accessibility.

A conftest imports the fixtures: `from tests.browser import browser, desktop, phone`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any, Literal

import pytest

try:
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
    from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright
except ImportError:
    INSTALLED = False
else:
    INSTALLED = True

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
Size = Literal["phone", "desktop"]
SIZES: dict[Size, tuple[int, int]] = {"phone": (375, 812), "desktop": (1280, 900)}


def missing() -> str:
    """Return why no browser can be opened, or nothing."""
    if not INSTALLED:
        return "browser tests need the packages playwright and axe-playwright-python (extra: test)"
    if shutil.which("chromium") is None:
        return "browser tests need Chromium (Debian's package chromium) on the path"
    return ""


# One for each module (0.5 s), not for the run: while Playwright's plain interface is open this
# thread counts as inside an event loop, and asyncio.run() in any later test would be refused.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give one Chromium to a module's tests, or skip and say what is missing."""
    if reason := missing():
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGS, headless=True
        )
        yield chromium
        chromium.close()


def new_context(browser: Browser, size: Size, **more: Any) -> BrowserContext:
    """Open a context of a phone's or a desk's size; a phone can be touched."""
    width, height = SIZES[size]
    viewport: ViewportSize = {"width": width, "height": height}
    context = browser.new_context(
        viewport=viewport, has_touch=size == "phone", locale="en-GB", **more
    )
    context.set_default_timeout(5_000)
    return context


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """Give a context of 375 x 812."""
    with new_context(browser, "phone") as context:
        yield context


@pytest.fixture
def desktop(browser: Browser) -> Iterator[BrowserContext]:
    """Give a context of 1280 x 900."""
    with new_context(browser, "desktop") as context:
        yield context


def axe(page: Page, *, but: str = "", **options: Any) -> list[str]:
    """Return what axe finds wrong on a page: rule, weight, places. Nothing is fetched for it.

    `but` names places to leave out, as a selector.
    """
    where = {"exclude": [[but]]} if but else None
    found = Axe().run(page, context=where, options={"resultTypes": ["violations"], **options})
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: "
        + "; ".join(str(place["target"][0]) for place in rule["nodes"])
        for rule in found.response["violations"]
    ]
