"""F10, F12-F15: a channel that is away, flooded, dead or deaf delays no other, and loses nothing.

Minutes pass by moving the clock; what is measured between channels is real time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import people
from tests.channels.conftest import (  # noqa: F401 - fixtures
    ADDRESS,
    ALEX,
    KIM,
    SAM,
    TOKEN,
    alex,
    api,
    channels,
    delivering,
    kim,
    post,
    robot,
    room_time,
    sam,
    staff_robot,
    states,
)
from tests.channels.test_delivery import Channels, raised, said, without_mail
from tests.fakes.bot_api import BotApi, Robot, Telephone
from tests.fakes.smtp import MailServer
from tests.faults.figures import Figures
from waiting_room import bell, clock, db
from waiting_room.care import alerts
from waiting_room.care.alerts import Cause
from waiting_room.care.colours import Colour
from waiting_room.channels.email import EmailChannel
from waiting_room.channels.pacing import Pacer
from waiting_room.channels.telegram import TelegramChannel
from waiting_room.models import Alert, LetterRow, Staff, StaffChannel

pytestmark = pytest.mark.faults

SEEN = "You may have seen this already."
SOON = 1.0
GONE = {
    "blocked": lambda chat: chat.blocks(),
    "deactivated": lambda chat: chat.deactivates(),
    "not found": lambda chat: None,
}


def database() -> str:
    return "sqlite" if db.current().is_sqlite else "postgresql"


def pass_time(api: BotApi, seconds: float, *, ends: Callable[[], object] = lambda: False) -> float:  # noqa: F811
    """Let so much time go by, five seconds at a look; returns how much did before it ended."""
    start = clock.now()
    while (gone := (clock.now() - start).total_seconds()) < seconds and not ends():
        clock.advance(timedelta(seconds=5))
        bell.ring(bell.LETTERS)
        # A letter whose time came is tried within this, or at the next look.
        api.call("wait", after=10**9, timeout=0.02)
        # A try that hangs is real time; room time must not run away meanwhile.
        api.wait_until(lambda: not on_its_way())
    return gone


def on_its_way() -> bool:
    with db.read() as session:
        return bool(session.scalar(select(LetterRow.id).where(LetterRow.state == "sending")))


def letter(letter_id: str) -> LetterRow:
    with db.read() as session:
        return session.get_one(LetterRow, letter_id)


@pytest.mark.parametrize("away", ["refuses", "black_hole"])
def test_f10_telegram_away_for_half_an_hour(
    any_room: Path, channels: Channels, api: BotApi, alex: Telephone, sam: Telephone,  # noqa: F811
    post: MailServer, now: datetime, figures: Figures, away: str,  # noqa: F811
) -> None:  # fmt: skip
    _ = api.refuses() if away == "refuses" else api.suffers("black_hole")
    with delivering(channels):
        crisis, routine = said("crisis/now-stranger", urgent=True), said("conversation/goodbye")
        with db.write() as session:
            alert = raised(session, telegram={"worker": SAM}, now=now)
        at = clock.monotonic()
        late = post.wait_for(lambda mail: alert.reference in mail.text).at - at
        with db.read() as session:
            assert session.get_one(Alert, alert.id).due_at is not None
        # Swallowed answers cost real time each, so the short form passes less of it that way.
        half = 1800 if away == "refuses" else figures.size(short=120, long=1800)
        pass_time(api, half)
        tries = letter(crisis).tries
        _ = api.refuses(False) if away == "refuses" else api.recovers()
        back = pass_time(api, 90, ends=lambda: letter(crisis).state == "sent" and sam.messages)
        rest = pass_time(api, 90, ends=lambda: letter(routine).state in ("sent", "uncertain"))
    fits = half / 45 - 3 <= tries <= half / 30 + 8
    good = late <= SOON and back <= 60 and rest <= 60 and fits
    words = f"{away} {half} s: mail after {late:.2f} s; {tries} tries; crisis {back:.0f} s after"
    figures.note("F10", database=database(), figure=f"{words} it was back (≤ 60 s)", passed=good)
    assert good


def test_f12_a_flooded_bot_makes_only_the_broadcast_wait(
    any_room: Path, channels: Channels, api: BotApi, robot: Robot, alex: Telephone,  # noqa: F811
    sam: Telephone, post: MailServer, now: datetime, figures: Figures,  # noqa: F811
) -> None:  # fmt: skip
    pacer = Pacer(time=room_time)
    channels["telegram"] = TelegramChannel(
        TOKEN, api=api.url, address=ADDRESS, protect=True, pacer=pacer
    )
    robot.suffers("flood", method="sendMessage", seconds=30, times=1)
    crowd = range(8_000_000_000, 8_000_000_040)
    for number in crowd:
        robot.chat(number)
    numbers = [said("conversation/goodbye", chat) for chat in crowd]
    with delivering(channels):
        api.wait_until(lambda: robot.calls("sendMessage"))
        api.wait_until(lambda: pacer.resting)
        with db.write() as session:
            alert = raised(session, telegram={"worker": SAM}, now=now)
        at = clock.monotonic()
        said("crisis/now-stranger", urgent=True)
        alex.wait_for("999")
        took = clock.monotonic() - at
        sam.wait_for(alert.reference)
        post.wait_for(lambda mail: alert.reference in mail.text)
        pass_time(api, 20)
        begun = [line for line in robot.calls("sendMessage") if line["chat_id"] in crowd]
        pass_time(api, 60, ends=lambda: all(letter(one).state == "sent" for one in numbers))
        api.wait_until(lambda: all(letter(one).state == "sent" for one in numbers))
    # What was on the wire when the answer came cannot be called back.
    early = [line for line in begun if line["at"] > begun[0]["at"] + 0.1]
    good = took <= SOON and not early
    figure = f"crisis after {took:.2f} s (≤ 10 s); {len(early)} routine sends in the pause of 30 s"
    figures.note("F12", database=database(), figure=figure, passed=good)
    assert good


@pytest.mark.parametrize("how", [*GONE, "550"])
def test_f13_a_dead_channel_moves_the_alert_on_at_once(
    any_room: Path, channels: Channels, api: BotApi, staff_robot: Robot,  # noqa: F811
    kim: Telephone, post: MailServer, now: datetime, figures: Figures, how: str,  # noqa: F811
) -> None:  # fmt: skip
    if how in GONE and how != "not found":
        GONE[how](staff_robot.chat(SAM))
    post.suffers("550", to="sam@example.org")
    with db.write() as session:
        chats = {"worker": SAM} if how in GONE else {}
        alert = raised(session, telegram=chats | {"backup": KIM}, now=now)
        if how in GONE:
            without_mail(session, "Sample Sam")
            mails = session.scalars(select(LetterRow).where(LetterRow.channel == "email"))
            for mail in mails:
                mail.state = "failed"
    with delivering(channels):
        at = clock.monotonic()
        api.wait_until(lambda: _climbed() and kim.messages)
        took = clock.monotonic() - at
        pass_time(api, 120)
    with db.read() as session:
        dead = session.scalars(select(StaffChannel).where(StaffChannel.dead_at.is_not(None)))
        kinds = [one.kind for one in session.scalars(select(Alert).order_by(Alert.id))]
        kind = "staff_telegram" if how in GONE else "email"
        is_dead = kind in [channel.kind for channel in dead if channel.dead_why]
    sends = [line for line in staff_robot.calls("sendMessage") if line["chat_id"] == SAM]
    tries = len(sends) if how in GONE else post.attempts - len(post.mails)
    good = took + 2 <= 10 and tries == 1 and is_dead and "staff channel dead" in kinds
    words = f"{how}: next rung {took:.2f} s after, with a tick of 2 s (≤ 10 s); {tries} try"
    figures.note("F13", database=database(), figure=f"{words}; team told", passed=good)
    assert good and alert.reference in kim.messages[-1].text + kim.messages[0].text


def _climbed() -> bool:
    with db.write() as session:
        alerts.climb(session, now=clock.now())
    return True


def test_f14_an_answer_that_got_lost_costs_a_copy_that_says_so(
    any_room: Path, channels: Channels, api: BotApi, staff_robot: Robot, sam: Telephone,  # noqa: F811
    now: datetime, figures: Figures,
) -> None:  # fmt: skip
    count = figures.size(short=20, long=200)
    with db.write() as session:
        sams = people.team(session, now=now)["worker"]
        people.channel(session, sams, "staff_telegram", str(SAM), now=now)
        references = [_alert_of_somebody(session, sams, n, now=now) for n in range(count)]
    share = staff_robot.suffers("swallow_reply", method="sendMessage", share=0.1)
    first = staff_robot.suffers("swallow_reply", method="sendMessage", times=1)
    with delivering(channels):
        pass_time(api, 900, ends=lambda: all(s == "sent" for _, s in states("staff_telegram")))
        api.recovers(share)
        api.recovers(first)
        pass_time(api, 300, ends=lambda: all(s == "sent" for _, s in states("staff_telegram")))
    texts = [sent.text for sent in sam.messages]
    lost = [one for one in references if not any(one in text for text in texts)]
    copies = len(texts) - len(references)
    silent = sum(line.get("fault") == "swallow_reply" for line in staff_robot.calls("sendMessage"))
    marked = sum(text.startswith(SEEN) for text in texts)
    good = not lost and 0 < copies <= silent and marked == copies
    words = f"{count} alerts, {silent} answers lost: {len(lost)} lost, {copies} copies"
    figures.note("F14", database=database(), figure=f"{words}, each says so", passed=good)
    assert good


def _alert_of_somebody(session: Session, worker: Staff, number: int, *, now: datetime) -> str:
    chat = str(7_300_000_000 + number)
    person, _ = people.patient(session, worker=worker, chat_id=chat, now=now)
    return alerts.raise_(session, Cause(Colour.RED, "danger words", person.id), now=now).reference


@pytest.mark.parametrize("fault", ["time_out", "421", "451", "550", "close_after_data", "tls"])
def test_f15_a_mail_server_in_trouble_never_holds_up_telegram(
    any_room: Path, channels: Channels, api: BotApi, sam: Telephone,  # noqa: F811
    post: MailServer, now: datetime, figures: Figures, fault: str,  # noqa: F811
) -> None:  # fmt: skip
    if fault == "tls":
        url = post.url.replace("smtp://", "smtps://")
        channels["email"] = EmailChannel(url, sender="room@example.org", address=ADDRESS)
    else:
        post.suffers(fault, times=2)
    with delivering(channels):
        with db.write() as session:
            alert = raised(session, telegram={"worker": SAM}, now=now)
        at = clock.monotonic()
        sam.wait_for(alert.reference)
        late = clock.monotonic() - at
        pass_time(api, 900, ends=lambda: _settled(fault))
    ends = {"550": ("failed", 0), "close_after_data": ("sent", 3), "tls": ("queued", 0)}
    state, mails = ends.get(fault, ("sent", 1))
    found = states("email")[0][1]
    again = [SEEN in mail.text for mail in post.mails] == [False, True, True][: len(post.mails)]
    good = late <= SOON and (found, len(post.mails)) == (state, mails) and again
    words = f"{fault}: Telegram after {late:.2f} s (≤ 1 s); the mail is {found}"
    figures.note("F15", database=database(), figure=words, passed=good)
    assert good


def _settled(fault: str) -> bool:
    state = states("email")[0][1]
    with db.read() as session:
        row = session.scalars(select(LetterRow).where(LetterRow.channel == "email")).first()
        tried = row is not None and row.tries >= 3
    return tried and state == "queued" if fault == "tls" else state in ("sent", "failed")
