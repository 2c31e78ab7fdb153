"""Fetches updates, stores them, and only then lets Telegram forget them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import datetime

from bot import inbox, raw
from bot.telegram import updates
from bot.telegram.api import Api, Refusal, Trouble
from bot.telegram.door import FAREWELL, Door
from bot.telegram.patience import Backoff, Conflict, Pace
from waiting_room import clock, db
from waiting_room.care import alerts
from waiting_room.care.colours import Colour
from waiting_room.channels.fixed import Speaker
from waiting_room.errors import StorageRefused
from waiting_room.kill_points import reached
from waiting_room.leases import Held
from waiting_room.settings import Settings

SECOND_POLLER = "second poller"
# 404 for what has not the shape of a token, 401 for one that is not known, or not any more.
WRONG_TOKEN = (401, 404)

log = logging.getLogger(__name__)


class Poller:
    """Polls for one bot. At most one may run for a token; a lease is taken around `run`.

    While storage refuses there is nobody to ask whose the lease is. Then it goes on, for somebody
    in danger must be answered, until Telegram says that another one polls.
    """

    def __init__(
        self,
        bot: str,
        token: str,
        settings: Settings,
        *,
        speaker: Speaker | None = None,
        pace: Pace | None = None,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._bot = bot
        self._address = (settings.telegram_api, token)
        self._speaker = speaker
        self._pace = pace or Pace()
        self._beat = beat

    async def run(self, stop: asyncio.Event, held: Held | None = None) -> None:
        """Poll until told to stop. Trouble with Telegram or storage is waited out."""
        async with Api(*self._address) as api:
            door = Door(self._bot, api, self._speaker, pace=self._pace, held=held)
            polling = _Polling(self._bot, api, door, self._pace, held)
            stopped = asyncio.create_task(stop.wait())
            try:
                await self._poll(polling, stopped)
            finally:
                stopped.cancel()
                await polling.close()
                await door.close()

    async def _poll(self, polling: _Polling, stopped: asyncio.Task[bool]) -> None:
        while not stopped.done() and not polling.stands_back:
            self._beat()
            # A long poll lasts 25 seconds; told to stop, the process must not wait for its end.
            pause = await _unless(stopped, polling.round())
            if pause:
                await asyncio.wait({stopped}, timeout=pause)


class _Polling:
    """One run of a poller: its offset, what is being stored, and what went wrong lately."""

    def __init__(self, bot: str, api: Api, door: Door, pace: Pace, held: Held | None) -> None:
        self._bot, self._api, self._door, self._pace = bot, api, door, pace
        self._held = held
        self.stands_back = False
        self._offset: int | None = None
        self._began = False
        self._storing: asyncio.Task[bool] | None = None
        self._next: int | None = None
        self._backoff = Backoff(pace)
        self._conflict = Conflict(pace)
        self._said = ""

    async def round(self) -> float:
        """Fetch once and store what came; returns how long to pause before the next round."""
        try:
            if not self._began:
                await self._begin()
            batch = await self._api.updates(
                self._offset, wait=self._pace.poll, kinds=updates.ALLOWED
            )
        except Trouble as trouble:
            return await self._after(trouble)
        self._backoff.reset()
        self._said = ""
        reached("updates fetched", len(batch))
        if not batch or await self._keep(batch):
            return 0
        return self._pace.first

    async def close(self) -> None:
        """What is being stored may end; then it need not come again."""
        if self._storing is not None:
            await asyncio.wait({self._storing}, timeout=FAREWELL)

    async def _begin(self) -> None:
        # While one is set, getUpdates is refused; waiting updates are kept.
        await self._api.ask("deleteWebhook")
        with suppress(StorageRefused):
            # Without our own offset Telegram begins at the oldest it still has: just as safe.
            self._offset = await asyncio.to_thread(inbox.next_offset, self._bot)
        self._began = True

    async def _keep(self, batch: Sequence[bytes]) -> bool:
        """True once stored, and then the offset moves. While storage hangs we go on fetching from
        the same place, so that somebody new in danger is answered too."""
        if self._storing is None:
            self._next = _after_last(batch)
            storing = self._door.store(batch, next_offset=self._next)
            self._storing = asyncio.create_task(storing)
        await asyncio.wait({self._storing}, timeout=self._pace.answer)
        stored = self._storing.done() and self._storing.result()
        if self._storing.done():
            self._storing = None
        if stored:
            reached("offset not moved")
            # Only here, once it is on disk: with the next question Telegram forgets what came
            # before it.
            self._offset = self._next or self._offset
        else:
            await self._door.answer_danger(batch)
        return stored

    async def _after(self, trouble: Trouble) -> float:
        """Say what is wrong, once, and how long to wait."""
        if not isinstance(trouble, Refusal):
            self._say(f"telegram cannot be reached ({trouble})")
        elif trouble.code == 409:
            return await self._after_conflict(trouble)
        elif trouble.code in WRONG_TOKEN:
            self._say("telegram does not know this token; check it with BotFather")
            return self._pace.longest
        else:
            self._say(f"telegram refuses to hand out updates ({trouble.code})")
            return max(trouble.pause, self._backoff.next())
        return self._backoff.next()

    async def _after_conflict(self, refusal: Refusal) -> float:
        self.stands_back = self._held is not None and not self._held.sure
        if self.stands_back:
            return 0
        self._say("another program fetches updates with this bot's token; only one may")
        # A webhook somebody set is one way to listen in: it is taken away again.
        self._began = self._began and "webhook" not in refusal.why
        if self._conflict.noticed() and await asyncio.to_thread(_tell, clock.now()):
            self._conflict.reported()
        return self._pace.conflict

    def _say(self, what: str) -> None:
        if what != self._said:
            log.error("%s bot: %s", self._bot, what)
        self._said = what


def _after_last(batch: Sequence[bytes]) -> int | None:
    """The id after the last of this batch: ids may begin anew, so the highest proves nothing."""
    numbers = [raw.label(update).update_id for update in batch]
    known = [number for number in numbers if number >= 0]
    return known[-1] + 1 if known else None


def _tell(now: datetime) -> bool:
    cause = alerts.Cause(Colour.AMBER, SECOND_POLLER)
    try:
        with db.write() as session:
            alerts.raise_(session, cause, now=now)
    except StorageRefused as refusal:
        log.error("the alert about a second poller must wait: %s", refusal)
        return False
    return True


async def _unless(stopped: asyncio.Task[bool], doing: Coroutine[None, None, float]) -> float:
    """Do it, but drop it when told to stop."""
    task = asyncio.create_task(doing)
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else 0
    finally:
        # Also when we are cancelled: another process may poll from now on.
        task.cancel()
        await asyncio.wait({task})
