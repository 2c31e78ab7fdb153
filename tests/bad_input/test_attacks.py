"""What somebody tries who means harm: at both doors, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import select

from bot import hearing, inbox
from tests import people
from tests.bad_input.conftest import invited
from tests.bad_input.door import Person, open_alerts, pages
from tests.bot.raw_updates import ALEX, BEA, message
from tests.bot.web_chat import site
from tests.bot.web_chat.site import Visitor
from tests.web.conftest import ADDRESS, SET_UP, Browser, seat
from tests.web.test_form_guard import paths
from waiting_room import clock, db, settings
from waiting_room.care import providers, sign_ins, staff
from waiting_room.models import Address, AuditRow, Invitation, Staff
from waiting_room.models.staff import ADMINISTRATOR, EDITOR
from waiting_room.web import app

CROWD = 7


@pytest.fixture
def crowd(any_room: Path, now: datetime) -> Iterator[list[Visitor]]:
    """Browsers from places of their own, so that no limit stops them before the database must."""
    with db.write() as session:
        people.team(session, now=now)
    web = site.make()
    with ExitStack() as open_ones:
        clients = [TestClient(web, client=(f"2001:db8:{n:x}::1", 50_000)) for n in range(CROWD)]
        yield [Visitor(open_ones.enter_context(client)) for client in clients]


def together(crowd: list[Visitor], link: str, pin: Callable[[int], str]) -> list[Response]:
    """Each types its numbers at the same moment."""
    path = f"/chat/{link}"
    for visitor in crowd:
        visitor.get(path)

    def types(number: int) -> Response:
        data = {**crowd[number].hidden(path), "pin": pin(number)}
        return crowd[number].web.post(path, data=data, follow_redirects=False)

    with ThreadPoolExecutor(len(crowd)) as hands:
        return list(hands.map(types, range(len(crowd))))


def the_invitation() -> Invitation:
    with db.read() as session:
        return session.scalars(select(Invitation)).one()


def test_of_many_with_the_right_numbers_one_comes_in(crowd: list[Visitor], now: datetime) -> None:
    issued = invited(now)
    answers = together(crowd, issued.token, lambda _: issued.pin)
    assert [answer.status_code for answer in answers].count(303) == 1
    assert [answer.cookies.get("chat") is None for answer in answers].count(False) == 1
    with db.read() as session:
        joined = session.scalars(select(Address).where(Address.patient_id.is_not(None))).all()
    assert [address.id for address in joined] == [the_invitation().used_by]


def test_many_chats_have_five_tries_between_them(crowd: list[Visitor], now: datetime) -> None:
    issued = invited(now)
    wrong = [f"{(int(issued.pin) + 1 + n) % 10**7:07}" for n in range(CROWD)]
    answers = together(crowd, issued.token, lambda number: wrong[number])
    assert all(answer.status_code != 303 for answer in answers)
    assert (the_invitation().tries, the_invitation().used_at) == (5, None)
    assert [alert.kind for alert in open_alerts()] == ["wrong PIN 5 times"]
    assert "This link is not valid" in crowd[0].get(f"/chat/{issued.token}")


def test_a_button_of_another_chat_is_nobodys(patient: Person) -> None:
    """Its token is random; even who sees it on a screen can do nothing with it."""
    patient.says("My data and settings")
    token, other = patient.button("Leave"), Person(patient.now, BEA)
    assert pages(other.presses(token)) == ["conversation/button-gone"]
    with db.read() as session:
        row = session.scalars(select(AuditRow).order_by(AuditRow.id.desc())).first()
    assert row is not None and row.did == "pressed what is no button of theirs"


@pytest.mark.parametrize(
    ("text", "date"),
    [
        (b'"\\ud83d I want to die"', b"1"),  # half a character, in 1970
        (b'"I want\\u0000 to die"', b"-5"),
        (b'"\\u202eI want to die"', b"99999999999999999999"),
        (b'["I want", {"to": "die"}]', b'"x"'),
    ],
)
def test_danger_is_seen_in_whatever_shape_it_comes(
    any_room: Path, now: datetime, text: bytes, date: bytes
) -> None:
    with db.write() as session:
        people.team(session, now=now)
    raw = message(7, text="TEXT").replace(b'"TEXT"', text).replace(b"1795600000", date)
    inbox.store("patients", [raw], next_offset=8, now=now)
    assert hearing.work_once(now=now) == 1
    assert [alert.kind for alert in open_alerts()] == ["unknown person"]
    assert "crisis/now-stranger" in pages(Person(now, ALEX).letters())


@pytest.fixture
def at_the_desk(any_room: Path, now: datetime) -> tuple[Browser, Staff]:
    """An administrator of a room on each database."""
    with db.write() as session:
        providers.set_up(session, SET_UP, by="test", now=now)
    client = TestClient(
        app.build(settings.load(public_url=ADDRESS)),
        base_url=ADDRESS,
        follow_redirects=False,
        headers={"accept": "text/html"},
    )
    browser = Browser(client)
    return browser, seat(browser, "Sample Robin", role=ADMINISTRATOR)


def test_a_nul_in_an_address_or_a_field_is_nowhere(at_the_desk: tuple[Browser, Staff]) -> None:
    browser, _ = at_the_desk
    names = ("text", "note", "name", "email", "outcome", "rung", "role", "q")
    for path in paths(app.PAGES, "GET"):
        if "00000000" in path:
            assert browser.get(path.replace("00000000", "a%00b")).status_code < 500, path
    for path in paths(app.PAGES, "POST"):
        if "sign" not in path and "/me/" not in path:
            sent = browser.send(path.replace("00000000", "a%00b"), **dict.fromkeys(names, "a\0b"))
            assert sent.status_code < 500, path


def test_an_editor_reads_nobody(ready: None, browser: Browser, now: datetime) -> None:
    with db.write() as session:
        person, _ = people.patient(session, now=now)
    seat(browser, "Sample Edi", role=EDITOR)
    for path in paths(app.PAGES, "GET"):
        if path.startswith(("/desk/patients", "/desk/alerts", "/desk/referrals", "/desk/staff")):
            page = browser.get(path.replace("00000000", person.id))
            assert page.status_code in (403, 404) and "Sample Alex" not in page.text, path


def test_a_link_that_a_scanner_opens_is_not_used_up(
    browser: Browser, ready: None, now: datetime
) -> None:
    with db.write() as session:
        worker = people.staff(session, now=now)
        token = staff.one_time_sign_in(session, worker, wall=clock.wall())
    for _ in range(3):
        browser.client.head(f"/desk/link/{token}")
        browser.get(f"/desk/link/{token}")
    browser.client.cookies.set("__Host-desk", "chosen by somebody else", domain="room.example")
    assert browser.send(f"/desk/link/{token}").status_code == 303
    assert browser.session != "chosen by somebody else"
    with db.read() as session:
        assert sign_ins.who(session, "chosen by somebody else", wall=clock.wall()) is None
    assert browser.send(f"/desk/link/{token}").status_code == 404


def test_a_key_nobody_made_is_no_way_around_the_limit(crowd: list[Visitor], now: datetime) -> None:
    """The large keys are words too: what is too long to write is too long to press."""
    site.let_in(crowd[0], now=now)
    crowd[0].press("Menu")
    fields = crowd[0].hidden("/chat/press")
    sent = crowd[0].web.post("/chat/press", data={**fields, "label": "x" * 4_001})
    assert sent.status_code == 422
