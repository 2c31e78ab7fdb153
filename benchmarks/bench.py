"""What every figure is handed: how much to measure, rooms full of people, a PostgreSQL, peers."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

import psycopg

from benchmarks.processes import ROOT, clean_env
from tests.postgres import INSTALLED, Postgres

SEEDS = Path("var/bench/seed")
PEERS = Path("var/bench/peers/bin/python")
# Changes with the shape of a seed, so that an old one is not taken for a new one.
SHAPE = 5


@dataclass(frozen=True)
class Room:
    """A room of its own to be measured: its folder and its database, if that is not in there."""

    folder: Path
    database: str = ""

    @property
    def env(self) -> dict[str, str]:
        """The settings that open it."""
        more = {"WAITING_ROOM_DATABASE_URL": self.database} if self.database else {}
        return clean_env(WAITING_ROOM_DATA=str(self.folder), WAITING_ROOM_LOG_LEVEL="ERROR", **more)


@dataclass
class Bench:
    """One run of the benchmarks."""

    full: bool = False
    rounds: int = 3
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="room-bench-")))
    _numbers: int = 0
    _templates: dict[str, Room] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if "postgres" in vars(self) and self.postgres is not None:
            self.postgres.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @cached_property
    def postgres(self) -> Postgres | None:
        """A PostgreSQL of our own, started by whoever needs it first."""
        return Postgres() if INSTALLED else None

    @cached_property
    def postgres_version(self) -> str:
        """The version of that PostgreSQL; "" when there is none."""
        if self.postgres is None:
            return ""
        with psycopg.connect(self.postgres.url().replace("+psycopg", "")) as connection:
            return str(connection.info.parameter_status("server_version"))

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many patients the rooms have that are compared with one another."""
        return (1_000, 10_000, 100_000, 1_000_000) if self.full else (1_000, 10_000)

    @property
    def has_peers(self) -> bool:
        """Whether the peers' libraries are installed."""
        return PEERS.exists()

    def file(self, name: str) -> Path:
        """A fresh path in the folder of this run."""
        self._numbers += 1
        return self.folder / f"{self._numbers}-{name}"

    def seed(self, patients: int, *, past: tuple[int, int, int] = (10, 5, 4)) -> Room:
        """The kept room with so many patients. `past`: messages, letters and answers of each."""
        name = "-".join(map(str, (SHAPE, patients, *past)))
        room = Room(SEEDS.absolute() / name)
        if not (room.folder / "ready").exists():
            shutil.rmtree(room.folder, ignore_errors=True)
            self._make(room, patients, past)
        return room

    def room(self, patients: int, *, past: tuple[int, int, int] = (10, 5, 4)) -> Room:
        """A room on SQLite that may be spoilt."""
        room = Room(self.file("room"))
        shutil.copytree(self.seed(patients, past=past).folder, room.folder)
        return room

    def postgres_room(self, patients: int) -> Room:
        """The same on PostgreSQL: data and keys in a database of its own."""
        assert self.postgres is not None
        if str(patients) not in self._templates:
            template = Room(self.file("template"), self.postgres.create())
            self._make(template, patients, (10, 5, 4))
            self._templates[str(patients)] = template
        template = self._templates[str(patients)]
        room = Room(self.file("room"), self.postgres.create(like=template.database))
        shutil.copytree(template.folder, room.folder)
        return room

    def drop(self, room: Room) -> None:
        """A room that was spoilt goes; the disk may be small."""
        shutil.rmtree(room.folder, ignore_errors=True)
        if room.database and self.postgres is not None:
            self.postgres.drop(room.database)

    def _make(self, room: Room, patients: int, past: tuple[int, int, int]) -> None:
        print(f"  (making a room of {patients:,} patients)", flush=True)
        room.folder.mkdir(parents=True)
        command = [sys.executable, "-m", "benchmarks.seeds.make", str(patients), *map(str, past)]
        subprocess.run(command, cwd=ROOT, env=room.env, check=True)
        (room.folder / "ready").touch()
