"""A write that does not end takes the process with it; everything else does not."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from waiting_room import db, watchdog
from waiting_room.watchdog import HUNG

ROOT = Path(__file__).parents[1]
START = """
import re, threading, time
from waiting_room import watchdog
watchdog.PATIENCE, watchdog.LOOK_EVERY = 1, 0.1
with watchdog.watching():
"""


def ended(block: str, seconds: float = 20) -> tuple[int, str]:
    """How a process ends that does this under the watchdog, and what it says."""
    words = START + textwrap.indent(textwrap.dedent(block), "    ")
    command = [sys.executable, "-c", words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds)
    return done.returncode, done.stderr


def test_what_hangs_in_a_write_ends_the_process_and_shows_where() -> None:
    code, said = ended(
        """
        with watchdog.watched():
            threading.Event().wait()
        """
    )
    assert code == HUNG
    assert "has not ended" in said and "threading.py" in said


def test_what_never_lets_go_of_the_interpreter_is_ended_too() -> None:
    code, said = ended("re.match('(a+)+$', 'a' * 60 + 'b')")
    assert code == 1
    assert "Timeout" in said


def test_many_short_writes_and_a_long_wait_are_well() -> None:
    code, said = ended(
        """
        for _ in range(15):
            with watchdog.watched():
                time.sleep(0.1)
        time.sleep(1.5)
        """
    )
    assert (code, said) == (0, "")


def test_every_write_is_watched_until_it_ends(room: Path) -> None:
    before = set(watchdog._under_way)
    with db.write():
        assert watchdog._under_way - before
    assert watchdog._under_way == before
    with pytest.raises(ZeroDivisionError), db.write():
        raise ZeroDivisionError
    assert watchdog._under_way == before
