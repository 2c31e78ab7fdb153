"""The day's list over HTTP."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from tests.web.conftest import Browser, seat
from tests.web.desk.conftest import Person, raise_alert, says
from waiting_room import beats, clock, db
from waiting_room.care.colours import Colour
from waiting_room.models import Beat, Kinship, Provider, Staff, new_id
from waiting_room.models.staff import EDITOR


def test_the_list_says_who_why_since_when_and_what_is_next(
    browser: Browser, sam: Staff, person: Person, now: datetime
) -> None:
    patient = person("Sample Alex", sam)
    alert = raise_alert(patient, now - timedelta(minutes=12))
    page = browser.get("/desk").text
    assert "■</span> RED" in page and alert.reference in page
    assert "Words about ending their life" in page and "phone them now" in page
    assert "12 minutes ago" in page and "Nobody has this yet." in page and "Late" in page
    assert f'action="/desk/alerts/{alert.id}/take"' in page
    assert page.index("Alerts") < page.index("Unread messages") < page.index("Waiting longest")
    assert "<title>(1 RED) Today</title>" in page


def test_a_taken_alert_shows_who_has_it(
    browser: Browser, sam: Staff, person: Person, now: datetime
) -> None:
    alert = raise_alert(person("Sample Alex", sam), now, Colour.AMBER)
    browser.send(f"/desk/alerts/{alert.id}/take")
    page = browser.get("/desk").text
    assert "Sample Sam has this. An outcome is due by 10:30am." in page
    assert f"/desk/alerts/{alert.id}/take" not in page


def test_waits_and_unread_words_have_a_next_step(
    browser: Browser, sam: Staff, person: Person, now: datetime
) -> None:
    person("Sample Dee")
    says(person("Sample Bo", sam), "Can <b>you</b> ring?", now - timedelta(hours=2))
    page = browser.get("/desk").text
    assert "Has joined, and has no case worker." in page and "Assign a case worker" in page
    assert "1 message, waiting 2 hours." in page and "Can &lt;b&gt;you&lt;/b&gt; ring?" in page


def test_staff_see_only_what_permissions_allow(
    browser: Browser, sam: Staff, kim: tuple[Browser, Staff], person: Person, now: datetime
) -> None:
    raise_alert(person("Sample Bo", kim[1]), now, Colour.GREEN)
    person("Sample Own", sam)
    relative = person("Sample Cousin")
    with db.write() as session:
        session.add(Kinship(id=new_id(), staff_id=sam.id, patient_id=relative.id))
    mine, hers = browser.get("/desk").text, kim[0].get("/desk").text
    assert "Sample Own" in mine and "Sample Cousin" not in mine and "Sample Own" not in hers
    assert "Sample Bo" in hers and "Sample Cousin" in hers


def test_an_editor_begins_with_the_words(browser: Browser, ready: None, person: Person) -> None:
    person("Sample Alex")
    seat(browser, role=EDITOR)
    assert browser.get("/desk").headers["location"] == "/desk/words"
    assert browser.get("/desk/alerts-block").status_code == 403
    assert browser.get("/desk/find").status_code == 403


def prove(ago: timedelta) -> None:
    """The room showed a sign of life so long ago."""
    with db.write() as session:
        session.merge(Beat(name=beats.PROOF, at=clock.wall() - ago))


def test_sample_data_have_a_banner(browser: Browser, sam: Staff) -> None:
    with db.write() as session:
        session.get_one(Provider, 1).is_sample = True
    assert "Sample data" in browser.get("/desk").text


@pytest.mark.parametrize("path", ["/desk", "/desk/find", "/desk/me"])
def test_every_page_of_the_desk_says_when_alerts_may_not_leave(
    browser: Browser, sam: Staff, path: str
) -> None:
    assert "no sign of life yet" in browser.get(path).text
    prove(timedelta(minutes=2, seconds=50))
    assert "Not working" not in browser.get(path).text
    prove(timedelta(minutes=3, seconds=10))
    page = browser.get(path).text
    assert "Not working" in page and "last sign of life was 3 minutes ago" in page
    assert "Phone the people you worry about" in page and 'role="alert"' in page


def test_the_day_asks_once_a_minute_whether_the_room_lives(browser: Browser, sam: Staff) -> None:
    prove(timedelta(seconds=20))
    page = browser.get("/desk").text
    assert "Alerts are leaving. Last checked just now." in page
    assert page.index("Waiting longest") < page.index("Alerts are leaving")
    assert page.count('hx-get="/desk/alive"') == 1
    assert "Alerts are leaving" in browser.get("/desk/alive").text
    prove(timedelta(hours=1))
    assert "was 1 hour ago" in browser.get("/desk/alive").text


def test_the_block_brings_the_news_for_a_screen_reader(
    browser: Browser, sam: Staff, person: Person, now: datetime
) -> None:
    raise_alert(person("Sample Alex", sam), now)
    block = browser.get("/desk/alerts-block").text
    assert "1 open alert. 1 RED. 1 that nobody has taken." in block
    assert 'id="alerts-news"' in block and "hx-swap-oob" in block and "<html" not in block


def test_people_are_found_without_a_name_in_any_address(
    browser: Browser, sam: Staff, person: Person
) -> None:
    patient = person("Sample Zoë", sam)
    found = browser.send("/desk/find", query="zoe")
    assert found.status_code == 200 and f"/desk/patients/{patient.id}" in found.text
    assert "1 person" in found.text
    assert "Nobody found" in browser.send("/desk/find", query="nobody").text
    assert not re.search("(?i)zo", str(found.request.url))
