"""What polling and webhook do alike: store updates, answer danger from memory when that fails, and
do what is owed at once and may be lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from bot import inbox, raw
from bot.telegram import updates
from bot.telegram.api import Api, Refusal, Trouble
from bot.telegram.degraded import Degraded
from bot.telegram.patience import Pace
from waiting_room import clock
from waiting_room.channels.fixed import Speaker
from waiting_room.errors import StorageRefused
from waiting_room.leases import Held

FAREWELL = 2.0

log = logging.getLogger(__name__)


class Door:
    """Where the updates of one bot come in. The staff's bot has no fixed lines to say."""

    def __init__(
        self,
        bot: str,
        api: Api,
        speaker: Speaker | None,
        *,
        pace: Pace | None = None,
        held: Held | None = None,
    ) -> None:
        self._bot = bot
        self._api = api
        self._held = held
        self._patience = (pace or Pace()).answer
        self._degraded = Degraded(speaker) if speaker else None
        self._errands: set[asyncio.Task[None]] = set()

    async def keep(self, batch: Sequence[bytes]) -> bool:
        """Store these; True once nothing of it can be lost. If storage lets people wait, whoever
        is in danger is given the lines; if it refuses, everybody: Telegram keeps back what they
        write next until this one was taken, and we would never see it."""
        # A task of its own: it goes on when we stop waiting, and what it stores is not stored in
        # vain.
        storing = asyncio.create_task(self.store(batch))
        await asyncio.wait({storing}, timeout=self._patience)
        if not storing.done():
            await self.answer_danger(batch)
        stored = await storing
        if not stored:
            await self.answer_danger(batch, everybody=True)
        return stored

    async def store(self, batch: Sequence[bytes], *, next_offset: int | None = None) -> bool:
        """Put these on disk, then run the errands they bring; False when storage refused."""
        store = asyncio.to_thread(
            inbox.store,
            self._bot,
            batch,
            next_offset=next_offset,
            now=clock.now(),
            held=self._held,
        )
        try:
            await store
        except StorageRefused as refusal:
            log.error("storage refuses what the %s wrote: %s", self._bot, refusal)
            return False
        for update in batch:
            self._start_errand(update)
        return True

    async def answer_danger(self, batch: Sequence[bytes], *, everybody: bool = False) -> None:
        """Say the fixed lines to whoever needs them, from memory."""
        if self._degraded is None:
            return
        answered = await self._degraded.answer(batch, everybody=everybody)
        if answered:
            log.error("%s answered with the fixed lines", answered)

    async def close(self) -> None:
        """Let the errands under way end, but not for long."""
        if self._errands:
            await asyncio.wait(self._errands, timeout=FAREWELL)

    def _start_errand(self, update: bytes) -> None:
        # Most updates bring none, and looking at the bytes costs nothing.
        if b'"callback_query"' not in update and b'group"' not in update:
            return
        errand = asyncio.create_task(self._run_errand(raw.load(update) or {}))
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)

    async def _run_errand(self, update: updates.Json) -> None:
        """Leave a group; tell the phone that its press arrived."""
        group, query = updates.group_of(update), updates.query_of(update)
        try:
            if query is not None:
                await self._api.ask("answerCallbackQuery", callback_query_id=query)
            if group is not None:
                await self._api.ask("leaveChat", chat_id=group)
        except Refusal as refusal:
            # "Query is too old" is no error: the press itself is stored.
            log.info("telegram refused an errand: %s", refusal.code)
        except Trouble as trouble:
            log.info("an errand was lost: %s", trouble)
