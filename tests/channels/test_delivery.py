"""Letters leave from the outbox, once each, whatever happens to the channels."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from tests import people
from tests.channels.conftest import ALEX, KIM, SAM, STAFF_TOKEN, TOKEN, bot, delivering, states
from tests.fakes.bot_api import BotApi, Robot, Telephone
from tests.fakes.smtp import MailServer
from waiting_room import bell, clock, db, outbox, sending
from waiting_room.care import alerts, conversations
from waiting_room.care.alerts import Cause
from waiting_room.care.colours import Colour
from waiting_room.channels.contract import Channel, Missing
from waiting_room.channels.pacing import Pacer
from waiting_room.letters import Letter, Priority
from waiting_room.models import Address, Alert, AlertEvent, LetterRow, Patient, Staff, StaffChannel

Channels = dict[str, Channel]
SECRET = "the canary sings of sadness"


def until(what: Callable[[], object], api: BotApi) -> None:
    """Wait for something in the room, while retries come due without waiting for them."""

    def look() -> object:
        clock.advance(timedelta(seconds=10))
        bell.ring(bell.LETTERS)
        return what()

    api.wait_until(look)


def said(page: str, chat: int | str = ALEX, *, text: str = "", urgent: bool = False) -> str:
    """Queue a letter to a stranger's chat; returns its id."""
    priority = Priority.CRISIS if urgent else Priority.CHECK_IN
    with db.write() as session:
        address = conversations.address(session, "telegram", str(chat), now=clock.now())
        letter = Letter(page, {"text": text, "worker": "Sample Sam"}, priority=priority)
        return outbox.say(session, address, letter, now=clock.now()).id


def raised(session: Session, *, telegram: dict[str, int], now: datetime) -> Alert:
    """A RED alert of a patient; these people also have Telegram."""
    team = people.team(session, now=now)
    for name, chat in telegram.items():
        people.channel(session, team[name], "staff_telegram", str(chat), now=now)
    person, _ = people.patient(session, worker=team["worker"], chat_id=str(ALEX), now=now)
    return alerts.raise_(session, Cause(Colour.RED, "danger words", person.id), now=now)


def without_mail(session: Session, name: str) -> None:
    """This person has no mail channel."""
    theirs = select(Staff.id).where(Staff.name == name).scalar_subquery()
    mail = (StaffChannel.staff_id == theirs, StaffChannel.kind == "email")
    session.execute(update(StaffChannel).where(*mail).values(dead_at=clock.now()))


def one(channel: str) -> str:
    """The state of the newest letter of a channel."""
    return states(channel)[-1][1]


def test_a_letter_leaves_and_is_marked(room: Path, channels: Channels, alex: Telephone) -> None:
    with delivering(channels):
        number = said("conversation/goodbye")
        sent = alex.wait_for(1)
    with db.read() as session:
        row = session.get_one(LetterRow, number)
        assert (row.state, row.channel_message_id) == ("sent", str(sent.message_id))
        assert (row.tries, row.lease_until) == (1, None)


def test_what_a_dead_process_had_in_hand_leaves_at_once_and_says_so(
    any_room: Path, channels: Channels, sam: Telephone, post: MailServer, now: datetime
) -> None:
    with db.write() as session:
        raised(session, telegram={"worker": SAM}, now=now)
    with db.write() as session:
        for channel in ("staff_telegram", "email"):
            assert sending.claim(session, sending.Due(channel, now=now, wall=clock.wall()))
    with delivering(channels):
        sam.wait_for("You may have seen this already.")
        post.wait_for(lambda mail: "You may have seen this already." in mail.text)


def test_an_alert_leaves_by_every_channel_at_once(
    room: Path, channels: Channels, sam: Telephone, post: MailServer, now: datetime
) -> None:
    with delivering(channels):
        with db.write() as session:
            alert = raised(session, telegram={"worker": SAM}, now=now)
        told = sam.wait_for(alert.reference)
        mail = post.wait_for(lambda mail: alert.reference in mail.text)
    link = f"https://room.example.org/desk/alerts/{alert.id}"
    assert told.text == f"ALERT {alert.reference} RED - open the desk: {link}"
    assert told.labels == ["I have this"] and link in mail.text
    assert "Alex" not in told.text + mail.text + mail.subject


