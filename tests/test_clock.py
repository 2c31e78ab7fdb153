"""Care time can stand still or jump; wall time never does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from waiting_room import clock

DAY = timedelta(days=1)
OTHER = """
import sys
from datetime import timedelta
from pathlib import Path
from waiting_room import clock
clock.follow(Path(sys.argv[1]))
print(clock.offset().total_seconds(), flush=True)
clock.advance(timedelta(hours=2))
"""


@pytest.fixture(autouse=True)
def own_clock() -> Iterator[None]:
    clock.follow(None)
    yield
    clock.stand_still(None)
    clock.follow(None)


def test_a_frozen_clock_moves_only_when_told() -> None:
    noon = datetime(2026, 11, 25, 12, tzinfo=UTC)
    clock.stand_still(noon)
    clock.advance(DAY)
    assert clock.now() == noon + DAY
    assert abs(clock.wall() - datetime.now(UTC)) < timedelta(seconds=5)


def test_care_time_runs_ahead_of_the_wall() -> None:
    clock.advance(DAY)
    clock.advance(-timedelta(hours=1))
    assert clock.offset() == timedelta(hours=23)
    assert abs(clock.now() - clock.wall() - timedelta(hours=23)) < timedelta(seconds=5)


def test_two_processes_share_the_jumps(tmp_path: Path) -> None:
    file = tmp_path / "demo-clock"
    clock.follow(file)
    clock.advance(DAY)
    other = subprocess.run(
        [sys.executable, "-c", OTHER, str(file)], capture_output=True, text=True, check=True
    )
    assert float(other.stdout) == DAY.total_seconds()
    clock.follow(file)
    assert clock.offset() == DAY + timedelta(hours=2)
    assert [left.name for left in tmp_path.iterdir()] == ["demo-clock"]


def test_a_room_without_a_demo_follows_nothing(tmp_path: Path) -> None:
    clock.follow(tmp_path / "absent")
    assert clock.offset() == timedelta()
