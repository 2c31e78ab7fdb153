"""A scheduler as a process of its own, whose clock is whoever writes to it: it takes its turn at
each moment it reads, and says so."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from scheduler import ticks
from tests.conftest import open_room
from waiting_room import kill_points


def take_turns() -> None:
    """Read `moment|point` line by line; die at that point, should there be one."""
    for line in sys.stdin:
        moment, _, point = line.strip().partition("|")
        kill_points.arm(point)
        now = datetime.fromisoformat(moment)
        ticks.fill_check_ins(now)
        ticks.ask_check_ins(now)
        print("turned", flush=True)


if __name__ == "__main__":
    open_room(Path(sys.argv[1]), sys.argv[2])
    take_turns()
