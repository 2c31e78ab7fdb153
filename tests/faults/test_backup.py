"""Copies taken while people write, a lost machine, an older copy put back (F27, F28)."""

from __future__ import annotations

import itertools
import json
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests import people
from tests.conftest import open_room, sqlite_url
from tests.fakes.bot_api import BotApi
from tests.fakes.bot_api.driver import Robot
from tests.fakes.smtp import MailServer
from tests.faults import traffic
from tests.faults.conftest import BOTH, Keep
from tests.faults.figures import Figures
from tests.faults.kept import KeptRoom
from tests.faults.test_erasure import still_known
from tests.journeys import live
from waiting_room import db, keyring, outbox
from waiting_room.backups import folder as folders
from waiting_room.backups import sealed_file
from waiting_room.care import aftermath, alerts, conversations, erasure
from waiting_room.care.colours import Colour
from waiting_room.errors import BadInput
from waiting_room.letters import Letter
from waiting_room.models import Alert, LetterRow, Message, Patient, Staff, StaffSession

pytestmark = pytest.mark.faults
PER_SECOND = 25
ALEX, BEA, DEE = 7_234_567_890, 7_234_567_891, 7_234_567_892
HIS = {"name": "Sample Zebedee", "phone": "+447700900457", "risks": "keeps a rusty harpoon"}
DAY = timedelta(days=1)


def run(room: KeptRoom, *words: str, code: int = 0) -> dict[str, Any]:
    """A command of the room as a process of its own, and what it answered as JSON."""
    answer = room.folder / "answer"
    answer.unlink(missing_ok=True)
    room.nursery.start(room.env, answer, *words, "--json").wait(60)
    said = answer.read_text()
    told = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    found = [each for each in told if "event" not in each]
    assert bool(found) == (code == 0), said
    return found[-1] if found else {"said": said}


@contextmanager
def people_write(robot: Robot) -> Iterator[None]:
    """They write for as long as the block takes."""
    done = threading.Event()

    def write() -> None:
        for second in itertools.count():
            start = second * PER_SECOND
            with traffic.Writing(robot, PER_SECOND, per_second=PER_SECOND, start=start):
                pass
            if done.is_set():
                return

    with traffic.beside(write):
        try:
            yield
        finally:
            done.set()


def place_for_copies(room: KeptRoom) -> Path:
    place = room.folder.with_name("copies")
    place.mkdir()
    return place


def messages() -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(Message)) or 0


def moved(room: KeptRoom, folder: Path, url: str) -> None:
    """Another machine: all it has is the key from the recovery sheet."""
    folder.mkdir()
    shutil.copy(room.folder / "master.key", folder)
    if (room.folder / "demo-clock").exists():
        shutil.copy(room.folder / "demo-clock", folder)
    room.folder, room.database = folder, url
    room.log = folder / "serve.log"


def lose(room: KeptRoom) -> None:
    """The machine ends, and nobody starts it again."""
    room.let_go()
    assert room.process is not None
    room.process.kill()
    room.process.wait(5)


def look_at(room: KeptRoom) -> None:
    """Connect this process to where the room lives now."""
    db.close()
    keyring.close()
    open_room(room.folder, room.database or sqlite_url(room.folder))


@pytest.fixture
def another(fresh_database: Callable[..., str], request: pytest.FixtureRequest) -> str:
    """An empty database of the same kind."""
    return fresh_database() if request.getfixturevalue("database") == "postgresql" else ""


@pytest.mark.parametrize("database", BOTH)
def test_each_copy_taken_under_load_passes_and_the_last_one_is_the_room(
    keep: Keep, api: BotApi, figures: Figures, database: str, another: str
) -> None:
    rounds = figures.size(short=2, long=20)
    room, robot = keep(database), traffic.crowd(api)
    place = place_for_copies(room)
    room.start()
    passed, longest, copied, before = 0, 0.0, {}, 0
    with people_write(robot):
        room.wait(lambda: messages() > 0)
        for _ in range(rounds):
            before, began = messages(), time.monotonic()
            copied = run(room, "backup", "--to", str(place))
            longest = max(longest, time.monotonic() - began)
            passed += run(room, "restore", copied["data"], "--verify")["ok"]
    lose(room)
    after = messages()
    moved(room, room.folder.with_name("elsewhere"), another)
    assert run(room, "restore", copied["data"])["ok"]
    look_at(room)
    kept = messages()
    figure = (
        f"{passed} of {rounds} copies taken at {PER_SECOND} messages/s passed restore --verify; a "
        f"copy took {longest:.1f} s at most, so a lost machine takes its interval (0.5 min and up, "
        f"60 min unless set) and that much"
    )
    is_whole = before <= kept <= after
    figures.note("F27", database=database, figure=figure, passed=passed == rounds and is_whole)
    assert passed == rounds
    # Everything stored before it was begun is in it.
    assert before <= kept <= after
    room.start()
    robot.crowd([(traffic.FIRST, "hello from the other side")])
    room.wait(lambda: messages() > kept)


