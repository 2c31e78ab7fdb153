"""Webhook delivery: in order for each chat and kind, tried again until it is taken or too old."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from tests.fakes.bot_api.updates import Pending
from tests.fakes.bot_api.world import Bot, Webhook, World

Lane = tuple[str, int]

LONGEST_PAUSE = 60.0
LONGEST_RETRY_AFTER = 3600.0
GONE_FOR = 23 * 3600
NOT_BY_WEBHOOK = ("deletewebhook", "setwebhook", "close", "logout")


@dataclass
class Attempts:
    """How often one update failed and when it is due again (on the event loop's clock)."""

    failed: int = 0
    pause: float = 1.0
    due: float = 0.0


class Pushing:
    """Pushes one bot's updates for as long as it has a webhook."""

    def __init__(self, world: World, bot: Bot, *, run: Any, haste: float = 1.0) -> None:
        self._world = world
        self._bot = bot
        self._run = run
        #: 1 is Telegram's own back-off; 0.01 makes it a hundred times quicker.
        self.haste = haste
        self.news = asyncio.Event()
        self._busy: set[Lane] = set()
        self._attempts: dict[int, Attempts] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Push until cancelled."""
        loop = asyncio.get_running_loop()
        timeout = aiohttp.ClientTimeout(total=60)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            try:
                while True:
                    self.news.clear()
                    pause = self._start_due(session, loop.time())
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self.news.wait(), pause)
            finally:
                for task in self._tasks:
                    task.cancel()

    def _start_due(self, session: aiohttp.ClientSession, now: float) -> float | None:
        """Start what may go now; return the seconds until the next may."""
        hook, pauses = self._bot.webhook, []
        if hook is None:
            return None
        with self._world.lock:
            self._world.expire(self._bot)
            for lane, entry in self._heads().items():
                wait = self._attempts.setdefault(entry.update_id, Attempts()).due - now
                if wait > 0:
                    pauses.append(wait)
                elif len(self._busy) < hook.max_connections:
                    self._busy.add(lane)
                    self._start(session, hook, entry)
        return min(pauses, default=None)

    def _heads(self) -> dict[Lane, Pending]:
        """Return the next update of each lane that has none under way."""
        heads: dict[Lane, list[Pending]] = {}
        rule = self._world.faults.in_force("reorder", self._bot.token)
        window = rule.window if rule else 1
        for entry in self._bot.queue.first(len(self._bot.queue)):
            if entry.lane not in self._busy and len(heads.setdefault(entry.lane, [])) < window:
                heads[entry.lane].append(entry)
        return {lane: self._world.dice.choice(entries) for lane, entries in heads.items()}

    def _start(self, session: aiohttp.ClientSession, hook: Webhook, entry: Pending) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(session, hook, entry))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, session: aiohttp.ClientSession, hook: Webhook, entry: Pending) -> None:
        try:
            for _ in range(1 + self._world.copies(self._bot)):
                self._world.handed(self._bot, [entry])
                await self._post(session, hook, entry)
            with self._world.lock:
                if self._bot.queue.forget(entry.update_id):
                    self._world.confirm(self._bot, [entry])
            self._attempts.pop(entry.update_id, None)
            hook.gone_since = 0.0
        except (aiohttp.ClientError, TimeoutError, OSError) as trouble:
            self._failed(hook, entry, trouble)
        finally:
            self._busy.discard(entry.lane)
            self.news.set()

    async def _post(self, session: aiohttp.ClientSession, hook: Webhook, entry: Pending) -> None:
        headers = {"Content-Type": "application/json"}
        if hook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = hook.secret
        body = orjson.dumps(entry.body)
        async with session.post(hook.url, data=body, headers=headers) as answer:
            said = await answer.read()
            answer.raise_for_status()
            if not 200 <= answer.status <= 299:
                raise aiohttp.ClientPayloadError(f"{answer.status} {answer.reason}")
        await self._obey(said)

    async def _obey(self, said: bytes) -> None:
        """Carry out a method given in the webhook's answer."""
        try:
            wish = orjson.loads(said or b"{}")
        except orjson.JSONDecodeError:
            return
        method = wish.pop("method", "").lower() if isinstance(wish, dict) else ""
        if method and method not in NOT_BY_WEBHOOK and not method.startswith("get"):
            await self._run(self._bot, method, wish)

    def _failed(self, hook: Webhook, entry: Pending, trouble: Exception) -> None:
        """Plan the next try: at once after the first failure, then 2, 4, 8 … seconds."""
        now = self._world.clock.now()
        tries = self._attempts.setdefault(entry.update_id, Attempts())
        wait = _retry_after(trouble)
        if not wait and tries.failed:
            longest = LONGEST_PAUSE * self._world.dice.uniform(1, 2)
            tries.pause = wait = min(tries.pause * 2, longest)
        tries.failed += 1
        tries.due = asyncio.get_running_loop().time() + wait * self.haste
        hook.error_date, hook.error_message = int(now), _described(trouble)
        if getattr(trouble, "status", 0) != 410:
            hook.gone_since = 0.0
        elif not hook.gone_since:
            hook.gone_since = now
        elif now - hook.gone_since > GONE_FOR:
            self._bot.webhook = None
        self._world.touch()

    def failures(self) -> Counter[int]:
        """Return how often each waiting update failed so far."""
        return Counter({number: tries.failed for number, tries in self._attempts.items()})


def _retry_after(trouble: Exception) -> float:
    headers = getattr(trouble, "headers", None) or {}
    asked = str(headers.get("Retry-After", ""))
    return min(float(asked), LONGEST_RETRY_AFTER) if asked.isdigit() else 0.0


def _described(trouble: Exception) -> str:
    if isinstance(trouble, aiohttp.ClientResponseError):
        return f"Wrong response from the webhook: {trouble.status} {trouble.message}"
    if isinstance(trouble, TimeoutError):
        return "Read timeout expired"
    return f"Connection failed: {trouble}"
