"""Being forgotten holds against every copy made before (P22; F28, F31).

The copy of the data is opened with the keys the room has now, through the room's own models.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests import people
from tests.conftest import DATABASE, KEYS, ROOT, WEDNESDAY, close_room, found_room, open_room
from tests.fakes.bot_api import BotApi, Telephone
from tests.fakes.smtp import MailServer
from tests.journeys import live
from tests.journeys.live import LiveRoom
from tests.postgres import Postgres
from waiting_room import db, keyring
from waiting_room.care import alerts
from waiting_room.models import Alert, Base, Patient, Staff
from waiting_room.models.base import Sealed

pytestmark = pytest.mark.faults
ALEX, BEA = 7_234_567_890, 7_234_567_891
HIS = {
    "name": "Sample Zebedee",
    "reason": "mourns the lighthouse keeper",
    "phone": "+447700900457",
    "risks": "keeps a rusty harpoon",
}
WORDS, DANGER = "the heron took my slippers", "I want to kill myself under the copper beech"
HERS, HER_WORDS = {"name": "Sample Quillfeather", "phone": "+447700900458"}, "marzipan for tea"
Copy = Callable[[], str]


class Story:
    """Alex, who is to be forgotten, and Bea, who is not."""

    def __init__(self, room: LiveRoom) -> None:
        self.room = room
        self.team = live.furnish(room, WEDNESDAY)
        robot = room.api.bot(live.PATIENTS_TOKEN)
        self.alex, self.bea = robot.chat(ALEX), robot.chat(BEA)
        worker, self.patient_id = self.team["worker"], ""
        for number, facts in ((ALEX, HIS), (BEA, HERS)):
            with db.write() as session:
                who: dict[str, Any] = {"chat_id": str(number), "worker": worker, **facts}
                person, _ = people.patient(session, now=WEDNESDAY, **who)
            self.patient_id = self.patient_id or person.id

    def says(self, phone: Telephone, words: str) -> None:
        """Say this, and be answered."""
        phone.says(words)
        phone.wait_for(1, timeout=15)

    def erase(self) -> str:
        """`waiting-room erase`, while the room serves; gives the refusal, "" when it was done."""
        command = [sys.executable, "-m", "waiting_room.cli", "erase", self.patient_id, "--yes"]
        done = subprocess.run(command, env=self.room.env, cwd=ROOT, capture_output=True, text=True)
        return done.stderr if done.returncode else ""

    def close_alert(self) -> None:
        """A person took it, and it is over."""
        now = self.room.now()
        with db.write() as session:
            alert = session.scalars(select(Alert)).one()
            worker = session.get_one(Staff, self.team["worker"].id)
            alerts.acknowledge(session, alert, worker, now=now)
            alerts.record_outcome(session, alert, alerts.OUTCOMES[0], by=worker, now=now)
            alerts.close(session, alert, alerts.CLOSE_REASONS[0], by=worker, now=now)

    def reopen(self, url: str) -> None:
        """Look at this database, with the keys the room has now."""
        db.close()
        keyring.close()
        open_room(self.room.folder, url)


def readable() -> str:
    """Every sealed field of every row that can still be opened."""
    found = []
    with db.read() as session:
        for mapper in Base.registry.mappers:
            fields = [
                name for name, kind in vars(mapper.class_).items() if isinstance(kind, Sealed)
            ]
            rows = session.scalars(select(mapper.class_)).all() if fields else []
            found += [str(getattr(row, name)) for row in rows for name in fields]
    return "\n".join(found)


def still_known(values: dict[str, str], *words: str) -> list[str]:
    """Which of these can be read in the database that is open."""
    text = readable()
    return [value for value in (*values.values(), *words) if value in text]


def copy_of_sqlite(folder: Path) -> str:
    """A copy as a backup makes it, while the room serves."""
    with (
        closing(sqlite3.connect(folder / DATABASE)) as source,
        closing(sqlite3.connect(folder / "backup.db")) as target,
    ):
        source.backup(target)
    return f"sqlite:///{folder / 'backup.db'}"


def copy_keys(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


@pytest.fixture
def tell(tmp_path: Path, api: BotApi, mail: MailServer) -> Iterator[Callable[[str], Story]]:
    told: list[Story] = []

    def begin(url: str) -> Story:
        told.append(Story(LiveRoom(tmp_path, api, mail, database=url)))
        told[-1].room.start()
        return told[-1]

    yield begin
    for story in told:
        story.room.stop()
    close_room()


def erased_for_good(story: Story, url: str, copy: Copy) -> None:
    """From the first words to the life after."""
    story.says(story.bea, HER_WORDS)
    story.says(story.alex, WORDS)
    story.says(story.alex, DANGER)
    assert "alert" in story.erase()
    story.close_alert()
    assert len(still_known(HIS, WORDS, DANGER)) == 6
    backup = copy()
    copy_keys(story.room.folder / KEYS, story.room.folder / "keys-before.db")

    assert story.erase() == ""
    assert still_known(HIS, WORDS, DANGER) == []
    assert still_known(HERS, HER_WORDS) == [*HERS.values(), HER_WORDS]
    story.reopen(backup)
    with db.read() as session:
        assert session.get_one(Patient, story.patient_id).name_sealed, "the copy is from before"
    assert still_known(HIS, WORDS, DANGER) == []
    assert still_known(HERS, HER_WORDS) == [*HERS.values(), HER_WORDS]
    story.reopen(url)
    comes_back_as_a_stranger(story)


def comes_back_as_a_stranger(story: Story) -> None:
    """Nobody knows them, and help is there all the same."""
    story.alex.says("hello again")
    assert "Zebedee" not in story.alex.wait_for(1).text
    story.alex.says(DANGER)
    story.alex.wait_for("116 123")
    story.room.wait(lambda: DANGER in readable())
    address = live.address_of(ALEX)
    assert address.patient_id is None


def test_erased_on_sqlite_and_an_older_copy_of_the_keys_brings_nobody_back(
    demo_room: Path, tmp_path: Path, tell: Callable[[str], Story]
) -> None:
    live.copy_founded(demo_room, tmp_path)
    url = f"sqlite:///{tmp_path / DATABASE}"
    story = tell(url)
    erased_for_good(story, url, lambda: copy_of_sqlite(tmp_path))

    story.room.stop()
    keyring.close()
    for end in ("-wal", "-shm"):
        (tmp_path / f"{KEYS}{end}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "keys-before.db", tmp_path / KEYS)
    story.room.start()
    story.reopen(f"sqlite:///{tmp_path / 'backup.db'}")
    assert still_known(HIS, WORDS, DANGER) == []
    assert still_known(HERS, HER_WORDS) == [*HERS.values(), HER_WORDS]
    # The key of the chat Alex came back with is not in the older copy: a new one is made.
    story.reopen(url)
    comes_back_as_a_stranger(story)


@pytest.mark.postgres
def test_erased_on_postgresql(
    tmp_path: Path,
    postgres: Postgres,
    fresh_database: Callable[..., str],
    tell: Callable[[str], Story],
) -> None:
    url = fresh_database()
    found_room(tmp_path, url, sample=True)
    story = tell(url)

    def copy() -> str:
        # PostgreSQL copies a database nobody is using.
        story.room.stop()
        db.close()
        made = fresh_database(url)
        db.connect(url)
        story.room.start()
        return made

    erased_for_good(story, url, copy)
