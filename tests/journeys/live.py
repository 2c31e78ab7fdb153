"""A whole room as its own process, with a Telegram, a mail server and a clock to turn.

The process runs as an administrator would start it. The test speaks to it only through its doors:
Telegram (a fake that keeps Telegram's rules), the web, mail, and commands.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from tests import conftest, people
from tests.fakes.bot_api import BotApi
from tests.fakes.smtp import MailServer
from waiting_room import db
from waiting_room.care import conversations, providers, staff_links
from waiting_room.models import Staff

PATIENTS_TOKEN = "7000000001:AAsamplePatientsTokenForTests00"
STAFF_TOKEN = "7000000002:AAsampleStaffTokenForTestsOnly0"
START_SECONDS = 20
T = TypeVar("T")


def free_port() -> int:
    """A port nobody uses just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class LiveRoom:
    """One room, served by a process of its own."""

    def __init__(self, folder: Path, api: BotApi, mail: MailServer, *, database: str = "") -> None:
        self.folder, self.api, self.mail = folder, api, mail
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = database
        self.keys = f"sqlite:///{folder}/keys.db"
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "serve.log"
        self.extra: dict[str, str] = {}
        api.bot(PATIENTS_TOKEN)
        api.bot(STAFF_TOKEN)

    @property
    def env(self) -> dict[str, str]:
        """What an administrator would set."""
        ours = {
            "WAITING_ROOM_ENV": "demo",
            "WAITING_ROOM_DATA": str(self.folder),
            "WAITING_ROOM_DATABASE_URL": self.database,
            "WAITING_ROOM_KEYS_URL": self.keys,
            "WAITING_ROOM_TELEGRAM_TOKEN": PATIENTS_TOKEN,
            "WAITING_ROOM_STAFF_TELEGRAM_TOKEN": STAFF_TOKEN,
            "WAITING_ROOM_TELEGRAM_API": self.api.url,
            "WAITING_ROOM_SMTP_URL": self.mail.url,
            "WAITING_ROOM_LOG_LEVEL": "DEBUG",
            "PORT": str(self.port),
        }
        kept = {k: v for k, v in os.environ.items() if not k.startswith("WAITING_ROOM_")}
        return kept | ours | self.extra

    def start(self, verb: str = "serve") -> None:
        """Serve (or run the demo), and wait until the room says that it is ready."""
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "waiting_room.cli", verb]
            self.process = subprocess.Popen(
                command, env=self.env, stdout=log, stderr=log, cwd=conftest.ROOT
            )
        self.wait(self._is_up, seconds=START_SECONDS)

    def stop(self) -> None:
        """SIGTERM, as a supervisor does."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(12)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(5)

    def command(self, *words: str) -> Any:
        """Run a command of the room and read its JSON."""
        command = [sys.executable, "-m", "waiting_room.cli", *words, "--json"]
        done = subprocess.run(
            command, env=self.env, cwd=conftest.ROOT, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def jump(self, **by: float) -> None:
        """Turn care time ahead, hour by hour for whole hours, for every process of the room."""
        hours = int(timedelta(**by).total_seconds() // 3600)
        if hours:
            self.command("clock", "--jump", f"{hours}h")
        rest = timedelta(**by) - timedelta(hours=hours)
        if rest:
            self.set_clock(self.now() + rest)

    def now(self) -> datetime:
        """Care time of the room."""
        file = self.folder / "demo-clock"
        ahead = float(file.read_text()) if file.exists() else 0.0
        return datetime.now(UTC) + timedelta(seconds=ahead)

    def set_clock(self, at: datetime) -> None:
        """Set care time."""
        ahead = (at - datetime.now(UTC)).total_seconds()
        (self.folder / "demo-clock").write_text(str(ahead))

    def wait(self, ask: Callable[[], T], *, seconds: float = 10) -> T:
        """Ask again and again until the answer is true; fails after so many seconds."""
        until = time.monotonic() + seconds
        while True:
            found = ask()
            if found:
                return found
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the room ended: {self.log.read_text()[-2000:]}")
            if time.monotonic() > until:
                raise AssertionError(f"waited {seconds} s in vain: {self.log.read_text()[-2000:]}")
            time.sleep(0.05)

    def _is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health/live", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False


def furnish(room: LiveRoom, at: datetime) -> dict[str, Staff]:
    """Set the clock, set up the provider and a team whose channels are proved."""
    room.set_clock(at)
    database = room.database or conftest.sqlite_url(room.folder)
    conftest.open_room(room.folder, database, keys=room.keys)
    with db.write() as session:
        wanted = providers.SetUp(
            "Sample Street Charity", "hello@example.org", "0113 496 0100", "We keep little."
        )
        providers.set_up(session, wanted, by="test", now=at)
        team = people.team(session, now=at)
    return team


def link_staff(room: LiveRoom, person: Staff, number: int) -> Any:
    """Let a staff member link their Telegram account, as the desk does; gives their chat."""
    with db.write() as session:
        known = session.get_one(Staff, person.id)
        code = staff_links.issue_code(session, known, now=room.now())
    chat = room.api.bot(STAFF_TOKEN).chat(number, first_name="Sample")
    chat.says(f"/start {code}")
    chat.wait_for(lambda sent: True)
    return chat


def address_of(chat_number: int) -> Any:
    """The patient's address as the room knows it."""
    with db.read() as session:
        return conversations.address_known(session, "telegram", str(chat_number))


def copy_founded(founded: Path, folder: Path) -> None:
    """Put a founded room into a folder."""
    shutil.copytree(founded, folder, dirs_exist_ok=True)
