"""In which state this process has read the folder editors change."""

from __future__ import annotations

from pathlib import Path

Stamp = frozenset[tuple[str, int, int]]

_read: dict[Path, Stamp] = {}


def stamp(folder: Path) -> Stamp:
    """Changes with every edit, also one that keeps an old time, as a checkout or a copy does."""
    return frozenset((str(file), *_state(file)) for file in folder.rglob("*.md"))


def note(folder: Path, state: Stamp) -> None:
    """The start has read this folder in this state; nobody needs to read it again for that."""
    _read[folder] = state


def noted(folder: Path) -> Stamp:
    """The state in which the start read this folder; empty when it did not."""
    return _read.get(folder, frozenset())


def _state(file: Path) -> tuple[int, int]:
    try:
        state = file.stat()
    except OSError:
        # A link to nowhere, as some editors leave beside a page, or gone since it was listed.
        return 0, 0
    return state.st_mtime_ns, state.st_size
