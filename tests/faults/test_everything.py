"""Everything at once: 20 updates a second, 5,000 broadcast letters, ten cries for help a minute,
one kill a minute. Nothing is lost, every cry has its alert, notices leave in time, copies are few
(P1, P3, P4, P7; F33)."""

from __future__ import annotations

import random
import threading
import time

import pytest
from sqlalchemy import select

from tests.fakes.bot_api import BotApi
from tests.faults import ledger, traffic
from tests.faults.conftest import BOTH, Keep
from tests.faults.figures import Figures
from tests.faults.kept import KeptRoom
from tests.faults.ledger import DANGER
from tests.faults.stories import Scene
from tests.journeys import live
from waiting_room import db, outbox
from waiting_room.care import conversations
from waiting_room.letters import Letter, Priority
from waiting_room.models import Address, Alert

pytestmark = pytest.mark.faults
PER_SECOND, BROADCAST_TO, AT_ONCE = 20, 7_160_000_000, 250
P50, P999, LONGEST = 1.0, 10.0, 20.0


def broadcast(room: KeptRoom, letters: int) -> None:
    """The same routine letter to so many people."""
    robot = room.api.bot(live.PATIENTS_TOKEN)
    letter = Letter("conversation/goodbye", priority=Priority.BROADCAST)
    for start in range(0, letters, AT_ONCE):
        with db.write() as session:
            for number in range(start, min(start + AT_ONCE, letters)):
                robot.chat(BROADCAST_TO + number, first_name="Sample")
                chat = str(BROADCAST_TO + number)
                address = conversations.address(session, "telegram", chat, now=room.now())
                outbox.say(session, address, letter, now=room.now())


def waits(room: KeptRoom) -> list[float]:
    """Seconds from each cry to its first notice and to the answer in the chat; the longest last."""
    book = room.api.bot(live.PATIENTS_TOKEN).ledger
    cried = {str(n["chat_id"]): n["time"] for n in book["issued"] if n["text"] == DANGER}
    ahead = time.time() - time.monotonic()
    with db.read() as session:
        found = select(Alert.reference, Address).join(Address, Address.id == Alert.address_id)
        chats = {ref: str(address.chat_id) for ref, address in session.execute(found)}
    first: dict[tuple[str, str], float] = {}
    for mail in room.mail.mails:
        ref = next((ref for ref in chats if ref in mail.text), "")
        first.setdefault(("mail", chats.get(ref, "")), mail.at + ahead)
    for sent in book["accepted"]:
        first.setdefault(("chat", str(sent["chat_id"])), sent["time"])
    return sorted(first[how, chat] - at for chat, at in cried.items() for how in ("mail", "chat"))


@pytest.mark.parametrize("database", BOTH)
def test_everything_at_once(keep: Keep, api: BotApi, figures: Figures, database: str) -> None:
    seconds, letters, every = figures.size(short=(8, 100, 1.0), long=(600, 5_000, 6.0))
    kill_after, dice = figures.size(short=4.0, long=60.0), random.Random(33)
    room, robot = keep(database), traffic.crowd(api)
    scene = Scene(room)
    cries = [int(scene.newcomer()[0]) for _ in range(int(seconds / every))]
    broadcast(room, letters)
    api.limits()
    room.start()
    over = threading.Event()

    def cry() -> None:
        for chat in cries:
            robot.chat(chat, first_name="Sample").says(DANGER)
            time.sleep(every * dice.uniform(0.5, 1.4))

    def kill() -> None:
        while not over.wait(kill_after * dice.uniform(0.6, 1.2)):
            room.kill()

    with traffic.beside(kill):
        with traffic.beside(cry), traffic.Writing(robot, PER_SECOND * seconds, per_second=20):
            pass
        over.set()
    sums = ledger.check(room, seconds=letters / 20 + 120, held=room.held)
    found = waits(room)
    p50, p999 = found[len(found) // 2], found[int(len(found) * 0.999) - 1]
    in_time = p50 <= P50 and p999 <= P999 and found[-1] <= LONGEST
    passed = in_time and room.deaths > 0 and sums.extra_crisis <= room.deaths
    told = f"p50 {p50:.1f} s (≤ 1), p99.9 {p999:.1f} s (≤ 10), longest {found[-1]:.1f} s (≤ 20)"
    kills = f"{seconds} s with {room.deaths} kills and {letters} broadcast letters"
    figures.note("F33", database=database, figure=f"{kills}: cries {told}; {sums}", passed=passed)
    assert room.deaths and sums.extra_crisis <= room.deaths
    assert p50 <= 5 * P50 and found[-1] <= 5 * LONGEST
