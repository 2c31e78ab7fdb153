"""Edits made on the desk, written into the folder: whoever keeps it in git sees them there."""

from __future__ import annotations

import os
from pathlib import Path


def write(folder: Path, name: str, text: str) -> None:
    """Put the text where the page of this name lies; an empty text takes the file away.

    Whole or not at all: who reads meanwhile finds the old file or the new one. Raises OSError.
    """
    file = folder / f"{name}.md"
    if not text:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    # A name that begins with a dot is read by nobody.
    beside = file.with_name(f".{file.name}.new")
    beside.write_bytes(text.encode())
    os.replace(beside, file)


def differs(folder: Path, name: str, text: str) -> bool:
    """Whether the folder has another text under this name."""
    file = folder / f"{name}.md"
    try:
        return file.read_bytes() != text.encode()
    except FileNotFoundError:
        return bool(text)