def test_two_letters_of_one_breath_arrive_in_order_though_the_first_fails(
    room: Path, channels: Channels, api: BotApi, robot: Robot, alex: Telephone
) -> None:
    robot.suffers("error", method="sendMessage", status=502, times=1)
    said("conversation/from-worker", text="first")
    said("conversation/from-worker", text="second")
    with delivering(channels):
        until(lambda: len(alex.messages) == 2, api)
    assert ["first" in sent.text for sent in alex.messages] == [True, False]
    assert [state for _, state in states("telegram")] == ["sent", "sent"]


def test_somebody_who_blocked_us_is_to_be_phoned(
    room: Path, channels: Channels, api: BotApi, alex: Telephone, now: datetime
) -> None:
    with db.write() as session:
        people.patient(session, chat_id=str(ALEX), now=now)
    alex.blocks()
    with delivering(channels):
        said("conversation/goodbye")
        until(lambda: one("telegram") == "failed", api)
    with db.read() as session:
        address = session.scalars(select(Address)).one()
        alert = session.scalars(select(Alert)).one()
        assert address.dead_at is not None and address.dead_why == "blocked"
        assert (alert.kind, alert.colour) == ("cannot be reached", "green")
    assert len(alex.messages) == 0


def test_a_stranger_who_blocked_us_is_nobodys_task(
    room: Path, channels: Channels, api: BotApi, alex: Telephone
) -> None:
    alex.blocks()
    with delivering(channels):
        said("conversation/goodbye")
        until(lambda: one("telegram") == "failed", api)
    with db.read() as session:
        assert session.scalars(select(Alert)).all() == []


def test_a_worker_whose_only_channel_died_is_passed_over_at_once(
    room: Path, channels: Channels, api: BotApi, sam: Telephone, kim: Telephone, now: datetime
) -> None:
    sam.blocks()
    with db.write() as session:
        alert = raised(session, telegram={"worker": SAM, "backup": KIM}, now=now)
        without_mail(session, "Sample Sam")
        mails = LetterRow.channel == "email"
        session.execute(update(LetterRow).where(mails).values(state="failed"))
    with delivering(channels):
        api.wait_until(lambda: ("staff/alert-telegram", "failed") in states("staff_telegram"))
        with db.write() as session:
            assert alerts.climb(session, now=clock.now()) == 1
        kim.wait_for(alert.reference)
    with db.read() as session:
        dead = session.scalars(select(StaffChannel).where(StaffChannel.dead_why == "blocked"))
        assert [channel.kind for channel in dead] == ["staff_telegram"]
        kinds = [alert.kind for alert in session.scalars(select(Alert).order_by(Alert.id))]
        assert kinds == ["danger words", "staff channel dead"]


def test_a_worker_who_was_told_by_mail_keeps_their_time(
    room: Path, channels: Channels, api: BotApi, sam: Telephone, post: MailServer, now: datetime
) -> None:
    sam.blocks()
    with db.write() as session:
        alert = raised(session, telegram={"worker": SAM}, now=now)
    with delivering(channels):
        post.wait_for(lambda mail: alert.reference in mail.text)
        api.wait_until(lambda: one("staff_telegram") == "failed")
    with db.read() as session:
        due = session.get_one(Alert, alert.id).due_at
        assert due is not None and due > clock.now() + timedelta(minutes=4)


