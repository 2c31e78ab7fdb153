"""The conversation from the first link to the menu, and what it does with words of danger."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot import conversation
from bot.turn import Heard, Kind
from tests import people
from waiting_room import db, library
from waiting_room.care import (
    alerts,
    caseload,
    check_ins,
    consent,
    conversations,
    invitations,
    referrals,
)
from waiting_room.care.colours import Colour
from waiting_room.models import (
    Alert,
    CheckIn,
    LetterRow,
    Message,
    PageAnswer,
    Patient,
    SearchMiss,
    Staff,
)

CHAT = "7234567890"
_numbers = itertools.count(1)


class Chat:
    """One person at a keyboard, speaking straight to the conversation."""

    def __init__(self, now: datetime, chat_id: str = CHAT) -> None:
        self.now, self.chat_id = now, chat_id

    def hears(self, **what: object) -> list[LetterRow]:
        heard = Heard("telegram", self.chat_id, Kind.TEXT, self.now, message_id=str(next(_numbers)))
        with db.write() as session:
            before = set(session.scalars(select(LetterRow.id)))
            conversation.receive(session, replace(heard, **what), now=self.now)  # type: ignore[arg-type]
            rows = session.scalars(select(LetterRow).order_by(LetterRow.id)).all()
            return [row for row in rows if row.id not in before and row.staff_id is None]

    def says(self, text: str) -> list[str]:
        return [row.page for row in self.hears(text=text)]

    def opens(self, token: str) -> list[str]:
        return [row.page for row in self.hears(kind=Kind.START, text="/start", start=token)]

    def presses(self, label: str) -> list[str]:
        with db.read() as session:
            address = conversations.address_known(session, "telegram", self.chat_id)
            assert address is not None
            sent = select(LetterRow).where(LetterRow.address_id == address.id)
            rows = session.scalars(sent.order_by(LetterRow.id.desc())).all()
            wires = [w for r in rows for row in r.choices["rows"] for w in row if w["token"]]
        token = next(w["token"] for w in wires if w["label"] == label)
        return [row.page for row in self.hears(kind=Kind.PRESS, press=token)]


@pytest.fixture
def chat(any_room: object, now: datetime) -> Iterator[Chat]:
    with db.write() as session:
        people.team(session, now=now)
    yield Chat(now)


def invited(now: datetime) -> invitations.Issued:
    with db.write() as session:
        referral = people.referral(session, now=now)
        return invitations.invite(session, referral, by="system", now=now)


def come_in(chat: Chat) -> None:
    issued = invited(chat.now)
    chat.opens(issued.token)
    chat.says(issued.pin)
    for words in ("I am 18 or over", "Continue", *["Yes"] * 5, "Every week"):
        chat.says(words)


def test_a_person_comes_in_by_link_pin_and_consent(chat: Chat) -> None:
    issued = invited(chat.now)
    assert chat.opens(issued.token) == ["conversation/enter-pin"]
    assert chat.says(issued.pin) == ["conversation/age-check"]
    assert chat.says("I am 18 or over") == ["conversation/notice"]
    assert chat.says("continue") == ["conversation/consent-contact"]
    for purpose in consent.PURPOSES[1:]:
        assert chat.says("Yes") == [f"conversation/consent-{purpose}"]
    assert chat.says("yes") == ["conversation/consent-done", "conversation/choose-rhythm"]
    assert chat.says("Every week") == ["conversation/welcome-in"]
    with db.read() as session:
        assert session.scalars(select(Message.text_sealed)).first() is not None
        referral = referrals.open_one(session, _patient_id(session))
        assert referral is not None and referral.state == referrals.WAITING


def test_the_rooms_of_the_menu_answer(chat: Chat) -> None:
    come_in(chat)
    assert chat.says("My wait") == ["conversation/my-wait-no-range"]
    assert chat.says("self-care") == ["conversation/self-care"]
    assert chat.presses(library.page("self-care/loneliness").title) == ["self-care/loneliness"]
    assert chat.says("People") == ["conversation/people-none"]
    assert chat.says("Help lines") == ["conversation/help-lines"]
    assert chat.says("Help now") == ["crisis/help-now"]
    assert chat.says("My data and settings") == ["conversation/my-data"]
    assert chat.says("Talk to my worker") == ["conversation/talk"]
    assert chat.says("When will you call me?") == ["conversation/talk-received"]
    with db.read() as session:
        # By then somebody reads it, or others are called.
        due = select(Message.read_due_at).where(Message.is_for_worker)
        assert session.scalars(due).one() == chat.now + timedelta(days=2)


def test_every_self_care_page_is_reached_by_pressing_more(chat: Chat) -> None:
    come_in(chat)
    rows, seen = chat.hears(text="self-care"), set()
    while rows:
        offered = {w["label"]: w["token"] for row in rows[0].choices["rows"] for w in row}
        seen |= set(offered)
        more = offered.get("More")
        rows = chat.hears(kind=Kind.PRESS, press=more) if more else []
    assert {page.title for page in library.pages_in("self-care")} <= seen


def test_words_of_their_own_find_pages_to_press(chat: Chat) -> None:
    come_in(chat)
    chat.says("self-care")
    assert chat.says("cant slep at nite") == ["conversation/found"]
    assert chat.presses(library.page("self-care/sleep").title) == ["self-care/sleep"]
    chat.now += timedelta(minutes=1)
    assert chat.says("heart racing") == ["conversation/found"]


def test_words_at_the_menu_find_pages_too(chat: Chat) -> None:
    come_in(chat)
    chat.says("menu")
    assert chat.says("my landlord wants me out") == ["conversation/found"]
    assert chat.presses("Talk to my worker") == ["conversation/talk"]


def test_a_line_that_is_found_is_of_the_nation_where_the_person_lives(chat: Chat) -> None:
    come_in(chat)
    with db.write() as session:
        session.get_one(Patient, _patient_id(session)).nation = "wales"
    rows = chat.hears(text="drinkline")
    lines = {row.values.get("lines", "") for row in rows}
    assert not any("Scotland" in words for words in lines)
    said = chat.hears(text="shelter", told_at=chat.now)
    assert [row.page for row in said] == []
    chat.now += timedelta(minutes=1)
    words = chat.hears(text="shelter")[0].values["lines"]
    assert "Shelter Cymru" in words and "Shelter Scotland" not in words


def test_where_nothing_fits_the_chat_says_what_to_do(chat: Chat) -> None:
    come_in(chat)
    chat.says("self-care")
    assert chat.says("qwertyuiop zxcv") == ["conversation/nothing-found"]
    chat.says("menu")
    chat.now += timedelta(minutes=1)
    assert chat.says("qwertyuiop zxcv") == ["conversation/not-understood"]


def test_a_page_asks_whether_it_helped(chat: Chat) -> None:
    come_in(chat)
    chat.says("sleep")
    chat.presses("Sleeping better")
    assert chat.presses("This did not help") == ["conversation/page-not-helped"]
    assert chat.presses("This helped") == ["conversation/page-helped"]
    with db.read() as session:
        row = session.scalars(select(PageAnswer)).one()
        assert (row.page, row.helped) == ("self-care/sleep", True)
        assert session.scalars(select(SearchMiss)).all() == []


def test_words_of_danger_are_never_only_searched_for(chat: Chat) -> None:
    come_in(chat)
    chat.says("self-care")
    assert chat.says("i cant sleep and i want to die") == ["crisis/now"]


def test_words_for_the_worker_are_not_searched_for(chat: Chat) -> None:
    come_in(chat)
    chat.says("Talk to my worker")
    assert chat.says("i cant sleep") == ["conversation/talk-received"]


def test_a_stranger_gets_the_lines_and_no_record(chat: Chat) -> None:
    assert chat.opens("") == ["conversation/stranger"]
    assert chat.says("hello") == []
    chat.now += timedelta(seconds=5)
    assert chat.says("hello again") == ["conversation/stranger"]
    with db.read() as session:
        assert session.scalars(select(Alert)).all() == []


def test_every_bad_link_gets_the_same_answer(chat: Chat) -> None:
    issued = invited(chat.now)
    for token in ("x" * 65, "not-a-link", issued.token[:-1], "../../etc"):
        assert chat.opens(token) == ["conversation/bad-link"]
        chat.now += timedelta(seconds=4)


def test_danger_words_before_consent_reach_a_person(chat: Chat) -> None:
    issued = invited(chat.now)
    chat.opens(issued.token)
    chat.says(issued.pin)
    assert chat.says("I want to kill myself") == ["crisis/now"]
    with db.read() as session:
        alert = session.scalars(select(Alert)).one()
        assert (alert.colour, alert.state) == ("red", alerts.NOTIFYING)


def test_danger_words_of_a_stranger_are_amber_and_answered_at_once(chat: Chat) -> None:
    assert chat.says("I want to kill myself") == ["crisis/now-stranger"]
    with db.read() as session:
        alert = session.scalars(select(Alert)).one()
        assert (alert.colour, alert.kind) == ("amber", "unknown person")


def test_what_a_stranger_in_danger_writes_more_reaches_the_same_people(chat: Chat) -> None:
    chat.says("I want to kill myself")
    chat.now += timedelta(minutes=2)
    assert chat.says("Sample Lee, 01632 960123") == ["conversation/stranger-passed-on"]
    with db.write() as session:
        alert = session.scalars(select(Alert)).one()
        verbs = [event.verb for event in alerts.events(session, alert)]
        assert verbs[-2:] == ["joined", "told again"]
        said = caseload.one_alert(session, alert, now=chat.now).said
        assert said is not None and said.text == "Sample Lee, 01632 960123"
        worker = session.scalars(select(Staff)).first()
        assert worker is not None
        alerts.close(session, alert, "done", by=worker, now=chat.now)
    assert chat.says("hello") == ["conversation/stranger"]


def test_five_wrong_pins_lock_the_link_and_tell_the_worker(chat: Chat) -> None:
    issued = invited(chat.now)
    chat.opens(issued.token)
    wrong = "0000000" if issued.pin != "0000000" else "1111111"
    for _ in range(4):
        assert chat.says(wrong) == ["conversation/wrong-pin"]
    assert chat.says(wrong) == ["conversation/pin-locked"]
    chat.opens(issued.token)
    assert chat.says(issued.pin) == ["conversation/stranger"]
    with db.read() as session:
        assert session.scalars(select(Alert.kind)).one() == "wrong PIN 5 times"


def test_my_own_link_again_changes_nothing_and_another_account_is_refused(chat: Chat) -> None:
    issued = invited(chat.now)
    chat.opens(issued.token)
    chat.says(issued.pin)
    for words in ("I am 18 or over", "Continue", *["Yes"] * 5, "Not now"):
        chat.says(words)
    assert chat.opens(issued.token)[0] == "conversation/already-set-up"
    other = Chat(chat.now, "7000000001")
    assert other.opens(issued.token) == ["conversation/bad-link"]
    with db.read() as session:
        assert session.scalars(select(Alert.kind)).one() == "used link opened elsewhere"


def test_no_to_messages_is_the_human_route(chat: Chat) -> None:
    issued = invited(chat.now)
    chat.opens(issued.token)
    chat.says(issued.pin)
    for words in ("I am 18 or over", "Continue", *["No"] * 4):
        chat.says(words)
    assert chat.says("No") == ["conversation/consent-done", "conversation/no-contact"]
    with db.read() as session:
        assert session.scalars(select(Alert.kind)).one() == "said no to messages"


def test_no_later_ends_check_ins_and_says_how_to_start_again(chat: Chat) -> None:
    come_in(chat)
    chat.says("My data and settings")
    chat.presses("My yes and no choices")
    told = ["conversation/no-check-ins", "conversation/consent-worker"]
    assert chat.says("No") == told
    with db.read() as session:
        person = _patient_id(session)
        plan = check_ins.plan_of(session, person)
        assert plan is not None and plan.ended_at == chat.now
        assert not consent.allows(session, person, consent.CONTACT)
        assert session.scalars(select(Alert.kind)).one() == "said no to messages"
    chat.now += timedelta(minutes=1)
    chat.says("My data and settings")
    chat.presses("Settings")
    assert chat.presses("How often you ask me") == ["conversation/no-check-ins"]
    assert chat.presses("Start again") == ["conversation/resumed"]
    with db.read() as session:
        plan = check_ins.plan_of(session, person)
        assert plan is not None and plan.ended_at is None
        assert consent.allows(session, person, consent.CONTACT)


def test_an_old_key_of_the_rhythm_is_no_new_yes(chat: Chat) -> None:
    come_in(chat)
    chat.says("My data and settings")
    chat.presses("Settings")
    chat.presses("How often you ask me")
    chat.says("STOP")
    assert chat.says("Every two weeks") == ["conversation/no-check-ins"]


def test_yes_after_no_starts_again_and_the_same_answer_twice_changes_nothing(chat: Chat) -> None:
    come_in(chat)
    for answer, first in (("No", "no-check-ins"), ("No", ""), ("Yes", "resumed"), ("Yes", "")):
        chat.now += timedelta(minutes=1)
        chat.says("My data and settings")
        chat.presses("My yes and no choices")
        told = [f"conversation/{first}"] if first else []
        assert chat.says(answer) == [*told, "conversation/consent-worker"]
    with db.read() as session:
        plan = check_ins.plan_of(session, _patient_id(session))
        assert plan is not None and plan.ended_at is None


def test_who_said_no_at_first_starts_again_with_the_question(chat: Chat) -> None:
    issued = invited(chat.now)
    chat.opens(issued.token)
    chat.says(issued.pin)
    for words in ("I am 18 or over", "Continue", *["No"] * 5):
        chat.says(words)
    told = ["conversation/resumed", "conversation/choose-rhythm"]
    assert chat.says("Start again") == told
    assert chat.says("Every week") == ["conversation/rhythm-changed"]


def test_who_may_not_be_messaged_is_told_that_we_do_not_write_first(chat: Chat) -> None:
    come_in(chat)
    with db.write() as session:
        session.get_one(Patient, _patient_id(session)).safe_to_message = False
    chat.says("My data and settings")
    chat.presses("Settings")
    chat.presses("How often you ask me")
    told = ["conversation/rhythm-changed", "conversation/not-first"]
    assert chat.says("Every two weeks") == told
    chat.now += timedelta(minutes=1)
    assert chat.says("Help now") == ["crisis/help-now"]


def test_a_card_on_abuse_says_who_is_told_before_the_person_says_more(chat: Chat) -> None:
    come_in(chat)
    card = chat.hears(text="My husband hits me")[0]
    assert card.page == "crisis/abuse"
    words = library.to_text(library.page(card.page), card.values)
    told = words.index("showing this message to our team at Sample Provider")
    assert told < words.index("To talk in private") and "Leave this page" in words
    assert card.values["when_read"] in words


def test_what_is_written_while_somebody_is_called_reaches_them(chat: Chat) -> None:
    come_in(chat)
    chat.says("My husband hits me")
    chat.now += timedelta(minutes=2)
    assert chat.says("please dont ring, he is in the shower") == ["conversation/talk-received"]
    with db.read() as session:
        alert = session.scalars(select(Alert)).one()
        last = alerts.events(session, alert)[-2:]
        assert [event.verb for event in last] == ["joined", "told again"]
        said = session.scalars(select(Message).order_by(Message.id.desc())).first()
        assert said is not None and said.is_for_worker and last[0].cause_id == said.id


@pytest.mark.parametrize("settled", ["contact", "task"])
def test_after_contact_words_at_the_menu_are_searched_for_again(chat: Chat, settled: str) -> None:
    come_in(chat)
    with db.write() as session:
        colour = Colour.GREEN if settled == "task" else Colour.RED
        cause = alerts.Cause(colour, "any", _patient_id(session))
        alert = alerts.raise_(session, cause, now=chat.now)
        worker = session.scalars(select(Staff)).first()
        assert worker is not None
        if settled == "contact":
            alerts.record_outcome(session, alert, "spoke", by=worker, now=chat.now)
    chat.says("menu")
    assert chat.says("my landlord wants me out") == ["conversation/found"]


def test_stop_is_obeyed_at_once_and_leaves_the_alert(chat: Chat) -> None:
    come_in(chat)
    chat.says("I want to end my life")
    assert chat.says("STOP") == ["conversation/stopped"]
    with db.read() as session:
        patient_id = _patient_id(session)
        assert not consent.allows(session, patient_id, consent.CONTACT)
        assert alerts.open_for(session, patient_id) is not None
    assert chat.says("please do not stop talking") != ["conversation/stopped"]


def test_an_edit_to_danger_words_is_screened_and_marked(chat: Chat) -> None:
    come_in(chat)
    chat.hears(text="I'm fine", message_id="77")
    rows = chat.hears(kind=Kind.EDIT, text="I want to die", message_id="77")
    assert [row.page for row in rows] == ["crisis/now"]
    with db.read() as session:
        edit = session.scalars(select(Message).where(Message.kind == "edit")).one()
        assert edit.details["edited"] is True


def test_a_voice_note_gets_lines_and_a_task(chat: Chat) -> None:
    come_in(chat)
    assert [r.page for r in chat.hears(kind=Kind.VOICE)] == ["conversation/voice"]
    with db.read() as session:
        assert session.scalars(select(Alert.kind)).one() == "unheard voice note"


def test_stickers_are_answered_once_in_ten_minutes(chat: Chat) -> None:
    come_in(chat)
    assert [r.page for r in chat.hears(kind=Kind.MEDIA)] == ["conversation/text-only"]
    assert chat.hears(kind=Kind.MEDIA) == []
    chat.now += timedelta(minutes=11)
    assert len(chat.hears(kind=Kind.MEDIA)) == 1


def test_a_rush_of_words_is_stored_whole_and_answered_calmly(chat: Chat) -> None:
    come_in(chat)
    answers = 0
    for number in range(200):
        chat.now += timedelta(milliseconds=50)
        answers += len(chat.says(f"number {number}"))
    with db.read() as session:
        said = session.scalars(select(Message).where(Message.text_sealed.is_not(None))).all()
        assert sum((m.text or "").startswith("number ") for m in said) == 200
    assert answers <= 4


def test_a_hand_made_press_changes_nothing(chat: Chat) -> None:
    come_in(chat)
    rows = chat.hears(kind=Kind.PRESS, press="alert:ack:99")
    assert rows[0].page == "conversation/button-gone"


def test_the_same_message_twice_takes_effect_once(chat: Chat) -> None:
    come_in(chat)
    assert chat.hears(text="My wait", message_id="88")
    assert chat.hears(text="My wait", message_id="88") == []


def test_a_check_in_by_own_wish_answered_badly_reaches_a_person(chat: Chat) -> None:
    come_in(chat)
    assert chat.says("How I am") == ["check-ins/weekly"]
    pages = chat.says("Not great")
    assert pages == ["conversation/check-in-thanks-not-great", "conversation/menu"]
    with db.read() as session:
        row = session.scalars(select(CheckIn)).one()
        assert (row.state, row.answer) == (check_ins.ANSWERED, "not-great")
        assert session.scalars(select(Alert.colour)).one() == "amber"


def test_an_answer_to_a_check_in_long_closed_is_told_so(chat: Chat) -> None:
    come_in(chat)
    chat.says("How I am")
    chat.now += timedelta(days=10)
    assert chat.says("I'm OK") == ["conversation/check-in-closed"]


def _patient_id(session: object) -> str:
    address = conversations.address_known(session, "telegram", CHAT)  # type: ignore[arg-type]
    assert address is not None and address.patient_id is not None
    return address.patient_id