@pytest.mark.parametrize("database", BOTH)
def test_a_kill_in_mid_copy_leaves_no_half_file(
    keep: Keep, figures: Figures, database: str
) -> None:
    kills, dice = figures.size(short=12, long=200), random.Random(20261125)
    room = keep(database)
    place = place_for_copies(room)
    whole = half = 0
    for _ in range(kills):
        copying = room.nursery.start(room.env, room.log, "backup", "--to", str(place))
        time.sleep(dice.uniform(0.05, 0.6))
        copying.kill()
        copying.wait(5)
    secret = keyring.current().backup_secret()[1]
    for file in folders.copies(place, folders.DATA):
        try:
            whole += bool(list(sealed_file.lines(file, secret)))
        except BadInput:
            half += 1
        assert any(keys.name[5:] >= file.name[5:] for keys in folders.copies(place, folders.KEYS))
    figure = f"{kills} kills in mid-copy: {half} half files; {whole} copies were done before"
    figures.note("F27", database=database, figure=figure, passed=half == 0)
    assert half == 0
    assert run(room, "restore", run(room, "backup", "--to", str(place))["data"], "--verify")["ok"]


class Yesterday:
    """Alex, who was erased since; Bea, whose alert was open; Dee, whose alert was closed."""

    def __init__(self, room: KeptRoom, api: BotApi, place: Path) -> None:
        self.room, self.place = room, place
        robot = api.bot(live.PATIENTS_TOKEN)
        self.ids: dict[int, str] = {}
        for number in (ALEX, BEA, DEE):
            robot.chat(number, first_name="Sample")
            facts = HIS if number == ALEX else {"name": f"Sample {number}"}
            with db.write() as session:
                known: dict[str, Any] = {"worker": room.team["worker"], **facts}
                made, _ = people.patient(session, now=room.now(), chat_id=str(number), **known)
                self.ids[number] = made.id
        self.settled = self.raise_for(DEE)
        self.close(self.settled)
        self.open = self.raise_for(BEA)
        self.queue()
        self.copy = run(room, "backup", "--to", str(place))["data"]

    def raise_for(self, number: int) -> str:
        cause = alerts.Cause(Colour.RED, "life", self.ids[number])
        with db.write() as session:
            return alerts.raise_(session, cause, now=self.room.now()).reference

    def close(self, reference: str) -> None:
        with db.write() as session:
            alert = session.scalars(select(Alert).where(Alert.reference == reference)).one()
            worker = session.get_one(Staff, self.room.team["worker"].id)
            alerts.close(session, alert, alerts.CLOSE_REASONS[0], by=worker, now=self.room.now())

    def queue(self) -> None:
        """A letter to each that has not left."""
        for number in (ALEX, BEA, DEE):
            with db.write() as session:
                address = conversations.address_known(session, "telegram", str(number))
                assert address is not None
                letter = Letter("conversation/goodbye")
                row = outbox.say(session, address, letter, now=self.room.now())
                row.due_at = self.room.now() + timedelta(hours=2)

    def and_then(self) -> None:
        """What is lost with the machine: Alex was erased, Bea's alert settled."""
        with db.write() as session:
            erasure.erase(session, self.ids[ALEX], by="test", now=self.room.now())
        with db.write() as session:
            erasure.finish(session, now=self.room.now())
        self.close(self.open)
        run(self.room, "backup", "--to", str(self.place))
        self.room.set_clock(self.room.now() + DAY)


@pytest.mark.parametrize("database", BOTH)
def test_a_copy_of_yesterday_brings_nobody_back_and_sends_nothing_old(
    keep: Keep,
    api: BotApi,
    mail: MailServer,
    figures: Figures,
    database: str,
    another: str,
) -> None:
    room = keep(database)
    story = Yesterday(room, api, place_for_copies(room))
    story.and_then()
    moved(room, room.folder.with_name("elsewhere"), another)
    told = run(room, "restore", story.copy)
    assert (told["held"], told["climbing"], told["troubles"]) == (2, 1, []), told
    look_at(room)
    began = room.now()
    room.start()
    room.wait(lambda: story.open in notices(mail))
    room.wait(lambda: has_climbed(story.open, began))

    patients = [call for call in api.bot(live.PATIENTS_TOKEN).calls("sendMessage")]
    back = still_known(HIS)
    settled = story.settled in notices(mail)
    figure = (
        f"a copy of the day before: {len(back)} erased people readable, {len(patients)} old "
        f"letters sent, {int(settled)} notices of settled alerts, {told['held']} letters held, "
        f"{told['climbing']} open alert climbs again"
    )
    passed = not back and not patients and not settled
    figures.note("F28", database=database, figure=figure, passed=passed)
    assert passed, figure
    with db.read() as session:
        assert session.get_one(Patient, story.ids[ALEX]).erased_at is not None
        assert not session.scalars(select(StaffSession)).all()
        lost = aftermath.lost_time(session)
        assert lost is not None and lost[0] < lost[1]
        held = session.scalars(select(LetterRow).where(LetterRow.why == aftermath.WHY)).all()
        assert {row.state for row in held if row.address_id} == {outbox.HELD}


def notices(mail: MailServer) -> str:
    return "\n".join(f"{each.subject} {each.text}" for each in mail.mails)


def has_climbed(reference: str, since: Any) -> bool:
    with db.read() as session:
        alert = session.scalars(select(Alert).where(Alert.reference == reference)).one()
        return any(event.at >= since for event in alerts.events(session, alert))