def test_a_crisis_notice_whose_answer_got_lost_is_repeated_and_says_so(
    room: Path, channels: Channels, api: BotApi, staff_robot: Robot, sam: Telephone, now: datetime
) -> None:
    staff_robot.suffers("swallow_reply", method="sendMessage", times=1)
    with db.write() as session:
        alert = raised(session, telegram={"worker": SAM}, now=now)
    with delivering(channels):
        until(lambda: len(sam.messages) == 2, api)
        until(lambda: one("staff_telegram") == "sent", api)
    first, second = sam.messages
    assert second.text == f"You may have seen this already.\n\n{first.text}"
    assert alert.reference in first.text and alert.reference in second.text


def test_a_routine_letter_whose_answer_got_lost_is_not_sent_twice(
    room: Path, channels: Channels, api: BotApi, robot: Robot, alex: Telephone
) -> None:
    robot.suffers("swallow_reply", method="sendMessage", times=1)
    with delivering(channels):
        said("conversation/goodbye")
        until(lambda: one("telegram") == "uncertain", api)
        said("conversation/goodbye")
        until(lambda: one("telegram") == "sent", api)
    assert len(alex.messages) == 2


def test_an_outage_that_swallows_answers_costs_one_moment_of_letters(
    room: Path, channels: Channels, api: BotApi, robot: Robot, alex: Telephone
) -> None:
    fault = robot.suffers("black_hole")
    with delivering(channels):
        said("conversation/goodbye")
        until(lambda: one("telegram") == "uncertain", api)
        for _ in range(3):
            said("conversation/from-worker", text="later")
        until(lambda: len(robot.calls("getMe")) >= 2, api)
        api.recovers(fault)
        until(lambda: len(alex.messages) == 3, api)
    assert [state for _, state in states("telegram")] == ["uncertain", "sent", "sent", "sent"]


def test_a_flooded_bot_keeps_silence_but_for_a_crisis(
    room: Path, channels: Channels, api: BotApi, robot: Robot, alex: Telephone
) -> None:
    channels["telegram"] = bot(api, TOKEN, pacer=Pacer(1_000, chat_gap=0))
    robot.suffers("flood", method="sendMessage", seconds=1, times=1)
    with delivering(channels):
        said("conversation/goodbye")
        api.wait_until(lambda: robot.calls("sendMessage"))
        for _ in range(3):
            said("conversation/goodbye")
        said("crisis/now-stranger", urgent=True)
        until(lambda: len(alex.messages) == 5, api)
    refused, crisis, *routine = robot.calls("sendMessage")
    assert refused["status"] == 429 and crisis["at"] - refused["at"] < 1
    assert all(line["at"] - refused["at"] >= 1 for line in routine)
    assert "999" in alex.messages[0].text


def test_mail_flows_while_telegram_is_a_black_hole(
    room: Path, channels: Channels, api: BotApi, staff_robot: Robot, sam: Telephone,
    post: MailServer, now: datetime,
) -> None:  # fmt: skip
    api.suffers("black_hole")
    with delivering(channels):
        with db.write() as session:
            alert = raised(session, telegram={"worker": SAM}, now=now)
        raised_at = clock.monotonic()
        mail = post.wait_for(lambda mail: alert.reference in mail.text)
        api.recovers()
    assert mail.at - raised_at < 1


def test_telegram_flows_while_the_mail_server_hangs(
    room: Path, channels: Channels, sam: Telephone, post: MailServer, now: datetime
) -> None:
    post.suffers("time_out")
    with delivering(channels):
        with db.write() as session:
            alert = raised(session, telegram={"worker": SAM}, now=now)
        sam.wait_for(alert.reference, timeout=1)
        post.recovers()


@pytest.mark.parametrize("fault", ["421", "451", "time_out"])
def test_mail_that_was_not_taken_goes_again(
    room: Path, channels: Channels, api: BotApi, post: MailServer, now: datetime, fault: str
) -> None:
    post.suffers(fault, times=1)
    with db.write() as session:
        raised(session, telegram={}, now=now)
    with delivering(channels):
        until(lambda: post.mails, api)
        until(lambda: one("email") == "sent", api)
    assert len(post.mails) == 1 and post.attempts == 2


