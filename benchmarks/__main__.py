"""`make bench`: a few honest figures of this machine, as a table and in var/bench/latest.json.

Each figure is a median of several rounds. Nothing here passes or fails.
"""

from __future__ import annotations

import json
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import inbound, screening, starting

ROUNDS = 3
RESULTS = Path("var/bench/latest.json")
FIGURES: tuple[tuple[str, str, Callable[[Path], float]], ...] = (
    ("inbound, stored, screened and answered, SQLite synchronous=FULL", "updates/s", inbound.run),
    ("screening a usual message", "µs", screening.usual),
    ("screening 4,096 characters of the worst kind", "ms", screening.worst),
    ("start of a process until it is alive", "s", starting.run),
)


def main() -> None:
    """Measure, print, and keep."""
    print(
        f"{platform.machine()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
    rows = []
    for name, unit, measure in FIGURES:
        values = [_round(measure) for _ in range(ROUNDS)]
        middle = statistics.median(values)
        print(f"{name:66} {middle:10.2f} {unit}  ({min(values):.2f} to {max(values):.2f})")
        rows.append({"name": name, "value": round(middle, 3), "unit": unit, "rounds": ROUNDS})
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def _round(measure: Callable[[Path], float]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder))
    # Let the disk settle, so that one round does not pay for the last.
    time.sleep(0.2)
    return found


main()
