"""The pages of a room nobody has set up yet, looked at as `test_every_page` looks at the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests import conftest
from tests.journeys.looking import Looker
from tests.journeys.touring import Demo, press, served
from waiting_room.models.staff import ADMINISTRATOR, CASE_WORKER

pytestmark = pytest.mark.browser


def test_a_room_nobody_set_up(browser: Browser, tmp_path: Path, looker: Looker) -> None:
    conftest.found_room(tmp_path, conftest.sqlite_url(tmp_path), sample=True)
    for room in served(tmp_path, verb="serve"):
        new = Demo(room, browser, {})
        new.member("Priya Sample", ADMINISTRATOR)
        new.member("Kim Sample", CASE_WORKER)
        page = new.signed_in("Priya")
        looker.look(page, "first run")
        page.get_by_label("Name of your organisation").fill("")
        page.locator("#from_0").fill("")
        press(page, "Save and try the alerts")
        looker.look(page, "first run with errors")
        looker.look(new.signed_in("Kim"), "not ready")
        page.goto("/refer")
        looker.look(page, "not open yet")
