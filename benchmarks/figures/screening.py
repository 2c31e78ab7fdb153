"""How long the danger rules take for one message."""

from __future__ import annotations

import time

from benchmarks.bench import Bench
from benchmarks.results import Row, Sample, Target, most, row
from waiting_room import settings
from waiting_room.care import danger

USUAL = "I slept badly again and the letter from the council worries me. Can we talk on Tuesday?"
WORST = ("i want to not be here any more but not " * 120)[:4096]
TIMES = 300


def run(bench: Bench) -> list[Row]:
    """A usual message, and one of the greatest length that is full of words the rules look for."""
    rules = danger.load(settings.load().content_folder / "danger-words")
    kinds: tuple[tuple[str, str, int, Target], ...] = (
        ("screening a usual message", USUAL, TIMES, most(0.1)),
        ("screening 4,096 characters of the worst kind", WORST, TIMES // 20, most(10)),
    )
    return [
        row(name, "ms", [_ms(text, times, rules) for _ in range(bench.rounds)], target=target)
        for name, text, times, target in kinds
    ]


def _ms(text: str, times: int, rules: danger.Rules) -> Sample:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(times):
        danger.screen(text, rules)
    spent = (time.process_time() - cpu) / times * 1_000
    return Sample((time.perf_counter() - wall) / times * 1_000, spent)
