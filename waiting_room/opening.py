"""Open a room: keys, database, tables and words, ready for use; refused in one line when it cannot.

Commands open it beside a process that serves; the order of the steps below is what keeps a first
start, a lost key and a second server apart.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from waiting_room import beats, clock, db, keyring, library, logs, migrations
from waiting_room.care import providers, rule_files
from waiting_room.errors import StartRefused, StorageRefused
from waiting_room.library import stamps
from waiting_room.settings import Settings

CLOCK_FILE, GRAVES = "demo-clock", "destroyed-keys.txt"
GOOD_RULES = "good-danger-words"


@contextlib.contextmanager
def opened(settings: Settings, *, serving: bool = False) -> Iterator[None]:
    """Keys, database, tables and words, ready for use; let go of afterwards.

    Raises StartRefused with one line for an administrator.
    """
    logs.set_up(level=settings.log_level, secrets=settings.secrets)
    with contextlib.ExitStack() as stack:
        try:
            _open(settings, stack, serving=serving)
        except StorageRefused as refusal:
            raise StartRefused(f"the database does not answer: {refusal}") from refusal
        except OSError as trouble:
            # Without a file it is the machine itself: no randomness, no memory.
            words = f"{trouble.filename}: {trouble.strerror}" if trouble.filename else str(trouble)
            raise StartRefused(words) from trouble
        yield


def _open(settings: Settings, stack: contextlib.ExitStack, *, serving: bool) -> None:
    # Whatever is made from here on (database, keys, logs) is for this account's eyes alone.
    os.umask(0o077)
    settings.data.mkdir(parents=True, exist_ok=True)
    database = db.connect(settings.database)
    stack.callback(_close)
    if serving and database.is_sqlite:
        stack.enter_context(only_server(database.file.with_suffix(".serving")))
    # Keys before tables: once there are tables, a first start looks like a room that lost its keys.
    keys = _keys(settings)
    if keys.sample:
        clock.follow(settings.data / CLOCK_FILE)
    migrations.upgrade()
    with db.read() as session:
        library.follow(session)
    # A command beside a serving room leaves the folder to the one process that watches it.
    if serving or keys.sample or not library.languages():
        _furnish(settings)
    if serving and settings.env == "production":
        _check_production()


def _keys(settings: Settings) -> keyring.Keyring:
    keys = keyring.open_at(
        settings.keys_database,
        settings.key_path,
        sample=settings.env == "demo",
        founded=migrations.is_founded(),
        graves=settings.data / GRAVES,
    )
    keyring.use(keys)
    if settings.env == "demo" and not keys.sample:
        raise StartRefused("WAITING_ROOM_DATA: a real room is kept there; the demo needs its own")
    return keys


def _furnish(settings: Settings) -> None:
    """Words on the shelf, danger rules in memory, a provider's row to stand on."""
    now, folder = clock.now(), settings.content_folder
    rules = folder / "danger-words"
    # Taken first: what is edited while we read is read again.
    seen, watched = stamps.stamp(folder), stamps.stamp(rules)
    # Read before the transaction: a folder takes longer than the lock should be held.
    shelf = library.read(folder, today=now.date())
    with db.write(alone="words") as session:
        library.publish(session, shelf, now=now)
        providers.found(session, now=now)
    with db.read() as session:
        library.follow(session)
    if not library.languages():
        raise StartRefused(f"WAITING_ROOM_CONTENT: no page in {folder} can be shown")
    rule_files.begin(rules, settings.data / GOOD_RULES)
    stamps.note(folder, seen)
    stamps.note(rules, watched)


def _check_production() -> None:
    with db.read() as session:
        provider = providers.here(session)
        if keyring.current().sample or provider.is_sample:
            raise StartRefused("production refuses sample data and its key: start an empty room")
        missing = library.unconfirmed(session)
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise StartRefused(
            f"nobody has confirmed {missing[0]}{more}: run `waiting-room content confirm`"
        )


@contextlib.contextmanager
def only_server(file: Path) -> Iterator[None]:
    """Nobody else serves this SQLite database meanwhile; raises StartRefused when somebody does."""
    with file.open("w") as handle:
        try:
            # The lock ends with the process, however that ends: a kill leaves nothing to clean up.
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartRefused(
                "this room is being served already; SQLite has one serving process"
            ) from None
        yield


def _close() -> None:
    db.close()
    keyring.close()
    clock.follow(None)
    beats.forget()
