"""Data keys by owner, wrapped by the master key, in a database of their own.

Destroying an owner's key makes every value sealed for them unreadable, in this database and in any
copy of it taken before. That is why the keys do not live beside the data (DESIGN: sealing).
"""

from __future__ import annotations

from waiting_room.keyring.opening import bury, filling, open_at, rotate, sheet_of, try_at
from waiting_room.keyring.ring import AUDIT, HASHES, STAFF, Keyring
from waiting_room.keyring.store import COPIED, SCHEMA

__all__ = [
    "AUDIT",
    "COPIED",
    "HASHES",
    "SCHEMA",
    "STAFF",
    "Keyring",
    "bury",
    "close",
    "current",
    "filling",
    "open_at",
    "rotate",
    "sheet_of",
    "try_at",
    "use",
]

_current: Keyring | None = None


def current() -> Keyring:
    """The keyring of this process."""
    if _current is None:
        raise RuntimeError("the keyring is not open yet")
    return _current


def use(keyring: Keyring | None) -> None:
    """Make this the keyring of the process."""
    global _current
    _current = keyring


def close() -> None:
    """Forget the keyring of the process."""
    if _current is not None:
        _current.close()
    use(None)
