"""Wakes the loops of this process when there is something to do.

A bell is only ever a hint: every loop also looks by itself, so a ring that is missed costs time and
never a message.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable

ALL = INBOX, LETTERS, ALERTS = ("inbox", "letters", "alerts")

_listeners: dict[str, set[Callable[[], None]]] = defaultdict(set)
_lock = threading.Lock()


def ring(name: str) -> None:
    """Wake everybody who listens to this bell; callable from any thread."""
    with _lock:
        # A copy, because a listener may close itself while the others are woken.
        listeners = list(_listeners[name])
    for wake in listeners:
        wake()


class Listener:
    """One waiting loop. Create it inside the running event loop it belongs to."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        with _lock:
            for name in names:
                _listeners[name].add(self._wake)

    def _wake(self) -> None:
        # Its loop may have ended a moment ago: then nobody waits any more.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self, seconds: float) -> bool:
        """Sleep until the bell rings or so many seconds have passed; tells which."""
        try:
            # Not `wait_for`: until Python 3.12 it swallows a cancellation that meets the bell.
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True

    def close(self) -> None:
        """Stop listening."""
        with _lock:
            for name in self._names:
                _listeners[name].discard(self._wake)
