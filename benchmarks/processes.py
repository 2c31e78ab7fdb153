"""Children of a measurement: started, watched and reaped by whoever measures."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
DIE_WITH_PARENT = 1


class Child:
    """One process. It ends with us, even when we are killed."""

    def __init__(self, command: list[str], *, env: Mapping[str, str], log: Path) -> None:
        self.log, self.started = log, time.monotonic()
        with log.open("ab") as words:
            self.process = subprocess.Popen(
                command, env=dict(env), cwd=ROOT, stdout=words, stderr=words, preexec_fn=_leashed
            )

    @property
    def cpu(self) -> float:
        """Seconds of processor time it used so far."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / TICKS

    @property
    def memory(self) -> float:
        """Megabytes it holds."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * PAGE / 2**20

    def wait_for(self, ready: Callable[[], bool], *, seconds: float = 60) -> float:
        """Wait until that is true; gives the seconds since it was started."""
        while not ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"a measured process ended: {self.log.read_text()[-1500:]}")
            if time.monotonic() - self.started > seconds:
                raise TimeoutError(f"not ready in {seconds} s: {self.log.read_text()[-1500:]}")
            time.sleep(0.005)
        return time.monotonic() - self.started

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        """SIGTERM, and after a while more than that."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(12)
            except subprocess.TimeoutExpired:
                self.kill()


@contextlib.contextmanager
def running(command: list[str], *, env: Mapping[str, str], log: Path) -> Iterator[Child]:
    """A child for as long as this lasts."""
    child = Child(command, env=env, log=log)
    try:
        yield child
    finally:
        child.stop()


def clean_env(**more: str) -> dict[str, str]:
    """The environment without any setting of a room, and with these."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("WAITING_ROOM_")}
    return kept | more


def free_port() -> int:
    """A port nobody uses just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answers(url: str) -> bool:
    """Whether this address says 200."""
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _leashed() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
