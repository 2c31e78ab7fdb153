"""The whole path of an update inside one process: inbox, screening, answer, outbox, all durable."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from pathlib import Path

from bot import hearing, inbox
from waiting_room import settings
from waiting_room.care.inbox import PATIENTS
from waiting_room.opening import opened

UPDATES, CHATS, BATCH = 600, 200, 100


def run(folder: Path) -> float:
    """Updates a second, from raw bytes to letters in the outbox."""
    with opened(settings.load(data=folder, log_level="ERROR")):
        logging.disable()
        updates = [_update(number) for number in range(UPDATES)]
        started = time.perf_counter()
        for first in range(0, UPDATES, BATCH):
            now = datetime.now(UTC)
            inbox.store(PATIENTS, updates[first : first + BATCH], next_offset=first, now=now)
        while hearing.work_once(now=datetime.now(UTC), limit=BATCH):
            pass
        return UPDATES / (time.perf_counter() - started)


def _update(number: int) -> bytes:
    chat = 7_100_000_000 + number % CHATS
    who = {"id": chat, "is_bot": False, "first_name": "Sample"}
    message = {
        "message_id": number + 1,
        "date": int(time.time()),
        "chat": {"id": chat, "type": "private", "first_name": "Sample"},
        "from": who,
        "text": f"my day number {number}",
    }
    return json.dumps({"update_id": 1_000 + number, "message": message}).encode()
