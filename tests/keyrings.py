"""A keyring in a folder, opened as a process opens it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from waiting_room import keyring
from waiting_room.keyring import Keyring

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
OPEN = """
import os, signal, sys, time
from datetime import UTC, datetime
from pathlib import Path
from waiting_room import crypto, keyring
url, folder = sys.argv[1], Path(sys.argv[2])
keys = keyring.open_at(url, folder / "master.key")
"""


def url_in(folder: Path) -> str:
    """The address of the keys in this folder."""
    return f"sqlite:///{folder / 'keys.db'}"


def opened(folder: Path, url: str = "") -> Keyring:
    """The keyring of this folder."""
    return keyring.open_at(url or url_in(folder), folder / "master.key")


def process(folder: Path, words: str, url: str = "") -> subprocess.Popen[str]:
    """Another process that opens the keyring as `keys` and does this."""
    return subprocess.Popen(
        [sys.executable, "-c", OPEN + words, url or url_in(folder), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
