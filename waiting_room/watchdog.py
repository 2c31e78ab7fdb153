"""Ends the process when a piece of work in it does not end: whoever supervises starts a whole one.

Watched is what holds the database: one that hangs there stops everybody who writes. The update it
hung on is tried again alone, and is a dead letter when it ends the process again and again.
"""

from __future__ import annotations

import contextlib
import faulthandler
import itertools
import logging
import os
import sys
import threading
from collections.abc import Iterator

log = logging.getLogger(__name__)
PATIENCE = 30
"""Seconds; nothing that is well takes a tenth of it."""
LOOK_EVERY = 1.0
HUNG = 70

_numbers = itertools.count()
_under_way: set[int] = set()


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """What happens in this block must end."""
    number = next(_numbers)
    _under_way.add(number)
    try:
        yield
    finally:
        _under_way.discard(number)


@contextlib.contextmanager
def watching() -> Iterator[None]:
    """Look for the length of this block."""
    ended = threading.Event()
    looking = threading.Thread(target=_look, args=(ended,), name="watchdog", daemon=True)
    looking.start()
    try:
        yield
    finally:
        ended.set()
        looking.join()
        faulthandler.cancel_dump_traceback_later()


def _look(ended: threading.Event) -> None:
    # Looks are counted, not seconds: a process that was stopped for a while did not hang.
    seen: dict[int, int] = {}
    _leave_an_alarm()
    while not ended.wait(LOOK_EVERY):
        _leave_an_alarm()
        seen = {number: seen.get(number, 0) + 1 for number in list(_under_way)}
        if max(seen.values(), default=0) * LOOK_EVERY >= PATIENCE:
            _end()


def _leave_an_alarm() -> None:
    # What never lets go of the interpreter stops this thread too; this alarm is outside of it.
    faulthandler.dump_traceback_later(2 * PATIENCE, exit=True, file=sys.__stderr__ or 2)


def _end() -> None:
    log.critical("a write has not ended for %s s: the process ends to start anew", PATIENCE)
    # Places in the code and no values: these could be a person's words.
    faulthandler.dump_traceback(sys.__stderr__ or 2)
    os._exit(HUNG)
