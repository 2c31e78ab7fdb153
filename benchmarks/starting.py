"""How long a process takes from its start until it answers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

LIMIT = 60


def run(folder: Path) -> float:
    """Seconds until it answers; the first start, which makes the tables, is not counted."""
    _start(folder)
    return _start(folder)


def _start(folder: Path) -> float:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    env = os.environ | {"WAITING_ROOM_DATA": str(folder), "PORT": str(port)}
    started = time.perf_counter()
    command = [sys.executable, "-m", "waiting_room.cli", "serve"]
    process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
    try:
        while time.perf_counter() - started < LIMIT:
            if _answers(f"http://127.0.0.1:{port}/health/live"):
                return time.perf_counter() - started
            time.sleep(0.02)
        raise TimeoutError("the room did not start")
    finally:
        process.terminate()
        process.wait(15)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
