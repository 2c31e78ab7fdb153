"""Which process this is, among all that serve one room."""

from __future__ import annotations

import os
import secrets
import socket

NAME = f"{socket.gethostname()[:24]}:{os.getpid()}"
"""For people: where to look for it."""

OWNER = f"{NAME}:{secrets.token_hex(4)}"
"""For leases: a process that was started anew is another one, whatever its number."""
