"""The only reader of time.

Three times are told apart. *Care time* (`now`) is what patients and alerts live by; a test or the
demo may move it. *Wall time* (`wall`) is what sessions and one-time codes live by and never jumps.
*Monotonic time* measures how long something takes inside this process.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

_frozen: datetime | None = None
_offset = timedelta()
_offset_file: Path | None = None
_offset_read = -1.0
_wall_turned, _stopwatch_turned = timedelta(), 0.0


def now() -> datetime:
    """Care time, in UTC."""
    if _frozen is not None:
        return _frozen
    return wall() + _current_offset()


def wall() -> datetime:
    """The time on the wall, in UTC. Never moved, save by whoever sets the machine's clock."""
    return datetime.now(UTC) + _wall_turned


def monotonic() -> float:
    """Seconds since some fixed moment of this process; only differences mean anything."""
    return time.monotonic() + _stopwatch_turned


def turned(wall: timedelta = timedelta(), stopwatch: timedelta = timedelta()) -> None:
    """For a test: the machine's clock and its stopwatch are ahead by this much."""
    global _wall_turned, _stopwatch_turned
    _wall_turned, _stopwatch_turned = wall, stopwatch.total_seconds()


def stand_still(at: datetime | None) -> None:
    """Freeze care time for a test; None lets it run again."""
    global _frozen
    _frozen = at


def advance(by: timedelta) -> None:
    """Move care time forward (or back) by this much."""
    global _frozen, _offset
    if _frozen is not None:
        _frozen += by
        return
    _offset = _current_offset() + by
    if _offset_file is not None:
        # In one move: another process must not read an empty file and fall back to today.
        fresh = _offset_file.with_suffix(".new")
        fresh.write_text(str(_offset.total_seconds()), encoding="ascii")
        fresh.replace(_offset_file)


def follow(file: Path | None) -> None:
    """Share the demo's jumps between processes through a small file. Only the demo calls this."""
    global _offset_file, _offset_read, _offset
    _offset_file, _offset_read, _offset = file, -1.0, timedelta()


def offset() -> timedelta:
    """How far care time is ahead of the wall."""
    return _current_offset()


def _current_offset() -> timedelta:
    global _offset, _offset_read
    if _offset_file is None:
        return _offset
    # Half a second is soon enough for a visitor and spares a file read for every message.
    if time.monotonic() - _offset_read > 0.5:
        _offset_read = time.monotonic()
        # No file is no jump yet.
        if _offset_file.exists():
            _offset = timedelta(seconds=float(_offset_file.read_text(encoding="ascii")))
    return _offset
