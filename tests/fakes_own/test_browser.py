"""The browser opens pages at both sizes, and axe sees what is wrong."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright", reason="browser tests need the package playwright")

from playwright.sync_api import BrowserContext

from tests.browser import axe, browser, desktop, phone

__all__ = ["browser", "desktop", "phone"]

pytestmark = pytest.mark.browser

GOOD = (
    '<!doctype html><html lang="en"><head><title>Sample</title></head>'
    "<body><main><h1>Hello</h1><button>Help now</button></main></body></html>"
)


@pytest.mark.parametrize(("size", "width"), [("phone", 375), ("desktop", 1280)])
def test_a_page_at_its_size(size: str, width: int, request: pytest.FixtureRequest) -> None:
    context: BrowserContext = request.getfixturevalue(size)
    page = context.new_page()
    page.set_content(GOOD)
    assert page.evaluate("innerWidth") == width
    assert axe(page) == []


def test_axe_names_what_is_wrong(phone: BrowserContext) -> None:
    page = phone.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(GOOD.replace("Help now", "").replace(' lang="en"', ""))
    found = axe(page)
    assert {line.split(" ")[0] for line in found} == {"button-name", "html-has-lang"}
    assert asked == []
