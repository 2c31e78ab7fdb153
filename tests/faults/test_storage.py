"""Storage refuses: whoever is in danger is told so and where help is; then nothing is lost.

P13 of the promises, F8, F9 and F20 of the faults.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import httpx2
import psycopg
import pytest
from sqlalchemy import select

from tests import people
from tests.bot.web_chat.site import Visitor
from tests.conftest import DATABASE, KEYS, WEDNESDAY, close_room, found_room
from tests.fakes.bot_api import BotApi, Telephone
from tests.fakes.smtp import MailServer
from tests.faults.figures import Figures
from tests.journeys import live
from tests.journeys.live import LiveRoom
from tests.postgres import Postgres
from waiting_room import crypto, db
from waiting_room.errors import StorageRefused
from waiting_room.models import Alert, Message, Patient, Staff
from waiting_room.models.address import WEB_CHAT

pytestmark = pytest.mark.faults
ALEX, BEA = 7_234_567_890, 7_234_567_891
DANGER = "I want to kill myself"
EVERYDAY = "The garden was lovely today"
LINES = "We could not pass this on"
ANSWER_WITHIN, BACK_WITHIN = 3, 30
"""Seconds; the first may take five times as long on a busy machine."""
WEBHOOK = {"WAITING_ROOM_TELEGRAM_MODE": "webhook", "WAITING_ROOM_TELEGRAM_SECRET": "for-tests"}
Trouble = Callable[[], AbstractContextManager[None]]


@dataclass
class Scene:
    """A room being served, a patient on a phone and one in a browser."""

    room: LiveRoom
    alex: Telephone
    bea: Telephone
    cleo: Visitor


@pytest.fixture
def serve(tmp_path: Path, api: BotApi, mail: MailServer) -> Iterator[Callable[..., Scene]]:
    """Serve a room in this folder, on this database, with these further settings."""
    with ExitStack() as stack:

        def serve(folder: Path, *, database: str = "", webhook: bool = False) -> Scene:
            room = LiveRoom(folder, api, mail, database=database)
            room.log = tmp_path / "serve.log"
            if webhook:
                room.extra = WEBHOOK | {"WAITING_ROOM_PUBLIC_URL": room.url}
                api.tune(haste=0.1)
            team = live.furnish(room, WEDNESDAY)
            stack.callback(close_room)
            scene = moved_in(room, team["worker"])
            stack.callback(room.stop)
            room.start()
            room.wait(lambda: is_ready(room))
            return scene

        yield serve


def moved_in(room: LiveRoom, worker: Staff) -> Scene:
    """Alex has a phone, Cleo a browser; both are patients. Bea is nobody we know."""
    robot, token = room.api.bot(live.PATIENTS_TOKEN), crypto.new_token()
    for number, place in enumerate((("telegram", str(ALEX)), (WEB_CHAT, token))):
        who = {"name": f"Sample Person {number}", "phone": f"+4477009001{number:02}"}
        with db.write() as session:
            joined = {"channel": place[0], "chat_id": place[1], "worker": worker}
            people.patient(session, now=WEDNESDAY, **joined, **who)  # type: ignore[arg-type]
    web = httpx2.Client(base_url=room.url, follow_redirects=True, timeout=60)
    web.cookies.set("chat", token)
    alex, bea = (robot.chat(number, first_name="Sample") for number in (ALEX, BEA))
    return Scene(room, alex, bea, Visitor(web))  # type: ignore[arg-type]


def is_ready(room: LiveRoom) -> bool:
    with suppress(OSError), urlopen(f"{room.url}/health/ready", timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def stored(words: str) -> list[str]:
    """Who is known to have written this."""
    with db.read() as session:
        return [m.address_id for m in session.scalars(select(Message)) if m.text == words]


def refuses_a_write() -> None:
    """The database itself takes nothing: shown before anybody writes."""
    with pytest.raises(StorageRefused), db.write() as session:
        session.scalars(select(Patient)).first().area = "LS9"  # type: ignore[union-attr]


def tell_the_story(scene: Scene, trouble: Trouble) -> str:
    """Three people write while storage refuses; then it is back. Returns what was measured."""
    scene.cleo.get("/chat")
    with trouble():
        begun = time.monotonic()
        scene.alex.says(EVERYDAY)
        scene.alex.says(DANGER)
        scene.bea.says(DANGER)
        for phone in (scene.alex, scene.bea):
            said = phone.wait_for(LINES, timeout=5 * ANSWER_WITHIN, ever=True).text
            assert "999" in said and "116 123" in said
        asked = time.monotonic()
        slowest = asked - begun
        page = scene.cleo.say(DANGER)
        assert time.monotonic() - asked < 5 * ANSWER_WITHIN
        assert scene.cleo.status == 503
        assert LINES in page and "116 123" in page and f"{DANGER}</textarea>" in page
    back = everything_flows(scene)
    return (
        f"3 of 3 given the help lines, the slowest after {slowest:.1f} s (≤ {ANSWER_WITHIN} s); "
        f"0 of 4 messages lost or doubled, ready {back:.1f} s after (≤ {BACK_WITHIN} s)"
    )


def everything_flows(scene: Scene) -> float:
    """By itself, soon, once, and whole; after how many seconds it was ready."""
    back = time.monotonic()
    room = scene.room
    room.wait(lambda: len(stored(DANGER)) >= 2 and stored(EVERYDAY), seconds=BACK_WITHIN)
    scene.cleo.say(DANGER)
    assert scene.cleo.status == 200
    room.wait(lambda: is_ready(room), seconds=BACK_WITHIN - (time.monotonic() - back))
    took = time.monotonic() - back
    assert len(set(stored(DANGER))) == len(stored(DANGER)) == 3
    assert len(stored(EVERYDAY)) == 1
    with db.read() as session:
        colours = sorted(session.scalars(select(Alert.colour)))
    assert colours == ["amber", "red", "red"]
    room.mail.wait_for(lambda m: "RED" in m.text)
    scene.alex.wait_for(lambda sent: LINES not in sent.text and "999" in sent.text, ever=True)
    told = [sent for sent in scene.alex.messages if LINES in sent.text]
    assert len(told) == 1
    return took


def is_whole(*files: Path) -> bool:
    found = []
    for file in files:
        with closing(sqlite3.connect(file)) as connection:
            found += connection.execute("PRAGMA integrity_check").fetchall()
    return found == [("ok",)] * len(files)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB with nothing else on it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk to fill")
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this machine does not let root mount a tmpfs")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Not one more byte fits on the disk."""
    for file in (DATABASE, KEYS):
        # What SQLite's log has room for already would not need the disk.
        with closing(sqlite3.connect(folder / file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as out, suppress(OSError):
        while out.write(b"\0" * 4096):
            pass
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another program holds the database."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA busy_timeout=5000")
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def stopped(postgres: Postgres, mode: str) -> Iterator[None]:
    """The server is down, as after a crash of its own."""
    postgres.halt(mode)
    try:
        yield
    finally:
        postgres.resume()


def test_full_disk(
    small_disk: Path, demo_room: Path, serve: Callable[..., Scene], figures: Figures
) -> None:
    live.copy_founded(demo_room, small_disk)
    scene = serve(small_disk)

    @contextmanager
    def trouble() -> Iterator[None]:
        with full(small_disk):
            refuses_a_write()
            yield

    figure = "disk full: " + tell_the_story(scene, trouble)
    scene.room.stop()
    whole = is_whole(small_disk / DATABASE, small_disk / KEYS)
    figures.note("F8", database="sqlite", figure=f"{figure}; integrity ok", passed=whole)
    assert whole


def test_locked_by_another_program(
    tmp_path: Path, demo_room: Path, serve: Callable[..., Scene], figures: Figures
) -> None:
    live.copy_founded(demo_room, tmp_path)
    scene, held = serve(tmp_path), figures.size(short=0, long=60)

    @contextmanager
    def trouble() -> Iterator[None]:
        with locked(tmp_path / DATABASE):
            begun = time.monotonic()
            yield
            scene.room.wait(lambda: time.monotonic() > begun + held, seconds=held + 10)
            # Until then writers only wait; now they are sent away.
            scene.room.wait(lambda: "database is locked" in scene.room.log.read_text())

    figure = f"locked by another program for {held or 'some'} s: " + tell_the_story(scene, trouble)
    scene.room.stop()
    whole = is_whole(tmp_path / DATABASE, tmp_path / KEYS)
    figures.note("F9", database="sqlite", figure=figure, passed=whole)
    assert whole


@pytest.mark.postgres
@pytest.mark.parametrize(("mode", "webhook"), [("fast", False), ("immediate", True)])
def test_postgresql_is_down(
    tmp_path: Path,
    postgres: Postgres,
    fresh_database: Callable[..., str],
    serve: Callable[..., Scene],
    figures: Figures,
    mode: str,
    webhook: bool,
) -> None:
    url = fresh_database()
    found_room(tmp_path, url, sample=True)
    scene = serve(tmp_path, database=url, webhook=webhook)

    @contextmanager
    def trouble() -> Iterator[None]:
        with stopped(postgres, mode):
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(url.replace("+psycopg", ""), connect_timeout=2)
            yield

    figure = f"server stopped ({mode}): " + tell_the_story(scene, trouble)
    figures.note("F9", database="postgresql", figure=figure, passed=True)


@pytest.mark.postgres
def test_postgresql_takes_no_writes(
    tmp_path: Path,
    postgres: Postgres,
    fresh_database: Callable[..., str],
    serve: Callable[..., Scene],
    figures: Figures,
) -> None:
    url = fresh_database()
    found_room(tmp_path, url, sample=True)
    scene = serve(tmp_path, database=url)

    @contextmanager
    def trouble() -> Iterator[None]:
        with postgres.read_only(url):
            refuses_a_write()
            yield

    figure = "server read-only, as a standby: " + tell_the_story(scene, trouble)
    figures.note("F9", database="postgresql", figure=figure, passed=True)
