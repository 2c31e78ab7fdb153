"""Commands as an administrator types them, over a room of their own."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from waiting_room import logs
from waiting_room.cli import app

Run = Callable[..., Result]


@pytest.fixture
def data(tmp_path: Path, founded: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The data folder of a founded room, and an environment that names it."""
    root, before_umask = logging.getLogger(), os.umask(0o022)
    before = root.handlers, root.level
    for name in list(os.environ):
        if name.startswith("WAITING_ROOM_") or name == "PORT":
            monkeypatch.delenv(name)
    folder = tmp_path / "data"
    shutil.copytree(founded, folder)
    monkeypatch.setenv("WAITING_ROOM_DATA", str(folder))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(logging, "raiseExceptions", logging.raiseExceptions)
    yield folder
    os.umask(before_umask)
    root.handlers, root.level = before
    for name in logs.OURS:
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


@pytest.fixture
def run(data: Path) -> Run:
    """Run one command; what is refused is one line and no trace."""

    def act(*words: str, code: int = 0, typed: str | None = None) -> Result:
        result = CliRunner().invoke(app, list(words), input=typed)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        if code == 1:
            told = [line for line in result.stderr.splitlines() if not line.startswith("{")]
            assert len(told) <= 1
        return result

    return act
