"""getUpdates: long polling, and what happens when two poll at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fakes.bot_api import errors
from tests.fakes.bot_api.call import Call
from tests.fakes.bot_api.errors import ApiError
from tests.fakes.bot_api.updates import BATCH
from tests.fakes.bot_api.world import Json

LONGEST = 50


@dataclass
class Waiter:
    """One getUpdates that waits for something to say."""

    woken: asyncio.Event = field(default_factory=asyncio.Event)
    ended_by: str = ""

    def end(self, why: str) -> None:
        """End it with a 409."""
        self.ended_by = why
        self.woken.set()


class Polling:
    """At most one poller waits for each bot; a newer one ends the older with a 409."""

    def __init__(self, conflict_pause: float = 3.0) -> None:
        # Telegram answers one conflict at once and holds back the next for three seconds.
        self.conflict_pause = conflict_pause
        self._next_conflict = 0.0
        self._waiting: dict[str, Waiter] = {}

    def wake(self, token: str) -> None:
        """Let the waiting poller look again."""
        if token in self._waiting:
            self._waiting[token].woken.set()

    def end(self, token: str, why: str) -> None:
        """End the waiting poller, if there is one."""
        waiter = self._waiting.pop(token, None)
        if waiter:
            waiter.end(why)

    async def get_updates(self, call: Call, gone: Callable[[], bool]) -> list[Json]:
        """Confirm, then hand out what waits, or wait for it."""
        if call.bot.webhook:
            raise ApiError(409, errors.WEBHOOK_ACTIVE)
        call.allow_updates()
        limit = min(max(call.integer("limit", BATCH), 1), BATCH)
        timeout = min(max(call.integer("timeout"), 0), LONGEST)
        offset = call.integer("offset")
        batch = call.world.take(call.bot, offset, limit)
        if batch or not timeout:
            return batch
        self.end(call.bot.token, errors.OTHER_POLLER)
        waiter = self._waiting[call.bot.token] = Waiter()
        try:
            async with asyncio.timeout(timeout):
                return await self._wait(call, waiter, offset=offset, limit=limit, gone=gone)
        except TimeoutError:
            return []
        finally:
            if self._waiting.get(call.bot.token) is waiter:
                del self._waiting[call.bot.token]

    async def _wait(
        self,
        call: Call,
        waiter: Waiter,
        *,
        offset: int,
        limit: int,
        gone: Callable[[], bool],
    ) -> list[Json]:
        batch: list[Json] = []
        while not batch and not gone():
            await waiter.woken.wait()
            if waiter.ended_by:
                await self._hold_back()
                raise ApiError(409, waiter.ended_by)
            waiter.woken.clear()
            # A caller that was killed meanwhile is handed nothing.
            batch = [] if gone() else call.world.take(call.bot, offset, limit)
        return batch

    async def _hold_back(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() < self._next_conflict:
            await asyncio.sleep(self.conflict_pause)
        self._next_conflict = loop.time() + self.conflict_pause
