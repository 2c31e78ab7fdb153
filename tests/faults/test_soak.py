"""Half an hour at five updates a second: memory, files, connections and the room's files stay
flat once it is warm (P16; F34). Leave it out: `python -m tests.faults -m "faults and not soak"`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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


def growth(samples: list[Sample], of: Callable[[Sample], int], *, slack: int = 0) -> float:
    """How much more the last fifth holds than the first fifth, each in the middle. Of things that
    are counted, a few more at a moment are `slack` and no growth."""
    part = max(1, len(samples) // 5)
    values = [of(sample) for sample in samples]
    first, last = sorted(values[:part]), sorted(values[-part:])
    more = last[len(last) // 2] - first[len(first) // 2]
    return max(0, more - slack) / first[len(first) // 2]


@pytest.mark.skipif(os.environ.get("WAITING_ROOM_FAULTS") != "long", reason="half an hour long")
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
    warm = samples[int(len(samples) * WARM / MINUTES) :]
    memory = growth(warm, lambda sample: sample.memory)
    files = growth(warm, lambda sample: sample.files, slack=SLACK)
    sockets = growth(warm, lambda sample: sample.sockets, slack=SLACK)
    passed = max(memory, files, sockets) <= GROWTH
    figure = (
        f"{minutes:.0f} minutes, {updates} updates: memory {memory:+.1%} at "
        f"{warm[-1].memory / 2**20:.0f} MB, files {files:+.1%} ({warm[-1].files}), connections "
        f"{sockets:+.1%} (≤ 5 % after 5 minutes), log {log_inside / 2**20:.1f} MB: {sums}"
    )
    figures.note("F34", database="sqlite", figure=figure, passed=passed)
    assert passed
