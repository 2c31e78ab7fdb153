"""Half an hour at five updates a second: memory, files, connections and the room's files stay
flat once it is warm (P16; F34). Leave it out: `python -m tests.faults -m "faults and not soak"`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest

from tests.conftest import WEDNESDAY, close_room
from tests.fakes.bot_api import BotApi
from tests.fakes.smtp import MailServer
from tests.faults import ledger, traffic
from tests.faults.figures import Figures
from tests.journeys import live
from tests.journeys.live import LiveRoom

pytestmark = [pytest.mark.faults, pytest.mark.soak]
MINUTES, WARM, PER_SECOND, EVERY = 30, 5, 5, 10
PAGE = os.sysconf("SC_PAGE_SIZE")
GROWTH, SLACK = 0.05, 2


@dataclass(frozen=True)
class Sample:
    """The process at one moment: bytes in memory, open files, connections among them."""

    memory: int
    files: int
    sockets: int

    @classmethod
    def of(cls, pid: int) -> Sample:
        """Look at a process."""
        memory = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
        held = [_target(file) for file in Path(f"/proc/{pid}/fd").iterdir()]
        return cls(memory, len(held), sum("socket:" in name for name in held))


def _target(file: Path) -> str:
    try:
        return os.readlink(file)
    except FileNotFoundError:
        return ""


def middle(samples: list[Sample], of: Callable[[Sample], int]) -> int:
    """The median: one moment with a connection more is no trend."""
    return int(median(of(sample) for sample in samples))


def part(samples: list[Sample], start: float, end: float) -> list[Sample]:
    """Those between two minutes of the thirty."""
    first, last = (int(len(samples) * minute / MINUTES) for minute in (start, end))
    return samples[first : max(last, first + 1)]


def test_half_an_hour_of_everyday(
    demo_room: Path, tmp_path: Path, api: BotApi, mail: MailServer, figures: Figures
) -> None:
    minutes = float(os.environ.get("WAITING_ROOM_SOAK_MINUTES", MINUTES))
    live.copy_founded(demo_room, tmp_path)
    room, robot = LiveRoom(tmp_path, api, mail), traffic.crowd(api, chats=200)
    room.extra["WAITING_ROOM_LOG_LEVEL"] = "INFO"
    live.furnish(room, WEDNESDAY)
    room.start()
    assert room.process is not None
    samples: list[Sample] = []
    updates = int(minutes * 60 * PER_SECOND)
    with traffic.Writing(robot, updates, per_second=PER_SECOND, chats=200) as writing:
        while writing.goes_on:
            samples.append(Sample.of(room.process.pid))
            time.sleep(EVERY)
    sums = ledger.check(room, seconds=60)  # type: ignore[arg-type]
    log_inside = (tmp_path / "waiting-room.db-wal").stat().st_size
    room.stop()
    close_room()
    warm, late = part(samples, WARM, 2 * WARM), part(samples, 2 * MINUTES / 3, MINUTES)
    first, last = (middle(some, lambda sample: sample.memory) for some in (warm, late))
    files = [middle(some, lambda sample: sample.files) for some in (warm, late)]
    sockets = [middle(some, lambda sample: sample.sockets) for some in (warm, late)]
    grown = last / first - 1
    passed = grown <= GROWTH and all(b - a <= SLACK for a, b in (files, sockets))
    figure = (
        f"{minutes:.0f} minutes, {updates} updates; minutes 5-10 and the last 10: memory "
        f"{first / 2**20:.0f} and {last / 2**20:.0f} MB, {grown:+.1%} (≤ 5 %), files {files[0]} "
        f"and {files[1]}, connections {sockets[0]} and {sockets[1]} (≤ 2 more), "
        f"log {log_inside / 2**20:.1f} MB: {sums}"
    )
    figures.note("F34", database="sqlite", figure=figure, passed=passed)
    assert passed
