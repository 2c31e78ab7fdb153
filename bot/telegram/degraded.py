"""When storage refuses: the help lines from memory, and the truth that nobody was told.

The updates stay with Telegram and take effect when storage is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from bot import raw
from waiting_room.care import danger
from waiting_room.channels import fixed
from waiting_room.channels.contract import Permanent

# Some hundred bytes each. Storage that is gone for longer has been noticed by then.
REMEMBERED = 10_000
# One dead line must not keep the next person in danger waiting.
SEND_WITHIN = 10.0

log = logging.getLogger(__name__)


class Degraded:
    """Answers danger while nothing can be stored, once for each update."""

    def __init__(self, speaker: fixed.Speaker) -> None:
        self._speaker = speaker
        # Whether it was answered. In the order they came: the oldest are forgotten first.
        self._seen: dict[int, bool] = {}

    async def answer(self, updates: Iterable[bytes], *, everybody: bool = False) -> int:
        """Send the lines to whoever may be in danger, or to everybody who said something; returns
        how many were answered just now."""
        looked = (self._look(update, everybody=everybody) for update in updates)
        to_whom = {label.update_id: label.chat_id for label in looked if label}
        sending = [self._send(int(chat_id)) for chat_id in to_whom.values()]
        outcomes = await asyncio.gather(*sending, return_exceptions=True)
        for update_id, outcome in zip(to_whom, outcomes, strict=True):
            if outcome is None:
                continue
            log.error("the fixed lines could not be sent: %s", type(outcome).__name__)
            if not isinstance(outcome, Permanent):
                # Not answered after all: the next round tries again.
                self._seen.pop(update_id, None)
        return outcomes.count(None)

    def _look(self, update: bytes, *, everybody: bool) -> raw.Label | None:
        """Whose update it is, when it was not answered yet and its sender needs the lines."""
        label = raw.label(update)
        answered = self._seen.get(label.update_id)
        if answered or (answered is False and not everybody):
            return None
        # A group has a negative id, and nothing is ever said there.
        is_person = bool(label.chat_id) and int(label.chat_id) > 0
        needs = _is_said(update) if everybody else _needs_the_lines(update)
        # Noted before it is sent: while the sending hangs, the same update may come again.
        self._seen[label.update_id] = is_person and needs
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return label if is_person and needs else None

    async def _send(self, chat_id: int) -> None:
        async with asyncio.timeout(SEND_WITHIN):
            await fixed.say_fixed(self._speaker, chat_id)


def _is_said(update: bytes) -> bool:
    # Somebody who blocked the bot said nothing, and could not be answered.
    return b'"my_chat_member"' not in update


def _needs_the_lines(update: bytes) -> bool:
    danger_words = danger.screen(raw.words(update), danger.current())
    return danger_words is not None or raw.asks_for_help(update)
