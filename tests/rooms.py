"""Settings over a room of its own, for tests that open and serve one."""

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

from waiting_room import logs, settings
from waiting_room.settings import Settings


@pytest.fixture
def chosen(
    tmp_path: Path, founded: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Settings]]:
    """Settings over a founded room of its own."""
    root, before_umask = logging.getLogger(), os.umask(0o022)
    before = root.handlers, root.level
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(logging, "raiseExceptions", logging.raiseExceptions)
    for name in list(os.environ):
        if name.startswith("WAITING_ROOM_") or name == "PORT":
            monkeypatch.delenv(name)
    shutil.copytree(founded, tmp_path / "data")
    # One page is read in no time; the others stay as they were published.
    words = tmp_path / "words" / "en" / "crisis"
    words.mkdir(parents=True)
    shutil.copy("content/en/crisis/now.md", words)
    given = {"data": tmp_path / "data", "content": tmp_path / "words"}
    yield lambda **values: settings.load(**given | values)
    os.umask(before_umask)
    root.handlers, root.level = before
    for name in logs.OURS:
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()
