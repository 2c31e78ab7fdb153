"""The tick that follows the words: from the folder to the room, and from the desk to the folder."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import cache
from pathlib import Path

from waiting_room import db, keyring, leases, library
from waiting_room.care import rule_files
from waiting_room.library import folder as files
from waiting_room.library import stamps, versions

log = logging.getLogger(__name__)
# Seconds after which another process imports the folder; the tick comes every five.
IMPORTS_FOR = 20.0


class Words:
    """Follows the folder editors change, and the set that is live in the database; writes into the
    folder what the desk changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rules = folder / "danger-words"
        self._seen, self._watched = stamps.noted(folder), stamps.noted(self._rules)
        self._told = ""

    def follow(self, now: datetime) -> int:
        """Publish what changed in the folder; show what is live. 1 when this process changed."""
        stamp = stamps.stamp(self._folder)
        # Each process watches by the danger words of its own folder; one of them imports pages. The
        # others published their folder when they started, and take over only what changed since.
        if not leases.ours("content", seconds=IMPORTS_FOR):
            self._seen = self._seen or stamp
        elif stamp != self._seen:
            # Outside the transaction: reading a folder takes longer than a message may wait for the
            # lock.
            shelf = library.read(self._folder, today=now.date())
            with db.write(alone="words") as session:
                library.publish(session, shelf, now=now)
            # Last, so that whatever broke on the way is tried again five seconds later.
            self._seen = stamp
        else:
            self._write_back(now)
        rules = stamps.stamp(self._rules)
        if rules != self._watched:
            rule_files.follow(self._rules)
            self._watched = rules
        with db.read() as session:
            return int(library.follow(session))

    def _write_back(self, now: datetime) -> None:
        """What the desk changed goes into the folder. Only while nothing new lies there: that is
        read first."""
        # A demo plays with the words; the folder it reads may be somebody's checkout.
        if keyring.current().sample:
            return
        with db.read() as session:
            rows = versions.to_export(session)
            texts = {row.name: versions.words(session, row.digest) for row in rows}
        try:
            for name, text in texts.items():
                files.write(self._folder, name, text)
        except OSError as problem:
            self._tell_once(f"the content folder cannot be written: {problem.strerror}")
            return
        self._told = ""
        if rows:
            with db.write(alone="words") as session:
                versions.exported(session, rows, now=now)

    def _tell_once(self, words: str) -> None:
        # Asked every five seconds, and the desk shows it too.
        if words != self._told:
            log.warning("%s; edits of the desk are live, and kept in the database", words)
        self._told = words


@cache
def following(folder: Path) -> Words:
    """The follower of this folder; one a process, because it remembers what it saw."""
    return Words(folder)
