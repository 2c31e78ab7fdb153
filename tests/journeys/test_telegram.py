"""Stories over Telegram, from a referral to an answer, through every door on the way."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import BrowserContext
from sqlalchemy import select

from tests.fakes.bot_api import BotApi
from tests.fakes.smtp import MailServer
from tests.journeys import live
from tests.journeys.live import LiveRoom
from waiting_room import clock, db
from waiting_room.care import referrals
from waiting_room.care import staff as team_verbs
from waiting_room.models import Alert, CheckIn, Patient, Staff

ALEX = 7_234_567_890
Served = tuple[LiveRoom, dict[str, Staff]]
REFERRAL = (
    "referral", "add", "--name", "Alex Sample", "--birth-date", "1958-03-27", "--agreed",
    "--reason", "Would like company.", "--referrer", "Sample Surgery", "--source", "gp",
)  # fmt: skip


def come_in(room: LiveRoom) -> Any:
    """Alex is referred, opens the link, types the PIN, and says yes to everything."""
    issued = room.command(*REFERRAL)
    alex = room.api.bot(live.PATIENTS_TOKEN).chat(ALEX, first_name="Alex")
    alex.says(f"/start {issued['token']}")
    alex.wait_for("7 numbers")
    alex.says(issued["pin"])
    alex.wait_for("18 or over")
    alex.presses("I am 18 or over")
    alex.wait_for("emergenc")
    alex.presses("Continue")
    for _ in range(5):
        alex.wait_for("OK to say no")
        alex.presses("Yes")
    alex.wait_for("How often")
    alex.presses("Every week")
    alex.wait_for("You are in")
    return alex


def patient_of(room: LiveRoom) -> Patient:
    with db.read() as session:
        return session.scalars(select(Patient)).one()


def assign(room: LiveRoom, worker: Staff) -> Patient:
    with db.write() as session:
        person = session.scalars(select(Patient)).one()
        known = session.get_one(Staff, worker.id)
        referrals.assign(session, person, known, by="test", now=room.now())
        return person


def desk(room: LiveRoom, context: BrowserContext, person: Staff) -> Any:
    """A page of somebody signed in at the desk, by a one-time link."""
    with db.write() as session:
        known = session.get_one(Staff, person.id)
        token = team_verbs.one_time_sign_in(session, known, wall=clock.wall())
    page = context.new_page()
    page.goto(f"{room.url}/desk/link/{token}")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{room.url}/desk")
    return page


def open_alert() -> Alert | None:
    with db.read() as session:
        return session.scalars(select(Alert).where(Alert.closed_at.is_(None))).first()


def test_not_great_is_taken_and_answered(
    served: Served, mail: MailServer, desktop: BrowserContext
) -> None:
    room, team = served
    sam = live.link_staff(room, team["worker"], 500_001)
    alex = come_in(room)
    person = assign(room, team["worker"])

    alex.presses("Self-care")
    alex.wait_for("Pick one")
    alex.presses("Feeling lonely")
    alex.wait_for("Many people feel lonely")

    room.jump(days=7, hours=1)
    # A phone on a table: the push says no more than this.
    assert alex.wait_for("You have a message", timeout=15).text == "You have a message"
    alex.presses("Show")
    alex.wait_for("How are you today?")
    page = desk(room, desktop, team["worker"])
    alex.presses("Not great")
    alex.wait_for("sorry to hear that")

    notice = sam.wait_for("AMBER")
    assert "Alex" not in notice.text and "great" not in notice.text
    received = mail.wait_for(lambda m: "AMBER" in m.text)
    assert "Alex" not in str(received.message)
    # The alert appears on the open desk by itself.
    page.get_by_text("AMBER").first.wait_for(timeout=10_000)

    sam.presses("I have this")
    sam.wait_for(lambda sent: sent.rows)
    sam.presses(sam.keyboard[0])
    alex.wait_for("Sample Sam")

    page.goto(f"{room.url}/desk/patients/{person.id}")
    page.get_by_label("Write to").fill("I will phone you at 3pm today.")
    page.get_by_role("button", name="Send").click()
    alex.wait_for("I will phone you at 3pm today.")
    alert = open_alert()
    assert alert is not None and alert.state == "acknowledged"


def test_silence_is_nudged_once_and_reaches_the_worker(served: Served) -> None:
    room, team = served
    sam = live.link_staff(room, team["worker"], 500_001)
    alex = come_in(room)
    assign(room, team["worker"])
    room.jump(days=7, hours=1)
    alex.wait_for("You have a message", timeout=15)
    before = len(alex.messages)
    room.jump(hours=49)
    sam.wait_for("GREEN", timeout=15)
    with db.read() as session:
        states = [row.state for row in session.scalars(select(CheckIn))]
        alert = session.scalars(select(Alert)).one()
    assert "missed" in states
    assert (alert.colour, alert.kind) == ("green", "silence")
    # One nudge, and as nobody pressed Show, it too says only that it is there.
    room.wait(lambda: len(alex.messages) > before)
    assert [sent.text for sent in alex.messages[before:]] == ["You have a message"]


def test_danger_words_before_consent(served: Served, mail: MailServer) -> None:
    room, team = served
    sam = live.link_staff(room, team["lead"], 500_003)
    issued = room.command(*REFERRAL)
    alex = room.api.bot(live.PATIENTS_TOKEN).chat(ALEX, first_name="Alex")
    alex.says(f"/start {issued['token']}")
    alex.wait_for("7 numbers")
    alex.says(issued["pin"])
    alex.wait_for("18 or over")
    alex.says("I want to kill myself")
    card = alex.wait_for("116 123")
    assert "999" in card.text
    mail.wait_for(lambda m: "RED" in m.text)
    # Nobody is assigned and nobody takes it: backup, then duty lead, then again.
    room.jump(minutes=6)
    sam.wait_for("RED", timeout=15)
    room.jump(minutes=6)
    room.jump(minutes=6)
    room.wait(lambda: (open_alert() or Alert(rounds=0)).rounds >= 1)
    alert = open_alert()
    assert alert is not None and alert.closed_at is None and alert.due_at is not None


def test_stop_silences_routine_words_and_keeps_the_alert(served: Served, api: BotApi) -> None:
    room, team = served
    alex = come_in(room)
    assign(room, team["worker"])
    alex.says("I can't go on, I want to end my life")
    alex.wait_for("116 123")
    alex.says("STOP")
    alex.wait_for(lambda sent: "Start again" in sent.labels)
    before = len(alex.messages)
    room.jump(days=8)
    with db.read() as session:
        asked = session.scalars(select(CheckIn).where(CheckIn.asked_at.is_not(None))).all()
    assert asked == []
    assert len(alex.messages) == before
    alert = open_alert()
    assert alert is not None and alert.colour == "red"
