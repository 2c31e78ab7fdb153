"""What each fault did to the room: noted by the tests, printed one line a fault at the end.

Tests run in several processes. Each note is one line appended to a file of this run, so none
overwrites another; whoever started the run reads them all.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

FOLDER = Path(__file__).parents[2] / "var" / "faults"
RUN, LENGTH = "WAITING_ROOM_FAULTS_RUN", "WAITING_ROOM_FAULTS"
T = TypeVar("T")


class Figures:
    """Session-wide writer: `figures.note("F4", database="sqlite", figure="…", passed=True)`."""

    def __init__(self, notes: Path, *, is_long: bool) -> None:
        self._notes, self.is_long = notes, is_long

    def size(self, *, short: T, long: T) -> T:
        """How much of it: the short form runs with every test, the long one by `make faults`."""
        return long if self.is_long else short

    def note(self, fault: str, *, database: str, figure: str, passed: bool) -> None:
        """Keep what was measured; assert after noting, so that a failure has its figure too."""
        _append(
            self._notes, {"fault": fault, "database": database, "figure": figure, "pass": passed}
        )


@pytest.fixture(scope="session")
def figures() -> Figures:
    """Where tests note what they measured."""
    return Figures(_notes(), is_long=is_long)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Name the run; the processes xdist starts inherit the name."""
    if not hasattr(session.config, "workerinput"):
        # Seconds alone could be those of a second run beside this one.
        os.environ[RUN] = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test that failed before it had a figure is a line too, never a silence."""
    if report.failed and "faults" in report.keywords and "PYTEST_XDIST_WORKER" not in os.environ:
        name = report.nodeid.rpartition("/")[2]
        _append(
            _notes(), {"fault": name, "database": "", "figure": "the test failed", "pass": False}
        )


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line a fault, and the same as JSON in var/faults/latest.json."""
    notes = sorted(_read(_notes()), key=_order)
    if not notes:
        return
    (FOLDER / "latest.json").write_text(json.dumps(notes, indent=1, ensure_ascii=False) + "\n")
    terminalreporter.section("faults")
    for note in notes:
        verdict = "pass" if note["pass"] else "FAIL"
        line = f"{note['fault']:4} {note['database']:10} {note['figure']}"
        terminalreporter.write_line(f"{verdict}  {line}", red=not note["pass"])


# Read once: tests of settings clear the environment while they run.
is_long = os.environ.get(LENGTH) == "long"
_run: list[str] = []


def _notes() -> Path:
    if not _run:
        _run.append(os.environ[RUN])
    return FOLDER / f"{_run[0]}.jsonl"


def _append(file: Path, note: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(note, ensure_ascii=False) + "\n"
    # One write in append mode: lines of several processes never mix.
    with file.open("ab", buffering=0) as out:
        out.write(line.encode())


def _read(file: Path) -> Iterator[dict[str, Any]]:
    if file.exists():
        yield from map(json.loads, file.read_text().splitlines())


def _order(note: dict[str, Any]) -> tuple[int, str, str]:
    number = re.match(r"F(\d+)", note["fault"])
    return int(number[1]) if number else 999, note["fault"], note["database"]
