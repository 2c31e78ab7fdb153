"""The first run: from an empty room to one that can alert somebody."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from tests.web.conftest import SET_UP, Browser, seat
from waiting_room import clock, db
from waiting_room.care import duty, providers
from waiting_room.models import LetterRow, Provider
from waiting_room.models.staff import ADMINISTRATOR, COORDINATOR

FORM: dict[str, Any] = {
    "name": "Sample Hub",
    "contact": "hello@example.org",
    "phone": "0113 496 0999",
    "nation": "wales",
    "privacy_text": "We are a sample charity.",
    "lawful_basis": "Consent (UK GDPR Articles 6(1)(a) and 9(2)(a))",
    "expected_wait": "4 to 8 weeks",
    "days_0": ["0", "1", "2"],
    "from_0": "09:00",
    "to_0": "17:00",
    "days_1": ["4"],
    "from_1": "10:00",
    "to_1": "12:30",
    "red_rung_0": "worker",
    "red_minutes_0": "5",
    "red_rung_1": "duty lead",
    "red_minutes_1": "10",
    "amber_rung_0": "worker",
    "amber_minutes_0": "30",
    "green_rung_0": "everybody",
    "green_minutes_0": "480",
    "i_lead": "yes",
}


@pytest.fixture
def robin(browser: Browser) -> Browser:
    """The browser of the first administrator."""
    seat(browser, "Sample Robin", role=ADMINISTRATOR)
    return browser


def provider() -> Provider:
    """The provider as stored."""
    with db.read() as session:
        return providers.here(session)


def test_the_form_starts_with_sensible_defaults(robin: Browser) -> None:
    page = robin.get("/desk/first-run").text
    assert 'value="09:00"' in page and 'value="17:00"' in page
    assert page.count('name="days_0" value="0" checked') == 1
    assert '<option value="backup" selected>' in page
    assert 'id="red_minutes_0" name="red_minutes_0" value="5"' in page


def test_the_room_is_set_up_and_the_administrator_leads(robin: Browser) -> None:
    saved = robin.send("/desk/first-run", **FORM)
    assert (saved.status_code, saved.headers["location"]) == (303, "/desk/first-run/check")
    found = provider()
    assert found.ready_at == clock.now()
    assert (found.name, found.nation, found.expected_wait) == (
        "Sample Hub",
        "wales",
        "4 to 8 weeks",
    )
    assert found.staffed_hours == [
        {"days": [0, 1, 2], "from": "09:00", "to": "17:00"},
        {"days": [4], "from": "10:00", "to": "12:30"},
    ]
    assert found.ladders["red"] == [
        {"rung": "worker", "minutes": 5},
        {"rung": "duty lead", "minutes": 10},
    ]
    with db.read() as session:
        (leader,) = duty.on_rung(session, duty.LEAD, None, now=clock.now())
    assert leader.name == "Sample Robin"


def test_what_was_saved_is_shown_again_and_changed_later(robin: Browser) -> None:
    robin.send("/desk/first-run", **FORM)
    page = robin.get("/desk/first-run").text
    assert 'value="12:30"' in page and 'value="4 to 8 weeks"' in page
    assert '<option value="wales" selected>' in page
    robin.send("/desk/first-run", **{**FORM, "name": "Another Hub", "i_lead": ""})
    assert provider().name == "Another Hub"


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("name", {"name": "  "}),
        ("contact", {"contact": ""}),
        ("privacy_text", {"privacy_text": ""}),
        ("nation", {"nation": "france"}),
        ("staffed_hours", {"from_0": "22:00", "to_0": "22:00"}),
        ("staffed_hours", {"from_0": "17:00", "to_0": "09:00"}),
        ("staffed_hours", {"from_0": "nine"}),
        ("staffed_hours", {"days_1": []}),
        ("staffed_hours", {"days_1": ["9"]}),
        ("staffed_hours", {"days_0": [], "from_0": "", "to_0": "", "days_1": [], "from_1": "",
                           "to_1": ""}),
        ("ladder_red", {"red_rung_0": "", "red_rung_1": ""}),
        ("ladder_red", {"red_minutes_0": "0"}),
        ("ladder_amber", {"amber_minutes_0": "soon"}),
        ("ladder_amber", {"amber_minutes_0": "1000000000"}),
        ("ladder_green", {"green_minutes_0": "-5"}),
        ("ladder_green", {"green_rung_0": "nobody at all"}),
    ],
)  # fmt: skip
def test_i68_what_cannot_work_is_refused_by_field(
    robin: Browser, field: str, changed: dict[str, Any]
) -> None:
    refused = robin.send("/desk/first-run", **{**FORM, **changed})
    assert refused.status_code == 422
    assert f'href="#{field}"' in refused.text and f'id="{field}"' in refused.text
    assert provider().ready_at is None


def test_all_problems_are_shown_together_and_what_was_typed_stays(robin: Browser) -> None:
    wrong = {"name": "", "red_minutes_0": "0", "from_0": "22:00", "to_0": "22:00"}
    page = robin.send("/desk/first-run", **{**FORM, **wrong}).text
    assert page.count('href="#name"') == page.count('href="#ladder_red"') == 1
    assert page.count('href="#staffed_hours"') == 1
    assert 'value="22:00"' in page and "We are a sample charity." in page
    assert 'value="hello@example.org"' in page
    assert "<title>Error: Set up this room" in page


def test_nobody_else_sets_the_room_up(browser: Browser) -> None:
    seat(browser, "Sample Kim", role=COORDINATOR)
    assert browser.get("/desk/first-run").status_code == 403
    assert browser.send("/desk/first-run", **FORM).status_code == 403
    assert provider().ready_at is None


def test_a_test_alert_goes_out_and_its_answer_proves_the_channel(robin: Browser) -> None:
    robin.send("/desk/first-run", **FORM)
    with db.write() as session:
        (leader,) = duty.on_rung(session, duty.LEAD, None, now=clock.now())
        for channel in duty.channels_of(session, leader.id):
            channel.proved_at = None
    assert "Not tried yet" in robin.get("/desk/first-run/check").text
    sent = robin.send("/desk/first-run/check")
    assert "on its way" in robin.get(sent.headers["location"]).text
    with db.read() as session:
        link = session.scalars(select(LetterRow)).one().values["link"]
    assert "Did the test arrive?" in robin.get(link).text
    assert "Not tried yet" in robin.get("/desk/first-run/check").text
    assert robin.send(link).headers["location"] == "/desk/me?said=works"
    assert "shown 10am today" in robin.get("/desk/first-run/check").text


def test_a_test_of_somebody_else_proves_nothing(robin: Browser, ready: None) -> None:
    robin.send("/desk/me/test")
    with db.read() as session:
        link = session.scalars(select(LetterRow)).one().values["link"]
    seat(robin, "Sample Kim")
    assert robin.get(link).status_code == 404
    assert robin.send(link).status_code == 404
    assert SET_UP.name in robin.get("/desk/me").text
