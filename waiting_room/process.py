"""Which process this is, among all that serve one room."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

NAME = ""
"""For people: where to look for it."""

OWNER = ""
"""For leases: a process that was started anew is another one, whatever its number."""


def _be_somebody() -> None:
    global NAME, OWNER
    NAME = f"{os.uname().nodename[:24]}:{os.getpid()}"
    OWNER = f"{NAME}:{_here()}:{secrets.token_hex(4)}"


def is_gone(owner: str) -> bool:
    """Whether this was the owner of a lease on this very machine, and its process is no more."""
    number, _, rest = owner.partition(":")[2].partition(":")
    if not number.isdigit() or rest.partition(":")[0] != _here():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _here() -> str:
    """The machine since it was started, and the numbering of processes that we see: two containers
    of one machine, or one name given to two machines, are no neighbours."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        seen = f"{boot}{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        seen = secrets.token_hex(8)
    return hashlib.sha256(seen.encode()).hexdigest()[:8]


_be_somebody()
# A copy of this process must not hold what this one holds.
os.register_at_fork(after_in_child=_be_somebody)