def test_a_mailbox_that_does_not_exist_is_dead(
    room: Path, channels: Channels, api: BotApi, post: MailServer, now: datetime
) -> None:
    post.suffers("550", to="sam@example.org")
    with delivering(channels):
        with db.write() as session:
            alert = raised(session, telegram={}, now=now)
        api.wait_until(lambda: ("staff/alert-mail", "failed") in states("email"))
        with db.write() as session:
            alerts.climb(session, now=clock.now())
        post.wait_for(lambda mail: mail.to == ("kim@example.org",))
    with db.read() as session:
        mails = {c.place: c.dead_why for c in session.scalars(select(StaffChannel))}
        assert mails["sam@example.org"] == "the mail server said 550"
        assert session.get_one(Alert, alert.id).rung == 1


def test_a_crisis_mail_cut_off_after_its_words_goes_again_under_the_same_number(
    room: Path, channels: Channels, api: BotApi, post: MailServer, now: datetime
) -> None:
    post.suffers("close_after_data", times=1)
    with db.write() as session:
        raised(session, telegram={}, now=now)
    with delivering(channels):
        until(lambda: len(post.mails) == 2, api)
        until(lambda: one("email") == "sent", api)
    first, second = post.mails
    assert first.message["Message-ID"] == second.message["Message-ID"]


def test_without_a_mail_server_the_letter_fails_with_a_reason_and_the_next_is_told(
    room: Path, channels: Channels, api: BotApi, now: datetime
) -> None:
    channels["email"] = Missing("no mail server set")
    with db.write() as session:
        alert = raised(session, telegram={}, now=now)
    with delivering(channels):
        api.wait_until(lambda: one("email") == "failed")
    with db.read() as session:
        row = session.scalars(select(LetterRow).where(LetterRow.channel == "email")).one()
        assert row.why == "no mail server set"
        assert session.get_one(Alert, alert.id).due_at == now
        assert all(channel.dead_at is None for channel in session.scalars(select(StaffChannel)))


def test_a_crisis_overtakes_two_hundred_waiting_letters(
    room: Path, channels: Channels, api: BotApi, robot: Robot, alex: Telephone
) -> None:
    channels["telegram"] = bot(api, TOKEN, pacer=Pacer())
    crowd = [robot.chat(number) for number in range(8_000_000_000, 8_000_000_040)]
    with db.write() as session:
        for chat in [person.id for person in crowd] * 5:
            address = conversations.address(session, "telegram", str(chat), now=clock.now())
            letter = Letter("conversation/goodbye", priority=Priority.CHECK_IN)
            outbox.say(session, address, letter, now=clock.now())
    with delivering(channels):
        api.wait_until(lambda: len(robot.calls("sendMessage")) >= 5)
        said("crisis/now-stranger", urgent=True)
        queued_at = clock.monotonic()
        alex.wait_for("999")
        took = clock.monotonic() - queued_at
    assert took < 1
    assert [line["chat_id"] for line in robot.calls("sendMessage")].index(ALEX) < 40


def test_many_routine_letters_leave_at_nearly_the_limit(
    room: Path, channels: Channels, api: BotApi, robot: Robot
) -> None:
    channels["telegram"] = bot(api, TOKEN, pacer=Pacer())
    api.limits(per_second=30, per_chat=1)
    for chat in range(8_000_000_000, 8_000_000_040):
        robot.chat(chat)
        said("conversation/goodbye", chat)
    with delivering(channels):
        api.wait_until(lambda: len(robot.calls("sendMessage")) == 40)
        api.wait_until(lambda: [state for _, state in states()].count("sent") == 40)
    calls = robot.calls("sendMessage")
    assert {line["status"] for line in calls} == {200}
    # Generous on purpose: the rate itself is measured where nothing else runs.
    assert 39 / (calls[-1]["at"] - calls[0]["at"]) > 6


