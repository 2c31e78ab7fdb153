"""What the fake Bot API knows: updates offered, replies matched to their chats, refusals."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections import deque
from typing import Any

BATCH = 100
TELLS_CHAT = re.compile(rb'chat_id"?[=:\s]+"?(-?\d+)')
TELLS_OFFSET = re.compile(rb'offset"?[=:\s]+"?(-?\d+)')


class Meter:
    """One bot's updates and what it said."""

    def __init__(self) -> None:
        self.clear()
        self.news = asyncio.Event()
        self._second: deque[float] = deque()
        self._last_to: dict[int, float] = {}

    def clear(self) -> None:
        """Forget what was measured; updates that wait stay."""
        if not hasattr(self, "queue"):
            self.queue: deque[tuple[int, float, bytes]] = deque()
            self.next_id = 1_000
        self.offered: dict[int, float] = {}
        self.took: dict[int, float] = {}
        self.sends: dict[int, list[float]] = {}
        self.sent = self.refused = self.pollers = 0
        self.first = self.last = 0.0

    def is_too_many(self, chat: int, limit: int) -> bool:
        """Whether so many were said within a second, or something to this chat; else it counts."""
        now = time.monotonic()
        while self._second and self._second[0] <= now - 1:
            self._second.popleft()
        if len(self._second) >= limit or now - self._last_to.get(chat, -9.0) < 0.98:
            return True
        self._second.append(now)
        self._last_to[chat] = now
        return False

    def put(self, chat: int, text: str) -> None:
        """Offer one message of this chat, from this moment on."""
        now = time.monotonic()
        who = {"id": chat, "is_bot": False, "first_name": "Sample"}
        message = {
            "message_id": self.next_id,
            "date": int(time.time()),
            "chat": {"id": chat, "type": "private", "first_name": "Sample"},
            "from": who,
            "text": text,
        }
        update = {"update_id": self.next_id, "message": message}
        self.queue.append((self.next_id, now, json.dumps(update).encode()))
        self.next_id += 1
        self.offered[chat] = now
        self.first = self.first or now
        self.news.set()

    async def put_evenly(self, chats: range, text: str, rate: float) -> None:
        """Offer one after the other, at random moments of this rate."""
        chance, due = random.Random(7), time.monotonic()
        for chat in chats:
            due += chance.expovariate(rate)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.put(chat, f"{text} {chat}")

    def confirm(self, body: bytes) -> None:
        """Forget what is below the offset, as Telegram does."""
        found = TELLS_OFFSET.search(body)
        offset = int(found[1]) if found else 0
        while self.queue and self.queue[0][0] < offset:
            self.queue.popleft()
        if not self.queue:
            self.news.clear()

    def batch(self) -> bytes:
        """The next answer to getUpdates."""
        waiting = [self.queue[n][2] for n in range(min(BATCH, len(self.queue)))]
        return b'{"ok":true,"result":[' + b",".join(waiting) + b"]}"

    def chat_of(self, body: bytes) -> int:
        """The chat a message is for, be the body a form or JSON."""
        found = TELLS_CHAT.search(body)
        return int(found[1]) if found else 0

    def heard(self, chat: int) -> None:
        """A message for this chat reached Telegram."""
        now = time.monotonic()
        self.sent += 1
        self.last = now
        self.sends.setdefault(chat, []).append(now)
        if chat in self.offered and chat not in self.took:
            self.took[chat] = now - self.offered[chat]

    def report(self) -> dict[str, Any]:
        """Everything measured so far."""
        took = sorted(self.took.values())
        first_sends = sorted(times[0] for times in self.sends.values())
        return {
            "offered": len(self.offered),
            "answered": len(took),
            "sent": self.sent,
            "repeats": sum(len(times) - 1 for times in self.sends.values()),
            "refused": self.refused,
            "pollers": self.pollers,
            "seconds": self.last - self.first if took else 0.0,
            "sending": first_sends[-1] - first_sends[0] if first_sends else 0.0,
            "p50": _at(took, 0.5),
            "p99": _at(took, 0.99),
            "p999": _at(took, 0.999),
            "max": took[-1] if took else 0.0,
        }


def _at(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0
