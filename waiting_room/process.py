"""Which process this is, among all that serve one room."""

from __future__ import annotations

import os
import secrets

NAME = ""
"""For people: where to look for it."""

OWNER = ""
"""For leases: a process that was started anew is another one, whatever its number."""


def _be_somebody() -> None:
    global NAME, OWNER
    NAME = f"{os.uname().nodename[:24]}:{os.getpid()}"
    OWNER = f"{NAME}:{secrets.token_hex(4)}"


_be_somebody()
# A copy of this process must not hold what this one holds.
os.register_at_fork(after_in_child=_be_somebody)
