"""Alerts over HTTP: one winner, an outcome, an end, and the page of a stranger."""

from __future__ import annotations

from datetime import datetime

from tests.web.conftest import Browser
from tests.web.desk.conftest import Person, raise_alert
from waiting_room import db
from waiting_room.care import alerts, conversations
from waiting_room.care.colours import Colour
from waiting_room.care.conversations import Said
from waiting_room.models import Alert, Staff, new_id


def _fresh(alert: Alert) -> Alert:
    with db.read() as session:
        return session.get_one(Alert, alert.id)


def test_the_second_press_is_told_who_was_first(
    browser: Browser, sam: Staff, kim: tuple[Browser, Staff], person: Person, now: datetime
) -> None:
    alert = raise_alert(person(), now)
    first = browser.send(f"/desk/alerts/{alert.id}/take")
    second = kim[0].send(f"/desk/alerts/{alert.id}/take")
    assert first.headers["location"] == f"/desk/patients/{alert.patient_id}?done=taken"
    assert second.status_code == 409 and "Sample Sam has this already." in second.text
    assert _fresh(alert).acknowledged_by == sam.id


def test_a_get_takes_nothing(browser: Browser, sam: Staff, person: Person, now: datetime) -> None:
    alert = raise_alert(person("Sample Alex", sam), now)
    assert browser.get(f"/desk/alerts/{alert.id}/take").status_code == 405
    assert browser.get(f"/desk/alerts/{alert.id}").status_code == 200
    assert _fresh(alert).acknowledged_by is None


def test_outcome_and_close_go_through_the_same_box(
    browser: Browser, sam: Staff, person: Person, now: datetime
) -> None:
    alert = raise_alert(person("Sample Alex", sam), now)
    here = f"/desk/alerts/{alert.id}"
    browser.send(f"{here}/take")
    none = browser.send(f"{here}/outcome")
    assert none.status_code == 422 and "Choose an outcome from the list." in none.text
    assert 'href="#outcome"' in none.text
    assert browser.send(f"{here}/outcome", outcome="spoke").status_code == 303
    assert _fresh(alert).state == alerts.CONTACTED
    wrong = browser.send(f"{here}/close", close_reason="tired of it")
    assert wrong.status_code == 422 and 'href="#close_reason"' in wrong.text
    done = browser.send(f"{here}/close", close_reason="person is safe")
    assert done.headers["location"] == "/desk?done=closed"
    page = browser.get(here).text
    assert "Closed: person is safe." in page and "I have this" not in page
    assert page.index("Raised: Words about ending their life") < page.index("Taken")
    again = browser.send(f"{here}/close", close_reason="done")
    assert again.status_code == 409 and "This alert is closed" in again.text


def test_the_page_of_a_stranger_shows_what_they_wrote(
    browser: Browser, sam: Staff, now: datetime
) -> None:
    with db.write() as session:
        chat = conversations.address(session, "telegram", "31", now=now)
        said = Said("text", "i <i>cannot</i> go on", new_id(), now)
        message = conversations.said(session, chat, said, now=now)
        cause = alerts.Cause(Colour.AMBER, "unknown person", None, chat.id, "message", message.id)
        alert = alerts.raise_(session, cause, now=now)
    assert f'href="/desk/alerts/{alert.id}"' in browser.get("/desk").text
    page = browser.get(f"/desk/alerts/{alert.id}").text
    assert "Somebody we do not know" in page and "Telegram" in page
    assert "i &lt;i&gt;cannot&lt;/i&gt; go on" in page
    taken = browser.send(f"/desk/alerts/{alert.id}/take")
    assert taken.headers["location"] == f"/desk/alerts/{alert.id}?done=taken"


def test_an_alert_about_the_room_itself_has_a_page(
    browser: Browser, sam: Staff, now: datetime
) -> None:
    alert = raise_alert(None, now)
    assert "About the room itself" in browser.get(f"/desk/alerts/{alert.id}").text
    assert "The room itself" in browser.get("/desk").text