def test_one_letter_that_cannot_be_sent_holds_up_no_other(
    room: Path, channels: Channels, api: BotApi, alex: Telephone, caplog: pytest.LogCaptureFixture
) -> None:
    broken = said("conversation/goodbye", "no-number")
    pageless = said("conversation/goodbye")
    with db.write() as session:
        session.get_one(LetterRow, pageless).digest = "0" * 32
        session.get_one(LetterRow, broken).tries = 5
    with delivering(channels):
        said("conversation/goodbye")
        alex.wait_for(1)
        until(lambda: states()[1][1] == "failed", api)
        until(lambda: states()[0][1] == "failed", api)
    with db.read() as session:
        assert session.get_one(LetterRow, broken).why == "a fault of our own"
        assert session.get_one(LetterRow, pageless).why == "its page is gone"
    assert "no-number" not in caplog.text


def test_what_left_is_marked_though_the_next_claim_fails(
    room: Path, channels: Channels, api: BotApi, alex: Telephone
) -> None:
    api.suffers("slow_reply", method="sendMessage", seconds=0.3)
    with delivering(channels):
        said("conversation/goodbye")
        api.wait_until(lambda: one("telegram") == "sending")
        with db.write() as session:
            # No letter can be claimed any more; marks and claims share a transaction.
            refuse = "BEGIN SELECT RAISE(ABORT, 'refused'); END"
            when = "BEFORE UPDATE OF state ON letter WHEN NEW.state = 'sending'"
            session.execute(text(f"CREATE TRIGGER no_claim {when} {refuse}"))
        said("conversation/goodbye", KIM)
        assert alex.wait_for(1)
        api.wait_until(lambda: states()[0][1] == "sent")
    assert [state for _, state in states()] == ["sent", "queued"]


def test_told_to_stop_what_is_on_its_way_lands(
    room: Path, channels: Channels, api: BotApi, robot: Robot, alex: Telephone
) -> None:
    robot.suffers("delay", method="sendMessage", seconds=0.2)
    with delivering(channels):
        said("conversation/goodbye")
        api.wait_until(lambda: states()[0][1] == "sending")
    assert states()[0][1] == "sent" and len(alex.messages) == 1


def test_no_token_no_place_and_no_word_of_anybody_stands_in_a_log(
    room: Path, channels: Channels, api: BotApi, robot: Robot, staff_robot: Robot,
    alex: Telephone, sam: Telephone, post: MailServer, now: datetime,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    channels |= {"telegram": bot(api, TOKEN), "staff_telegram": bot(api, STAFF_TOKEN)}
    faults = ("swallow_reply", "drop_reply", "error", "black_hole")
    with delivering(channels):
        with db.write() as session:
            raised(session, telegram={"worker": SAM}, now=now)
        for fault in faults:
            robot.suffers(fault, times=1)
            said("conversation/from-worker", text=SECRET)
        post.suffers("550")
        until(lambda: not any(state in ("queued", "sending") for _, state in states()), api)
        api.refuses()
        said("conversation/from-worker", text=SECRET)
        until(lambda: "cannot be reached" in caplog.text, api)
    ours = [r for r in caplog.records if not r.name.startswith(("mail.", "asyncio", "tests"))]
    lines = "\n".join(f"{r.getMessage()} {r.exc_info} {r.exc_text}" for r in ours)
    assert "did not leave" in lines
    for secret in (TOKEN, STAFF_TOKEN, str(ALEX), str(SAM), SECRET, "example.org", "Alex"):
        assert secret not in lines


def test_an_erased_person_is_written_to_no_more(
    room: Path, channels: Channels, api: BotApi, robot: Robot, now: datetime
) -> None:
    with db.write() as session:
        person, address = people.patient(session, chat_id=str(ALEX), now=now)
        outbox.say(session, address, Letter("conversation/goodbye"), now=now)
        session.get_one(Patient, person.id).erased_at = now
        session.execute(update(LetterRow).values(place_sealed=None))
    with delivering(channels):
        api.wait_until(lambda: one("telegram") == "failed")
    with db.read() as session:
        assert session.scalars(select(AlertEvent)).all() == []
    assert robot.calls("sendMessage") == []
