"""How long the danger rules take for one message."""

from __future__ import annotations

import time
from pathlib import Path

from waiting_room import settings
from waiting_room.care import danger

USUAL = "I slept badly again and the letter from the council worries me. Can we talk on Tuesday?"
WORST = ("i want to not be here any more but not " * 120)[:4096]
TIMES = 300


def usual(_folder: Path) -> float:
    """Microseconds for a message of usual length."""
    return _seconds(USUAL, TIMES) * 1_000_000


def worst(_folder: Path) -> float:
    """Milliseconds for a message of the greatest length, full of words the rules look for."""
    return _seconds(WORST, TIMES // 20) * 1_000


def _seconds(text: str, times: int) -> float:
    rules = danger.load(settings.load().content_folder / "danger-words")
    started = time.perf_counter()
    for _ in range(times):
        danger.screen(text, rules)
    return (time.perf_counter() - started) / times
