"""Trying a copy in a place of its own, and putting a room back from one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete

from waiting_room import beats, clock, crypto, db, keyring, library, migrations
from waiting_room.care import aftermath
from waiting_room.errors import Refused
from waiting_room.models import Base, Beat
from waiting_room.opening import CLOCK_FILE, GRAVES, only_server
from waiting_room.restoring import checks, unpacking
from waiting_room.restoring.unpacking import Copy
from waiting_room.settings import Settings

DATABASE = "waiting-room.db"
# Loops are missed after about a minute; a stopped room has taken its own down.
LIVELY = timedelta(seconds=80)


@dataclass
class Restored:
    """What a room that was put back holds, and what came of it."""

    rows: int
    health: checks.Health
    owed: aftermath.Owed = field(default_factory=lambda: aftermath.Owed(0, 0, 0))
    aside: str = ""


def verify(copy: Copy, settings: Settings) -> Restored:
    """Open the copy in a temporary place and look at all of it; the room itself is not touched."""
    with tempfile.TemporaryDirectory(prefix="waiting-room-") as place:
        graves, keys = Path(place, GRAVES), f"{db.SQLITE}{place}/keys.db"
        if (settings.data / GRAVES).exists():
            shutil.copy(settings.data / GRAVES, graves)
        unpacking.bring_keys(copy, settings.key_path, url=keys, graves=graves)
        with _in_use(keyring.try_at(keys, settings.key_path, graves=graves)):
            db.connect(f"{db.SQLITE}{place}/{DATABASE}")
            unpacking.check_whole(copy)
            rows = unpacking.fill(copy, now=clock.now())
            return Restored(rows, checks.examine())


def restore(
    copy: Copy, settings: Settings, *, replace: bool = False, moving: bool = False
) -> Restored:
    """Put the room back where the settings say it lives.

    `replace` lets it take the place of a room that is there. `moving` says that the room was
    stopped before the copy was made, so that nothing is lost and nothing need be held. Raises
    Refused while the room is served.
    """
    os.umask(0o077)
    settings.data.mkdir(parents=True, exist_ok=True)
    with _place(settings, replace=replace) as place:
        graves = settings.data / GRAVES
        unpacking.bring_keys(copy, settings.key_path, url=settings.keys_database, graves=graves)
        keys = keyring.open_at(settings.keys_database, settings.key_path, graves=graves)
        with _in_use(keys):
            if keys.sample:
                clock.follow(settings.data / CLOCK_FILE)
            unpacking.check_whole(copy)
            place.clear()
            db.connect(place.url)
            done = _filled(copy, moving=moving)
        place.take()
    done.aside = place.aside
    return done


def _filled(copy: Copy, *, moving: bool) -> Restored:
    now, owed = clock.now(), aftermath.Owed(0, 0, 0)
    rows = unpacking.fill(copy, now=now, moving=moving)
    with db.read() as session:
        library.follow(session)
    with db.write() as session:
        # Loops of processes that ended with the old room; the scheduler's tells how long we were
        # away.
        session.execute(delete(Beat).where(Beat.name != beats.SCHEDULER))
        if not moving:
            since = now - (clock.wall() - copy.made)
            owed = aftermath.settle(session, lost_since=since, now=now)
    return Restored(rows, checks.examine(), owed)


class _Sqlite:
    """A room on SQLite is built beside its place and moved in when it is whole."""

    def __init__(self, file: Path, folder: str) -> None:
        self._file, self._built = file, Path(folder, DATABASE)
        self.url, self.aside = f"{db.SQLITE}{self._built}", ""

    def clear(self) -> None:
        """Nothing to do before it is whole."""

    def take(self) -> None:
        """The built room takes its place; the one that was there lies beside it."""
        stamp = f"{clock.wall():%Y%m%dT%H%M%SZ}"
        for end in ("", "-wal", "-shm"):
            old = self._file.with_name(f"{self._file.name}{end}")
            if old.exists():
                aside = f"{self._file.stem}.replaced-{stamp}{self._file.suffix}{end}"
                self.aside = self.aside or str(old.with_name(aside))
                old.rename(old.with_name(aside))
        self._built.replace(self._file)
        crypto.sync_folder(self._file.parent)


class _Postgres:
    """A room on PostgreSQL is built where it is to stand."""

    aside = ""

    def __init__(self, url: str) -> None:
        self.url = url

    def clear(self) -> None:
        """Take down the tables of a room that was there; its keys stay."""
        database = db.connect(self.url)
        with db.refusals(), database.writing.begin() as connection:
            Base.metadata.drop_all(connection)
            connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")

    def take(self) -> None:
        """It stands there already."""


@contextmanager
def _place(settings: Settings, *, replace: bool) -> Iterator[_Sqlite | _Postgres]:
    """Where the room is to be built, with nobody serving there meanwhile."""
    if not settings.database.startswith(db.SQLITE):
        _check_free(settings.database, replace=replace)
        yield _Postgres(settings.database)
        return
    file = Path(settings.database.removeprefix(db.SQLITE))
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = tempfile.TemporaryDirectory(dir=file.parent, prefix="restoring-")
    with only_server(file.with_suffix(".serving")), beside as folder:
        if file.exists():
            _check_free(settings.database, replace=replace)
        yield _Sqlite(file, folder)


def _check_free(url: str, *, replace: bool) -> None:
    database = db.connect(url)
    try:
        if not migrations.is_founded():
            return
        if not replace:
            raise Refused("a room is kept there; --replace puts this copy in its place")
        with db.read() as session:
            known = beats.all_of(session)
        loops = [at for name, at in known.items() if name not in beats.OF_THE_ROOM]
        if (
            not database.is_sqlite
            and max(loops, default=clock.wall() - LIVELY) > clock.wall() - LIVELY
        ):
            raise Refused("this room is being served; stop it, and wait a minute if it was killed")
    finally:
        db.close()


@contextmanager
def _in_use(keys: keyring.Keyring) -> Iterator[None]:
    """The keys of this process; nothing of the room stays open afterwards."""
    keyring.use(keys)
    try:
        yield
    finally:
        db.close()
        keyring.close()
        clock.follow(None)
