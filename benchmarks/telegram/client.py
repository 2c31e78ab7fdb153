"""The fake Bot API, started and told what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Self

from benchmarks.processes import ROOT

TOKEN = "7000000001:AAsamplePatientsTokenForTests00"
STAFF_TOKEN = "7000000002:AAsampleStaffTokenForTestsOnly0"
LATENCY = 0.05
"""Seconds from a question to Telegram's answer, as over a real line."""


class Telegram:
    """A fake Telegram in a process of its own, for as long as the `with` lasts."""

    def __init__(self, *, latency: float = LATENCY, limit: int = 0) -> None:
        command = [sys.executable, "-m", "benchmarks.telegram.server"]
        command += ["--latency", str(latency), "--limit", str(limit)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.url = f"http://127.0.0.1:{self._read()['port']}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=10)

    def ask(self, do: str, *, token: str = TOKEN, **wishes: Any) -> Any:
        """Give one order (see `server.Orders`) and wait for its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, "token": token, **wishes}) + "\n")
        self._process.stdin.flush()
        return self._read()

    def offer(self, first: int, count: int, *, rate: float = 0, text: str = "my day") -> None:
        """Let so many chats, from this number on, say something."""
        self.ask("offer", first=first, count=count, text=text, rate=rate)

    def wait_answered(self, count: int, *, seconds: float) -> bool:
        """Whether so many chats were answered in time."""
        return bool(self.ask("answered", count=count, seconds=seconds))

    def report(self) -> dict[str, Any]:
        """What was measured. Raises when two programs polled: then it means nothing."""
        found: dict[str, Any] = self.ask("report")
        if found["pollers"] > 1:
            raise RuntimeError("two programs polled with one token; this run means nothing")
        return found

    def clear(self) -> None:
        """Begin to measure anew."""
        self.ask("clear")

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the fake Bot API ended")
        return json.loads(line)
