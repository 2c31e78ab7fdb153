"""A room that is served ends when it is told to, drained, and as a whole when a part breaks."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from waiting_room import clock, serve
from waiting_room.errors import StartRefused
from waiting_room.settings import Settings


def test_a_loop_that_breaks_ends_the_others_and_the_command(
    chosen: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    async def broken() -> None:
        raise ZeroDivisionError

    async def waits(stop: asyncio.Event) -> None:
        await stop.wait()
        ended.append("drained")

    monkeypatch.setattr(serve, "_loops", lambda _s, _r, stop, _d: [broken(), waits(stop)])
    with pytest.raises(StartRefused, match="a part of the room broke"):
        serve.run(chosen(), only=("bot",))
    assert ended == ["drained"]


def test_a_port_in_use_is_refused_before_anything_runs(
    chosen: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        with pytest.raises(StartRefused, match=f"^PORT: {port} cannot be used: "):
            serve.run(chosen(), only=("web",))


@pytest.mark.faults
def test_one_serves_a_second_is_refused_and_a_signal_ends_it_drained(
    chosen: Callable[..., Settings], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    place = {"WAITING_ROOM_DATA": str(tmp_path / "data"), "PORT": str(port)}
    command = [sys.executable, "-m", "waiting_room.cli", "serve"]
    first = subprocess.Popen(command, env=os.environ | place, stderr=subprocess.PIPE, text=True)
    try:
        _ready(port)
        other = os.environ | place | {"PORT": str(port + 1)}
        second = subprocess.run(command, env=other, capture_output=True, text=True, check=False)
        assert (second.returncode, second.stderr.count("\n")) == (1, 1)
        assert "served already" in second.stderr
    finally:
        first.send_signal(signal.SIGTERM)
        _, words = first.communicate(timeout=30)
    assert first.returncode == 0, words
    assert "Traceback" not in words
    assert not list((tmp_path / "data").glob("*-wal"))


def _ready(port: int) -> None:
    since = clock.monotonic()
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=5):
                return
        except OSError:
            if clock.monotonic() - since > 30:
                raise
            threading.Event().wait(0.1)
