"""The chat of somebody who is in: what it shows, what it hears, how it ends."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from tests.bot.web_chat import site
from tests.bot.web_chat.site import Visitor, address_of
from waiting_room import clock, db, outbox
from waiting_room.care import messages
from waiting_room.care.invitations import Issued
from waiting_room.letters import Choice, Letter, one_each
from waiting_room.models import Address, Alert, LetterRow, Message, Patient, Staff


def _told(visitor: Visitor, letter: Letter, **about: object) -> LetterRow:
    """The room says something by itself, a minute later."""
    clock.advance(timedelta(minutes=1))
    with db.write() as session:
        address = session.get_one(Address, address_of(visitor).id)
        return outbox.say(session, address, letter, now=clock.now(), about=dict(about))


def _state(letter: LetterRow) -> str:
    with db.read() as session:
        return session.get_one(LetterRow, letter.id).state


def _said() -> list[tuple[str, str]]:
    with db.read() as session:
        rows = session.scalars(select(Message).order_by(Message.id))
        return [(row.kind, row.text) for row in rows]


@pytest.mark.parametrize("cookie", ["", "x", "y" * 500])
def test_stranger_gets_help_lines_and_no_form(visitor: Visitor, cookie: str) -> None:
    if cookie:
        visitor.hold(cookie)
    page = visitor.get("/chat")
    assert "Ask your worker for a new link" in page
    assert "116 123" in page
    assert "<textarea" not in page
    assert "<form" not in page


def test_whole_way_in_by_pressing(visitor: Visitor, issued: Issued) -> None:
    visitor.join(issued)
    for label in ("I am 18 or over", "Continue", *["Yes"] * 5, "Not now"):
        visitor.press(label)
    assert visitor.bubbles[-2] == "Not now"
    assert visitor.bubbles[-1].startswith("Hello Sample. You are in.")
    assert visitor.buttons[0] == "Help now"
    assert "My data and settings" in visitor.buttons


def test_every_screen_can_be_left_and_helps(inside: Visitor) -> None:
    page = inside.get("/chat")
    for words in ("Help now", "Leave this page", "Sign out", 'href="/privacy"', 'lang="en"'):
        assert words in page
    assert "<title>Your messages</title>" in page


def test_newest_stands_last_and_only_fifty_stand(inside: Visitor) -> None:
    for number in range(27):
        inside.say(f"line {number}")
        clock.advance(timedelta(seconds=10))
    assert len(inside.bubbles) == 50
    assert [words for words in inside.bubbles if words.startswith("line")] == [
        f"line {number}" for number in range(2, 27)
    ]


def test_button_under_a_message_is_kept_in_its_words(inside: Visitor) -> None:
    inside.press("Self-care")
    inside.press("Feeling lonely")
    assert inside.bubbles[-2] == "Feeling lonely"
    assert inside.bubbles[-1].startswith("Many people feel lonely")
    assert ("press", "Feeling lonely") in _said()


def test_choices_stand_until_something_else_was_said(inside: Visitor) -> None:
    inside.press("Self-care")
    assert "Feeling lonely" in inside.buttons
    inside.say("hello")
    assert "Feeling lonely" not in inside.buttons


def test_offer_that_came_by_itself_stands_until_it_is_pressed(inside: Visitor) -> None:
    _told(inside, Letter("conversation/paused", {"until": "Monday"}, one_each(_RESUME)))
    clock.advance(timedelta(minutes=1))
    inside.say("hello")
    assert "Start again" in inside.buttons
    clock.advance(timedelta(minutes=1))
    inside.press("Start again")
    assert "Start again" not in inside.buttons


_RESUME = Choice("resume", "stopping.resume")


def test_same_press_from_the_same_page_counts_once(inside: Visitor) -> None:
    inside.get("/chat")
    hidden = inside.hidden("/chat/press")
    for _ in range(3):
        inside.web.post("/chat/press", data={**hidden, "label": "How I am"})
    assert _said().count(("text", "How I am")) == 1
    inside.get("/chat")
    inside.web.post("/chat/press", data={**inside.hidden("/chat/press"), "label": "How I am"})
    assert _said().count(("text", "How I am")) == 2


def test_two_buttons_of_one_page_are_two_presses(inside: Visitor) -> None:
    hidden = inside.hidden("/chat/press")
    for label in ("My wait", "People"):
        inside.web.post("/chat/press", data={**hidden, "label": label})
    assert [said for said in _said() if said[1] in ("My wait", "People")] == [
        ("text", "My wait"),
        ("text", "People"),
    ]


@pytest.mark.parametrize("token", ["alert:ack:99", "x" * 22, "help_now.call_me"])
def test_hand_made_button_changes_nothing(inside: Visitor, token: str) -> None:
    inside.post("/chat/press", press=token)
    assert "This button is no longer valid" in " ".join(inside.bubbles)
    with db.read() as session:
        assert session.scalars(select(Alert)).all() == []


def test_button_of_another_chat_changes_nothing(inside: Visitor, now: datetime) -> None:
    inside.press("Self-care")
    page = inside.page
    token = page.split('name="press" value="')[1].split('"')[0]
    with TestClient(site.make()) as web:
        other = Visitor(web)
        other.join(site.invited(now=now))
        other.post("/chat/press", press=token)
        assert any("no longer valid" in words for words in other.bubbles)


@pytest.mark.parametrize(
    "text",
    [
        '<b>Bob</b><a href="https://x.example">x</a><script>alert(1)</script>',
        "_*[]()~>#+-=|{}.! {first_name} {{ config }}",
        "'; DROP TABLE patients;--",
        "\u202eright to left\u200b",
        "😀" * 3_900,
        "one\ntwo",
    ],
)
def test_words_are_shown_as_they_were_typed(inside: Visitor, text: str) -> None:
    inside.say(text.replace("\n", "\r\n"))
    assert ("text", text) in _said()
    assert "<script>alert" not in inside.page
    assert "<b>Bob" not in inside.page


def test_words_of_a_worker_cannot_become_markup(inside: Visitor) -> None:
    with db.write() as session:
        worker = session.scalars(select(Staff)).first()
        assert worker is not None
        patient = session.get_one(Patient, address_of(inside).patient_id)
        messages.reply(
            session, patient, "**not bold** <i>x</i> [a](https://x.example)", by=worker,
            now=clock.now(),
        )  # fmt: skip
    inside.get("/chat")
    assert "**not bold** &lt;i&gt;x&lt;/i&gt; [a](https://x.example)" in inside.page
    assert "room-bubble--worker" in inside.page


def test_too_long_a_message_is_given_back_whole(inside: Visitor) -> None:
    page = inside.post("/chat/say", message="long " * 900)
    assert inside.status == 422
    assert "Your message is too long" in page
    assert ("long " * 900).strip() in page


def test_too_long_a_cry_for_help_is_heard(inside: Visitor) -> None:
    inside.post("/chat/say", message="long " * 900 + "I want to die")
    assert inside.bubbles[-1].startswith("Thank you for telling us")


def test_danger_brings_the_card_with_numbers_to_press(inside: Visitor) -> None:
    page = inside.say("I want to kill my\u200bself")
    assert inside.bubbles[-1].startswith("Thank you for telling us")
    assert page.count('href="tel:116123"') >= 1
    with db.read() as session:
        assert [alert.colour for alert in session.scalars(select(Alert))] == ["red"]


def test_empty_message_is_no_message(inside: Visitor) -> None:
    before = _said()
    inside.say("   ")
    assert inside.status == 200
    assert _said() == before


def test_form_without_its_token_changes_nothing(inside: Visitor) -> None:
    before = _said()
    answer = inside.web.post("/chat/say", data={"message": "hello", "once": "x"})
    assert answer.status_code == 403
    assert "116 123" in answer.text.replace("\xa0", " ").replace("&nbsp;", " ")
    assert _said() == before


def test_form_from_another_site_changes_nothing(inside: Visitor) -> None:
    before = _said()
    hidden = inside.hidden("/chat/say")
    elsewhere = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}
    answer = inside.web.post("/chat/say", data={**hidden, "message": "x"}, headers=elsewhere)
    assert answer.status_code == 403
    assert _said() == before


def test_letter_on_the_screen_counts_as_shown(inside: Visitor) -> None:
    letter = _told(inside, Letter("conversation/menu"))
    assert _state(letter) == outbox.QUEUED
    inside.get("/chat")
    assert _state(letter) == outbox.SENT
    assert address_of(inside).seen_at == clock.now()


def test_letter_not_due_yet_is_not_on_the_screen(inside: Visitor) -> None:
    later = clock.now() + timedelta(hours=2)
    letter = _told(inside, Letter("conversation/check-in-nudge"))
    with db.write() as session:
        session.get_one(LetterRow, letter.id).due_at = later
    before = inside.bubbles
    inside.get("/chat")
    assert inside.bubbles == before
    assert _state(letter) == outbox.QUEUED
    clock.advance(timedelta(hours=3))
    inside.get("/chat")
    assert len(inside.bubbles) == len(before) + 1


def test_letter_that_came_too_late_is_never_shown(inside: Visitor) -> None:
    stale = clock.now() + timedelta(hours=1)
    letter = _told(inside, Letter("conversation/check-in-nudge"), stale_at=stale)
    clock.advance(timedelta(hours=3))
    before = inside.bubbles
    inside.get("/chat")
    assert inside.bubbles == before
    assert _state(letter) == outbox.DROPPED


def test_page_keeps_the_cookie_for_another_30_days(inside: Visitor) -> None:
    inside.get("/chat")
    assert inside.answer is not None
    assert "Max-Age=2592000" in inside.answer.headers["set-cookie"]


def test_signing_out_ends_it_on_this_device_and_for_good(inside: Visitor) -> None:
    token = inside.token
    page = inside.post("/chat/sign-out")
    assert "You are signed out" in page
    assert "chat" not in inside.web.cookies
    inside.hold(token)
    assert "Ask your worker for a new link" in inside.get("/chat")
    with db.read() as session:
        dead = session.scalars(select(Address).where(Address.dead_at.is_not(None))).one()
    assert dead.dead_why == "signed out"


def test_nothing_is_heard_after_signing_out(inside: Visitor) -> None:
    token, hidden = inside.token, inside.hidden("/chat/say")
    inside.post("/chat/sign-out")
    before = _said()
    inside.hold(token)
    answer = inside.web.post("/chat/say", data={**hidden, "message": "hello"})
    assert "Ask your worker for a new link" in answer.text
    assert _said() == before


def test_page_is_kept_nowhere(inside: Visitor) -> None:
    inside.get("/chat")
    assert inside.answer is not None
    assert inside.answer.headers["cache-control"] == "no-store"


def test_script_is_given_only_what_is_new(inside: Visitor) -> None:
    inside.get("/chat")
    last = inside.page.split('id="m-')[-1].split('"')[0]
    asked = {"hx-request": "true"}
    fields = {**inside.hidden("/chat/press"), "label": "My wait", "after": last}
    part = inside.web.post("/chat/press", data=fields, headers=asked).text
    assert part.count("<article") == 2
    assert "<html" not in part
    assert 'data-token="' in part
    newest = part.split('id="m-')[-1].split('"')[0]
    again = inside.web.get(f"/chat/news?after={newest}", headers=asked).text
    assert "<article" not in again


def test_script_of_a_browser_that_is_out_is_sent_away(visitor: Visitor) -> None:
    answer = visitor.web.get("/chat/news", headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/chat")
