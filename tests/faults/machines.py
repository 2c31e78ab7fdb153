"""One room served from several machines: processes with folders and ports of their own that share
a PostgreSQL, the keys in it, and the master key."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from sqlalchemy import func, select

from tests import conftest, people
from tests.faults.nursery import Child, Nursery
from tests.journeys import live
from tests.journeys.live import LiveRoom
from waiting_room import db
from waiting_room.models import AlertEvent, Lease, Staff

PHONE = 7_300_000_001
T = TypeVar("T")


class Machine(LiveRoom):
    """One of the processes of a room. It may be killed; nobody starts it again."""

    process: Child | None  # type: ignore[assignment]
    nursery: Nursery
    roles: tuple[str, ...] = ()

    def start(self, verb: str = "serve") -> None:
        """Begin to serve; `is_up` says when it does."""
        only = [word for role in self.roles for word in ("--only", role)]
        self.process = self.nursery.start(self.env, self.log, verb, *only)

    @property
    def is_up(self) -> bool:
        """Whether it answers at its door."""
        return self._is_up()

    @property
    def said(self) -> str:
        """Its log."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


class Machines:
    """All of them, one clock for all."""

    def __init__(self, all_: Sequence[Machine]) -> None:
        self.all = list(all_)
        self.team: dict[str, Staff] = {}

    def furnish(self) -> None:
        """A team that is reached by mail and by Telegram, and the keys on every machine."""
        first = self.all[0]
        self.team = live.furnish(first, conftest.WEDNESDAY)
        with db.write() as session:
            for number, person in enumerate(self.team.values()):
                place = str(PHONE + number)
                known = session.get_one(Staff, person.id)
                people.channel(session, known, "staff_telegram", place, now=conftest.WEDNESDAY)
        for other in self.all[1:]:
            shutil.copy2(first.folder / conftest.KEY_FILE, other.folder / conftest.KEY_FILE)
        self.advance(timedelta())

    def start(self) -> None:
        """All at once, and wait until each answers."""
        for machine in self.all:
            machine.start()
        doors = [one for one in self.all if not one.roles or "web" in one.roles]
        self.wait(lambda: all(machine.is_up for machine in doors), seconds=40)

    def advance(self, by: timedelta) -> None:
        """Move the care time of every machine."""
        at = self.all[0].now() + by
        for machine in self.all:
            machine.set_clock(at)

    def holder(self, work: str) -> Machine | None:
        """Whose lease this is; None while nobody's who lives."""
        with db.read() as session:
            held = Lease.name.startswith(f"{work} "), Lease.until > func.clock_timestamp()
            owner = session.scalar(select(Lease.owner).where(*held)) or "::"
        pid = owner.split(":")[1]
        alive = [one for one in self.all if one.process and one.process.poll() is None]
        return next((one for one in alive if str(one.process.pid) == pid), None)  # type: ignore[union-attr]

    def wait(self, ask: Callable[[], T], *, seconds: float = 30) -> T:
        """Ask again and again until the answer is true."""
        until = time.monotonic() + seconds
        while not (found := ask()):
            if time.monotonic() > until:
                words = "\n".join(machine.said[-1500:] for machine in self.all)
                raise AssertionError(f"waited {seconds} s in vain: {words}")
            time.sleep(0.03)
        return found

    def took(self, ask: Callable[[], object], *, seconds: float = 60) -> float:
        """How many seconds until the answer is true."""
        since = time.monotonic()
        self.wait(ask, seconds=seconds)
        return time.monotonic() - since

    def stop(self) -> None:
        """SIGTERM to all that are left."""
        for machine in self.all:
            machine.stop()


def steps(cries: int) -> dict[str, int]:
    """How far each open alert climbed; waits for nobody."""
    with db.read() as session:
        count = select(AlertEvent.alert_id, func.count()).group_by(AlertEvent.alert_id)
        found = {row[0]: row[1] for row in session.execute(count)}
    return found if len(found) >= cries else {}


def machine(nursery: Nursery, folder: Path, *given: object, url: str) -> Machine:
    """A machine with a folder of its own, over this database."""
    folder.mkdir()
    made = Machine(folder, *given, database=url)  # type: ignore[arg-type]
    made.nursery, made.keys = nursery, url
    return made
