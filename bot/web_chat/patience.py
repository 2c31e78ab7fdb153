"""How long a browser waits for storage: somebody in danger is not left looking at an empty page."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from waiting_room.errors import StorageRefused

SECONDS = 2.0
# As many as the web server has threads: more could not come in, fewer would make people wait.
AT_ONCE = 40
T = TypeVar("T")
_hands = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="heard")


def in_time(act: Callable[[], T]) -> T:
    """Do it in a thread of its own. Raises StorageRefused when it takes too long; it may still take
    effect afterwards, so the same form sent again must be the same message."""
    try:
        return _hands.submit(act).result(SECONDS)
    except TimeoutError:
        raise StorageRefused("storage lets people wait") from None
