"""Pages for everybody. Help asks for nothing and works when little else does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.web.conftest import Browser
from waiting_room import clock, db, library
from waiting_room.library import Shelf


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", "A waiting room you can carry in your pocket"),
        ("/privacy", "Sample Hub runs this room"),
        ("/privacy", "hello@example.org"),
        ("/privacy", "We are a sample charity."),
        ("/accessibility", "WCAG 2.2"),
        ("/cookies", "one note that keeps forms safe"),
        ("/help", "116 123"),
    ],
)
def test_each_page_says_what_it_should(
    browser: Browser, ready: None, path: str, words: str
) -> None:
    page = browser.get(path)
    assert page.status_code == 200
    assert words in page.text


def test_pages_work_before_the_first_run(browser: Browser) -> None:
    for path in ("/", "/privacy", "/accessibility", "/cookies", "/help"):
        assert browser.get(path).status_code == 200
    assert "{" not in browser.get("/privacy").text.split("<main")[1].split("</main")[0]


def test_no_public_page_sets_a_cookie(browser: Browser, ready: None) -> None:
    for path in ("/", "/privacy", "/accessibility", "/cookies", "/help", "/help?nation=wales"):
        assert "set-cookie" not in browser.get(path).headers


def test_help_shows_what_is_open_where_one_lives(browser: Browser, ready: None) -> None:
    wales = browser.get("/help?nation=wales").text
    scotland = browser.get("/help?nation=scotland").text
    assert "Live Fear Free" in wales and "Live Fear Free" not in scotland
    assert "Breathing Space" not in wales
    assert "These are for Scotland" in scotland


def test_a_line_that_is_closed_now_is_not_among_the_open_ones(
    browser: Browser, ready: None
) -> None:
    clock.advance(timedelta(hours=13))  # Wednesday 11pm
    page = browser.get("/help").text
    open_now, _, closed = page.partition("Lines that are closed now")
    assert "National Debtline" in closed and "National Debtline" not in open_now
    assert "tel:116123" in open_now


def test_help_is_never_refused_for_asking_often(browser: Browser, ready: None) -> None:
    assert {browser.get("/help").status_code for _ in range(250)} == {200}


def test_help_works_without_a_database_and_without_words(
    browser: Browser, ready: None, tmp_path: Path
) -> None:
    db.connect(f"sqlite:///{tmp_path}/empty.db")
    page = browser.get("/help")
    assert page.status_code == 200 and "tel:999" in page.text
    shelf = library.read(Path("content"), today=clock.now().date())
    try:
        library.use(Shelf())
        bare = browser.get("/help")
        assert bare.status_code == 200
        assert all(number in bare.text for number in ("tel:999", "tel:111", "tel:116123"))
    finally:
        library.use(shelf)


@pytest.mark.parametrize("nation", ["", "mars", "<script>alert(1)</script>", "x" * 5000])
def test_an_unknown_nation_hides_nothing(browser: Browser, ready: None, nation: str) -> None:
    page = browser.get("/help", params={"nation": nation})
    assert page.status_code == 200 and "<script>alert" not in page.text
