"""The queue of updates a bot has not confirmed, with Telegram's rules for offsets and age."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

WEEK = 7 * 86_400
MESSAGE_KEPT = 86_400
CALLBACK_KEPT = 150
# An offset this far beyond the next id is taken for a mistake and read as "from the oldest".
FUTURE = 10
LONG_AGO = 100_000
BATCH = 100


@dataclass
class Pending:
    """One update that waits to be confirmed."""

    update_id: int
    kind: str
    lane: tuple[str, int]
    expires_at: float
    body: dict[str, Any]


class UpdateQueue:
    """Ids rise by one; after a week of silence they start again at a random place."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._entries: dict[int, Pending] = {}
        self._last_put: float | None = None
        self.next_id = self._random_id()

    def __len__(self) -> int:
        return len(self._entries)

    def _random_id(self) -> int:
        return self._dice.randrange(10, 1_000_000_000)

    def put(
        self, kind: str, body: dict[str, Any], *, lane: int, expires_at: float, now: float
    ) -> Pending:
        """Give the update its id and keep it until it is confirmed or too old."""
        silent = self._last_put is not None and now - self._last_put > WEEK
        if silent and not self._entries:
            self.next_id = self._random_id()
        self._last_put = now
        entry = Pending(
            self.next_id, kind, (kind, lane), expires_at, {"update_id": self.next_id, **body}
        )
        self._entries[self.next_id] = entry
        self.next_id += 1
        return entry

    def restart_at(self, update_id: int) -> None:
        """Go on from another id, as after a week of silence; only an empty queue can."""
        if self._entries:
            raise ValueError("ids start again only when nothing waits to be confirmed")
        self.next_id = update_id

    def expire(self, now: float) -> list[Pending]:
        """Drop what is too old and return it."""
        return self._drop([e for e in self._entries.values() if e.expires_at <= now])

    def start(self, offset: int) -> int:
        """Return the id a getUpdates with this offset begins at."""
        head = next(iter(self._entries), self.next_id)
        if offset < 0:
            return max(self.next_id + offset, head)
        if offset == 0 or offset > self.next_id + FUTURE or offset < head - LONG_AGO:
            return head
        return offset

    def confirm_before(self, update_id: int) -> list[Pending]:
        """Forget everything below an id and return it."""
        return self._drop([e for e in self._entries.values() if e.update_id < update_id])

    def forget(self, update_id: int) -> bool:
        """Forget one update, as a webhook's 200 does."""
        return self._entries.pop(update_id, None) is not None

    def first(self, limit: int) -> list[Pending]:
        """Return the oldest updates in order."""
        return [entry for entry, _ in zip(self._entries.values(), range(limit), strict=False)]

    def clear(self) -> list[Pending]:
        """Drop everything, as drop_pending_updates does."""
        return self._drop(list(self._entries.values()))

    def _drop(self, entries: list[Pending]) -> list[Pending]:
        for entry in entries:
            del self._entries[entry.update_id]
        return entries
