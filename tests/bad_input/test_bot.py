"""What people and programs send to the bot that nobody asked for: rows I01 to I30."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from bot import hearing, inbox
from tests.bad_input.conftest import invited
from tests.bad_input.door import Person, open_alerts, pages
from tests.bot.raw_updates import ALEX, BEA, message, update
from tests.bot.telegram.conftest import Polling, stored
from tests.fakes.bot_api import BotApi, Robot
from tests.web.conftest import Browser, seat
from waiting_room import clock, db, library
from waiting_room.care import consent, people
from waiting_room.care.invitations import Issued
from waiting_room.models import (
    AuditRow,
    CheckIn,
    Consent,
    InboxUpdate,
    LetterRow,
    Message,
    Patient,
    Staff,
)
from waiting_room.models.staff import COORDINATOR

LINES = ("999", "111", "116 123")
RUSH = timedelta(seconds=10)
"""How long somebody types in panic."""


def words_of(page: str) -> str:
    return library.page(page).body


def raised() -> list[tuple[str, str]]:
    return [(alert.colour, alert.kind) for alert in open_alerts()]


def on_the_desk(browser: Browser) -> str:
    """The page of the one alert, as a coordinator sees it."""
    (alert,) = open_alerts()
    if not browser.session:
        seat(browser, "Sample Robin", role=COORDINATOR)
    return browser.get(f"/desk/alerts/{alert.id}").text


def test_a_start_without_a_link_is_shown_the_lines(stranger: Person) -> None:
    """I01: no record is made of who asked."""
    (told,) = stranger.says("/start")
    assert "personal link" in words_of(told.page)
    assert all(number in words_of(told.page) for number in LINES)
    address = stranger.address()
    assert address is not None and address.patient_id is None
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Patient)) == 0


@pytest.mark.parametrize("payload", ["x" * 65, "x" * 43, "Ж" * 64, "a b"])
def test_a_link_that_cannot_be_is_not_valid(stranger: Person, payload: str) -> None:
    """I02: every bad link gets the same words."""
    assert pages(stranger.says(f"/start {payload}")) == ["conversation/bad-link"]


def test_the_own_link_again_changes_nothing(issued: Issued, patient: Person) -> None:
    """I03."""
    patient.now += timedelta(minutes=1)
    told = pages(patient.says(f"/start {issued.token}"))
    assert told == ["conversation/already-set-up", "conversation/menu"]
    address = patient.address()
    assert address is not None and address.place == "home" and raised() == []


def test_a_used_link_in_other_hands_is_not_valid_and_told(issued: Issued, patient: Person) -> None:
    """I04: the holder notices nothing."""
    other = Person(patient.now, BEA)
    assert pages(other.says(f"/start {issued.token}")) == ["conversation/bad-link"]
    assert raised() == [("green", "used link opened elsewhere")]
    assert pages(patient.says("My wait")) == ["conversation/my-wait-no-range"]


def test_after_five_wrong_pins_the_right_one_is_refused(issued: Issued, stranger: Person) -> None:
    """I05."""
    stranger.says(f"/start {issued.token}")
    wrong = f"{(int(issued.pin) + 1) % 10**7:07}"
    told = [pages(stranger.says(wrong)) for _ in range(5)]
    assert told == [["conversation/wrong-pin"]] * 4 + [["conversation/pin-locked"]]
    assert raised() == [("green", "wrong PIN 5 times")]
    stranger.says(f"/start {issued.token}")
    stranger.says(issued.pin)
    address = stranger.address()
    assert address is not None and address.patient_id is None


@pytest.mark.parametrize("data", ["alert:ack:99", "stopping.yes_leave", ""])
def test_a_press_made_by_hand_changes_nothing_and_is_noted(patient: Person, data: str) -> None:
    """I06: also when it spells what a real button means."""
    before = patient.address()
    told = patient.presses(data)
    assert pages(told) == ["conversation/button-gone", "conversation/menu"]
    after = patient.address()
    assert before is not None and after is not None and before.place == after.place
    with db.read() as session:
        did = session.scalars(select(AuditRow.did).order_by(AuditRow.id.desc())).first()
    assert did == "pressed what is no button of theirs" and raised() == []


def test_two_taps_in_a_breath_are_one_answer(patient: Person) -> None:
    """I07: the thanks before their eyes answer both; the door takes note of each press."""
    patient.says("How I am")
    first = patient.says("I'm OK")
    patient.now += timedelta(milliseconds=50)
    second = patient.says("I'm OK")
    assert pages(first)[0] == "conversation/check-in-thanks-ok"
    assert second == [] == patient.presses(patient.button("Say more"))[1:]
    with db.read() as session:
        assert [row.answer for row in session.scalars(select(CheckIn))] == ["ok"]


def test_a_check_in_of_ten_days_ago_has_closed(patient: Person) -> None:
    """I08: the menu comes with the words."""
    patient.says("How I am")
    patient.now += timedelta(days=10)
    (told,) = patient.says("I'm OK")
    assert told.page == "conversation/check-in-closed"
    assert told.choices["rows"][0][0]["label"] == "Help now"


def test_a_query_that_is_too_old_loses_no_answer(
    patient: Person, api: BotApi, robot: Robot, polling: Polling, now: datetime
) -> None:
    """I09: Telegram refuses to take note of the press; what it meant is done all the same."""
    patient.says("My data and settings")
    patient.says("Stop")
    token = patient.button("Start again")
    robot.suffers("error", method="answerCallbackQuery", status=400, description="query is too old")
    chat = {"id": ALEX, "type": "private", "first_name": "Sample Alex"}
    press = {"id": "77", "from": chat, "message": {"chat": chat, "message_id": 6}, "data": token}
    with polling():
        robot.chat(ALEX).raw({"callback_query": press})
        api.wait_until(lambda: "waiting" in stored().values())
    assert hearing.work_once(now=patient.now) == 1
    with db.read() as session:
        newest = session.scalars(select(Consent).order_by(Consent.id.desc())).first()
    assert newest is not None and (newest.purpose, newest.state) == ("contact", consent.GIVEN)


def test_words_changed_into_danger_are_screened(
    patient: Person, browser: Browser, ready: None
) -> None:
    """I10."""
    patient.says("I'm fine")
    assert pages(patient.edits("I want to die")) == ["crisis/now"]
    assert "They changed what they wrote" in on_the_desk(browser)


def test_a_caption_is_screened_and_the_photo_is_not_kept(patient: Person, robot: Robot) -> None:
    """I11."""
    sizes = [{"file_id": "AgACAgQAAxkBAAI", "file_unique_id": "AQAD", "width": 9, "height": 9}]
    assert pages(patient.sends(photo=sizes, caption="I want to die")) == ["crisis/now"]
    kept = patient.heard()[-1]
    assert kept.text == "I want to die" and "AgAC" not in str(kept.details)
    assert robot.calls("getFile") == []


def test_a_voice_note_brings_lines_and_a_task(patient: Person) -> None:
    """I12."""
    (told,) = patient.sends(voice={"duration": 3, "file_id": "AwACAgQAAx"})
    assert "cannot listen to voice" in words_of(told.page)
    assert all(number in words_of(told.page) for number in LINES)
    assert raised() == [("amber", "unheard voice note")]


def test_a_voice_note_of_a_stranger_promises_nobody(stranger: Person) -> None:
    """I12: nobody can be sent to somebody we do not know."""
    told = stranger.sends(voice={"duration": 3})
    assert pages(told) == ["conversation/stranger", "conversation/text-only"]
    assert "person in our team" not in "".join(words_of(row.page) for row in told)


@pytest.mark.parametrize("kind", ["sticker", "contact", "poll"])
def test_what_is_no_text_is_answered_once_in_ten_minutes(patient: Person, kind: str) -> None:
    """I13."""
    assert pages(patient.sends(**{kind: {}})) == ["conversation/text-only"]
    patient.now += timedelta(minutes=9)
    assert patient.sends(**{kind: {}}) == [] == patient.sends(sticker={})
    patient.now += timedelta(minutes=2)
    assert pages(patient.sends(**{kind: {}})) == ["conversation/text-only"]


def test_four_thousand_emoji_are_kept_and_screened_whole(
    patient: Person, robot: Robot, sent_out: AbstractContextManager[None]
) -> None:
    """I14."""
    text = "\U0001f62d" * 4083 + "I want to die"
    patient.says(text)
    clock.stand_still(patient.now)
    with sent_out:
        card = robot.chat(ALEX).wait_for("116 123", ever=True)
    assert len(text) == 4096 and patient.heard()[-1].text == text
    assert len(card.text) <= 4096 and raised()[0][0] == "red"


@pytest.mark.parametrize("text", ["s\u200bu\u200bi\u200bc\u200bi\u200bd\u200be", "ｓｕｉｃｉｄｅ"])
def test_words_in_disguise_are_seen(patient: Person, text: str) -> None:
    """I15."""
    patient.says(text)
    assert len(raised()) == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Sample\u202e Alex", "Sample Alex"),  # I16
        ('<b>Bob</b><a href="tg://user?id=1">x</a>', "&lt;b&gt;Bob&lt;/b&gt;&lt;a"),  # I17
        ("_*[]()~>#+-=|{}.!A", "_*[]()~&gt;#+-=|{}.!A"),  # I18
        ("\u3164", "(no name)"),  # I21
    ],
)
def test_odd_names_are_shown_as_they_are(
    team: dict[str, Staff],
    browser: Browser,
    ready: None,
    robot: Robot,
    sent_out: AbstractContextManager[None],
    now: datetime,
    name: str,
    shown: str,
) -> None:
    """I16, I17, I18, I21: in the chat, on the desk, and in no mail at all."""
    alex = Person(now)
    alex.comes_in(invited(now, name=name))
    alex.says("I want to die")
    page = on_the_desk(browser)
    assert shown in page and "\u202e" not in page and "<b>Bob" not in page
    clock.stand_still(alex.now)
    with sent_out:
        welcome = robot.chat(ALEX).wait_for("You are in.", ever=True)
    first = people.visible(name).split()[0] if people.visible(name) else ""
    assert welcome.text.startswith(f"Hello {first}. You are in.")
    assert {mark["type"] for mark in welcome.entities} <= {"bold"}
    assert all(mark["offset"] > len(first) + 6 for mark in welcome.entities)
    with db.read() as session:
        mails = list(session.scalars(select(LetterRow).where(LetterRow.channel == "email")))
    told = {"ref", "colour", "link", "late"}
    assert mails and all(set(mail.values) <= told and not mail.values["late"] for mail in mails)


def test_a_group_is_left_without_a_word(
    team: dict[str, Staff], api: BotApi, robot: Robot, polling: Polling, now: datetime
) -> None:
    """I19."""
    group = robot.group(-1_001_234_567_890)
    with polling():
        group.adds_bot()
        api.wait_until(lambda: robot.calls("leaveChat"))
    hearing.work_once(now=now)
    assert group.messages == [] and robot.calls("sendMessage") == []


GROUP = {"id": -1_001_234_567_890, "type": "supergroup", "title": "Sample"}
ADMIN = {"id": 1_087_968_824, "is_bot": True, "first_name": "Group"}


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"channel_post": {"chat": {"id": -5, "type": "channel"}, "text": "I want to die"}},
         "unknown kind"),
        ({"message": {"chat": GROUP, "from": ADMIN, "sender_chat": GROUP, "text": "hello"}},
         "not a private chat"),
        ({"message": {"chat": {"id": 7, "type": "channel"}, "text": "hello"}},
         "not a private chat"),
        ({"telepathy": {"from": {"id": ALEX}, "thought": "hello"}}, "unknown kind"),
    ],
)  # fmt: skip
def test_what_nobody_said_to_us_is_counted_and_left(
    stranger: Person, parts: dict[str, Any], why: str
) -> None:
    """I20, I23: the next update flows."""
    before = hearing.ignored[why]
    inbox.store("patients", [update(1, **parts)], next_offset=2, now=stranger.now)
    assert hearing.work_once(now=stranger.now) == 1
    assert hearing.ignored[why] == before + 1
    with db.read() as session:
        assert session.scalars(select(InboxUpdate.state)).one() == "done"
    assert pages(stranger.says("hello")) == ["conversation/stranger"]


def test_an_account_without_a_name_comes_in(issued: Issued, now: datetime) -> None:
    """I21, I22: what the account calls itself is never asked; its number is kept whole."""
    alex = Person(now)
    bare = {"id": ALEX, "is_bot": False, "first_name": "\u3164"}
    for text in (f"/start {issued.token}", issued.pin):
        (told,) = alex.sends(text=text, **{"from": bare})
    address = alex.address()
    assert told.page == "conversation/age-check" and address is not None
    assert address.chat_id == str(ALEX) == "7234567890"


def test_copies_and_numbers_that_begin_anew(stranger: Person) -> None:
    """I24, I25: one effect each, and the offset follows."""
    now, high = stranger.now, message(900, text="first")
    for offset in (901, 901, 901):
        inbox.store("patients", [high], next_offset=offset, now=now)
        hearing.work_once(now=now)
    inbox.store("patients", [message(5, text="second")], next_offset=6, now=now)
    hearing.work_once(now=now)
    assert [row.text for row in stranger.heard()] == ["first", "second"]
    assert inbox.next_offset("patients") == 6


def test_danger_of_yesterday_brings_a_person_now(
    patient: Person, browser: Browser, ready: None
) -> None:
    """I26: the desk says when it was written."""
    told = patient.says("I want to die", at=patient.now - timedelta(hours=20))
    assert pages(told) == ["crisis/now"] and raised()[0][0] == "red"
    page = on_the_desk(browser)
    assert "Written yesterday 2pm, reached us later" in page


def test_words_of_somebody_else_are_marked(patient: Person, browser: Browser, ready: None) -> None:
    """I27."""
    origin = {"type": "hidden_user", "sender_user_name": "Sample Kim"}
    assert pages(patient.says("I want to die", forward_origin=origin)) == ["crisis/now"]
    assert "Forwarded: somebody else may have written it" in on_the_desk(browser)


def test_stop_is_obeyed_and_leaves_the_alert(patient: Person) -> None:
    """I28."""
    patient.says("I want to die")
    assert pages(patient.says("STOP")) == ["conversation/stopped"]
    address = patient.address()
    assert address is not None and address.patient_id is not None
    with db.read() as session:
        assert not consent.allows(session, address.patient_id, consent.CONTACT)
    assert [alert.closed_at for alert in open_alerts()] == [None]


def test_a_line_of_code_is_ordinary_text(patient: Person) -> None:
    """I29."""
    text = "'; DROP TABLE patients;-- {{ 7*7 }} ${7*7} %s %n"
    assert pages(patient.says(text)) == ["conversation/not-understood"]
    assert patient.heard()[-1].text == text
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Message)) > 0


@pytest.mark.parametrize("text", ["it hurts {}", "My wait", "/start"])
def test_two_hundred_messages_in_ten_seconds(patient: Person, text: str) -> None:
    """I30: all kept, all screened, and an answer in 3 seconds at the most."""
    patient.now += timedelta(minutes=1)
    before, heard = len(patient.letters()), len(patient.heard())
    said = [message(n, at=patient.now, text=text.format(n)) for n in range(1, 200)]
    said.append(message(200, at=patient.now, text="I want to die"))
    for start in range(0, 200, 20):
        some = said[start : start + 20]
        inbox.store("patients", some, next_offset=None, now=patient.now)
        assert hearing.work_once(now=patient.now) == 20
        patient.now += RUSH / 10
    letters = patient.letters()[before:]
    assert len(patient.heard()) == heard + 200
    assert letters[-1].page == "crisis/now" and raised()[0][0] == "red"
    turns = {row.made_at for row in letters if row.page != "crisis/now"}
    assert len(turns) <= 4
