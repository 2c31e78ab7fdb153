"""Raw updates as Telegram would send them, made by hand."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

ALEX, BEA = 7_234_567_890, 7_234_567_891


def message(
    update_id: int, *, chat: int = ALEX, at: datetime | None = None, number: int = 0, **content: Any
) -> bytes:
    """A message in a private chat; its number follows the update's unless one is given."""
    body = {
        "message_id": number or update_id,
        "from": {"id": chat, "is_bot": False, "first_name": "Sample Alex", "language_code": "en"},
        "chat": {"id": chat, "first_name": "Sample Alex", "type": "private"},
        "date": int(at.timestamp()) if at else 1_795_600_000,
    }
    return update(update_id, message=body | content)


def update(update_id: int, **parts: Any) -> bytes:
    """Any update."""
    return json.dumps({"update_id": update_id, **parts}).encode()
