"""Bells that other processes ring, heard here: PostgreSQL carries them over, with what is stored.

As every bell only a hint: while nothing is carried, loops look by themselves.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import text

from waiting_room import bell, db, process
from waiting_room.errors import StorageRefused

log = logging.getLogger(__name__)

LISTEN = text(f"LISTEN {db.CHANNEL}")
ALIVE = text("SELECT 1")
# Told to stop it ends within this, and a line that was cut is noticed.
LOOK_EVERY = 1.0
ASK_AFTER = 10


async def run(stop: asyncio.Event) -> None:
    """Ring here what others rang, until told to stop. A line that broke is laid anew."""
    # A thread of its own: it waits for other processes and not for anything here.
    with ThreadPoolExecutor(1, thread_name_prefix="bells") as ear:
        await asyncio.get_running_loop().run_in_executor(ear, _listen, stop.is_set)


def _listen(told: Callable[[], bool]) -> None:
    database = db.current()
    driver: Any = database.writing.dialect.loaded_dbapi
    while not told():
        try:
            with db.refusals():
                _hear(database, told)
        except (StorageRefused, driver.Error) as trouble:
            log.warning("bells of other processes are not heard: %s", type(trouble).__name__)
            threading.Event().wait(LOOK_EVERY)


def _hear(database: db.Database, told: Callable[[], bool]) -> None:
    with database.writing.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        line: Any = connection.connection.driver_connection
        # It is held for as long as we live: the pool may open another in its place.
        connection.detach()
        connection.execute(LISTEN)
        # What was rung before this line stood was heard by nobody.
        for name in bell.ALL:
            bell.ring(name)
        quiet = 0
        while not told():
            quiet += 1
            for note in line.notifies(timeout=LOOK_EVERY):
                quiet = 0
                _pass_on(note.payload)
            if quiet == ASK_AFTER:
                connection.execute(ALIVE)
                quiet = 0


def _pass_on(words: str) -> None:
    owner, _, name = words.partition(" ")
    if owner != process.OWNER:
        bell.ring(name)
