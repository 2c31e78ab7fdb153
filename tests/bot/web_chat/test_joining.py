"""The way in: a link that shows nothing, 7 numbers, and a cookie."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from tests import people
from tests.bot.web_chat import site
from tests.bot.web_chat.site import Visitor
from waiting_room import clock, db
from waiting_room.care import conversations, invitations
from waiting_room.care.invitations import Issued
from waiting_room.models import Address, Alert, Invitation
from waiting_room.models.address import WEB_CHAT


def _wrong(issued: Issued) -> str:
    return f"{(int(issued.pin) + 1) % 10**7:07}"


def _invitation() -> Invitation:
    with db.read() as session:
        return session.scalars(select(Invitation)).one()


def _alerts() -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(Alert.kind)))


def test_opening_a_link_shows_nothing_and_uses_nothing_up(visitor: Visitor, issued: Issued) -> None:
    for _ in range(3):
        page = visitor.get(f"/chat/{issued.token}")
    assert visitor.status == 200
    assert 'inputmode="numeric"' in page
    assert 'autocomplete="off"' in page
    assert "Alex" not in page
    assert "chat" not in visitor.web.cookies
    assert (_invitation().used_at, _invitation().tries) == (None, 0)
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Address)) == 0


def test_help_and_leaving_stand_on_the_page_of_the_link(visitor: Visitor, issued: Issued) -> None:
    page = visitor.get(f"/chat/{issued.token}")
    for words in ("Help now", "Leave this page", "tel:999", "tel:116123", "Privacy"):
        assert words in page


@pytest.mark.parametrize("typed", ["{}", " {} ", "{0[0]} {0[1]}{0[2]} {0[3]}-{0[4]}{0[5]}{0[6]}"])
def test_right_numbers_let_in(visitor: Visitor, issued: Issued, typed: str) -> None:
    page = visitor.join(issued, typed.format(issued.pin))
    assert visitor.bubbles == ["Are you 18 or over?"]
    assert issued.pin not in page
    assert _invitation().used_at is not None


def test_cookie_lasts_30_days_and_no_script_reads_it(visitor: Visitor, issued: Issued) -> None:
    visitor.join(issued)
    assert visitor.answer is not None
    cookie = visitor.answer.history[0].headers["set-cookie"].lower()
    for part in ("chat=", "httponly", "samesite=lax", "path=/", "max-age=2592000"):
        assert part in cookie
    assert "secure" not in cookie


def test_cookie_on_https_is_bound_to_this_host(team: None, issued: Issued) -> None:
    with TestClient(site.make(site.HTTPS), base_url=site.HTTPS) as web:
        visitor = Visitor(web)
        visitor.join(issued)
        assert visitor.bubbles == ["Are you 18 or over?"]
        assert visitor.answer is not None
        cookie = visitor.answer.history[0].headers["set-cookie"]
    assert cookie.startswith("__Host-chat=")
    assert "Secure" in cookie


@pytest.mark.parametrize("typed", ["", "123", "12345678", "12 34"])
def test_a_slip_of_the_finger_uses_no_try(visitor: Visitor, issued: Issued, typed: str) -> None:
    visitor.get(f"/chat/{issued.token}")
    page = visitor.post(f"/chat/{issued.token}", pin=typed)
    assert "Type all 7 numbers" in page
    assert "<title>Error: " in page
    assert _invitation().tries == 0


def test_wrong_numbers_say_how_many_tries_are_left(visitor: Visitor, issued: Issued) -> None:
    page = visitor.join(issued, _wrong(issued))
    assert "Tries left: <strong>4</strong>" in page
    visitor.post(f"/chat/{issued.token}", pin=issued.pin)
    assert visitor.bubbles == ["Are you 18 or over?"]


def test_five_wrong_tries_end_the_link_and_a_worker_is_told(
    visitor: Visitor, issued: Issued
) -> None:
    form = visitor.get(f"/chat/{issued.token}")
    for _ in range(5):
        page = visitor.post(f"/chat/{issued.token}", pin=_wrong(issued))
    assert "There were too many tries" in page
    assert 'name="pin"' not in page
    visitor.page = form
    assert "This link is not valid" in visitor.post(f"/chat/{issued.token}", pin=issued.pin)
    assert _invitation().used_at is None
    assert _alerts() == ["wrong PIN 5 times"]
    with db.read() as session:
        # All the tries came from one browser: it is one stranger, not five.
        assert session.scalar(select(func.count()).select_from(Address)) == 1


def test_every_bad_link_looks_the_same(visitor: Visitor, issued: Issued, now: datetime) -> None:
    used, locked, expired = issued, site.invited(now=now), site.invited(now=now)
    with TestClient(site.make()) as other:
        Visitor(other).join(used)
        for _ in range(5):
            Visitor(other).join(locked, _wrong(locked))
    with db.write() as session:
        referral = people.referral(session, now=now)
        revoked = invitations.invite(session, referral, by="system", now=now)
        invitations.revoke(session, referral.id, now=now)
    clock.advance(timedelta(hours=73))
    tokens = [used.token, locked.token, expired.token, revoked.token]
    paths = [*tokens, "x" * 43, "x" * 500, "a", "%3Cscript%3E", "%00", "say", "press"]
    pages = {(visitor.get(f"/chat/{path}"), visitor.status) for path in paths}
    assert len(pages) == 1
    ((page, status),) = pages
    assert status == 404
    assert "This link is not valid" in page
    assert "116 123" in page


def test_own_link_opened_again_leads_to_the_chat(visitor: Visitor, issued: Issued) -> None:
    visitor.join(issued)
    visitor.get(f"/chat/{issued.token}")
    assert visitor.bubbles == ["Are you 18 or over?"]


def test_same_form_sent_twice_joins_once(visitor: Visitor, issued: Issued) -> None:
    path = f"/chat/{issued.token}"
    visitor.get(path)
    fields = {**visitor.hidden(path), "pin": issued.pin}
    first = visitor.web.post(path, data=fields, follow_redirects=False)
    # The first answer got lost: the browser has no cookie and sends the form again.
    visitor.web.cookies.delete("chat")
    second = visitor.web.post(path, data=fields, follow_redirects=False)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.cookies["chat"] == second.cookies["chat"]
    visitor.get("/chat")
    assert visitor.bubbles == ["Are you 18 or over?"]
    assert _alerts() == []


def test_words_in_the_field_of_the_numbers_use_no_try(visitor: Visitor, issued: Issued) -> None:
    page = visitor.join(issued, "I cannot find them")
    assert "Type all 7 numbers" in page
    assert _invitation().tries == 0
    visitor.post(f"/chat/{issued.token}", pin=issued.pin)
    assert visitor.bubbles[0] == "Are you 18 or over?"


def test_browser_cannot_choose_its_own_token(visitor: Visitor, issued: Issued) -> None:
    visitor.get(f"/chat/{issued.token}")
    visitor.post(f"/chat/{issued.token}", pin=issued.pin, seed="A" * 32)
    assert visitor.token != "A" * 32


def test_words_of_danger_in_the_field_of_the_numbers_are_heard(
    visitor: Visitor, issued: Issued
) -> None:
    page = visitor.join(issued, "I want to die")
    assert "Thank you for telling us" in page
    assert "116 123" in page
    assert "want to die" not in page
    assert _alerts() == ["unknown person"]
    assert _invitation().tries == 0
    visitor.post(f"/chat/{issued.token}", pin=issued.pin)
    assert visitor.bubbles[-1] == "Are you 18 or over?"


def test_words_of_danger_on_a_link_that_went_bad_are_heard(
    visitor: Visitor, issued: Issued
) -> None:
    visitor.get(f"/chat/{issued.token}")
    clock.advance(timedelta(hours=73))
    page = visitor.post(f"/chat/{issued.token}", pin="I want to die")
    assert "Thank you for telling us" in page
    assert "This link is not valid" in page
    assert _alerts() == ["unknown person"]


def test_another_person_on_the_same_browser_ends_the_first_chat(
    visitor: Visitor, issued: Issued, now: datetime
) -> None:
    visitor.join(issued)
    first = visitor.token
    second = site.invited(now=now)
    page = visitor.get(f"/chat/{second.token}")
    assert "Type your 7 numbers" in page
    visitor.post(f"/chat/{second.token}", pin=second.pin)
    assert visitor.bubbles == ["Are you 18 or over?"]
    with db.read() as session:
        old = conversations.address_known(session, WEB_CHAT, first)
        assert old is not None
        assert old.dead_why == "signed out"


def test_numbers_are_not_tried_fast_but_danger_is_never_late(
    visitor: Visitor, issued: Issued, now: datetime
) -> None:
    path = f"/chat/{issued.token}"
    visitor.get(path)
    fields = visitor.hidden(path)
    statuses = [
        visitor.web.post(f"/chat/{'x' * 43}", data={**fields, "pin": "1234567"}).status_code
        for _ in range(11)
    ]
    assert statuses == [404] * 10 + [429]
    answer = visitor.web.post(path, data={**fields, "pin": issued.pin})
    assert answer.status_code == 429
    assert "116 123" in answer.text
    assert _invitation().tries == 0
    answer = visitor.web.post(path, data={**fields, "pin": "I want to die"})
    assert "Thank you for telling us" in answer.text
