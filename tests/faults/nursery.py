"""Starts rooms quickly: one process has read all code already, and each room is a copy of it.

A room started so is a process like any other: it opens its own database, keys and doors, and
kill -9 is a real one. What is saved is the second and a half that reading the code takes.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import random
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
DIES_WITH_PARENT = 1


class Child:
    """A room's process, as `subprocess.Popen` would show it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        # A number may be given to another process later; this keeps pointing at ours.
        self._hold = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """None while it lives."""
        return 0 if select.select([self._hold], [], [], 0)[0] else None

    def wait(self, timeout: float | None = None) -> int:
        """Return when it ended."""
        if not select.select([self._hold], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("a room", timeout or 0)
        return 0

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it ended already."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._hold, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


class Nursery:
    """Lives for a test run; its rooms end with it."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.faults.nursery"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(command, cwd=ROOT, **pipes)  # type: ignore[call-overload]

    def start(self, env: Mapping[str, str], log: Path, *words: str, first: str = "") -> Child:
        """Start a room with these settings and these words on its command line, once the module
        named `first` has installed what it brings."""
        wish = {"env": dict(env), "log": str(log), "words": words, "first": first}
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        return Child(int(self._process.stdout.readline()))

    def close(self) -> None:
        """End it, and every room that is left."""
        self._process.stdin.close()
        self._process.wait(5)


def _serve() -> None:
    from waiting_room import cli, serve  # noqa: F401, PLC0415 - only here: the tests have theirs

    # Nobody waits for the children here: the system forgets them by itself.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        wish = json.loads(line)
        pid = os.fork()
        if not pid:
            _be(cli.app, wish)
        print(pid, flush=True)


def _be(app: object, wish: dict[str, object]) -> None:
    ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(wish["env"])  # type: ignore[call-overload]
    random.seed()
    out = os.open(str(wish["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    code = 1
    if wish["first"]:
        importlib.import_module(str(wish["first"])).install()
    try:
        app(list(wish["words"]))  # type: ignore[operator, call-overload]
    except SystemExit as told:
        code = int(told.code or 0) if isinstance(told.code, int | None) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
