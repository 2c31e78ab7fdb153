"""For a room's process only: one thing heard never ends. Called by the nursery before it serves."""

from __future__ import annotations

import os
import threading
from typing import Any

from bot import conversation
from waiting_room import watchdog

WORDS = "these words hang"
PATIENCE = "RIG_PATIENCE"


def install() -> None:
    """Hang on these words, and let the watchdog of a short form be impatient."""
    receive = conversation.receive

    def hang(session: Any, heard: Any, *, now: Any) -> None:
        if heard.text == WORDS:
            threading.Event().wait()
        receive(session, heard, now=now)

    conversation.receive = hang
    watchdog.PATIENCE = int(os.environ[PATIENCE])
