"""What a test may do to the fake: the same verbs in this process and, over HTTP, in another."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
from aiohttp import web

from tests.fakes.bot_api.faults import Fault
from tests.fakes.bot_api.people import People, Refusal, on_screen
from tests.fakes.bot_api.server import Server
from tests.fakes.bot_api.world import Bot, Chat, Json, World

LONGEST_WAIT = 20.0


class Control:
    """Verbs with plain arguments and JSON answers; call them from outside the server's loop."""

    def __init__(self, world: World, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self._world = world
        self._server = server
        self._loop = loop
        self._people = People(world)
        self._threads = ThreadPoolExecutor(32, thread_name_prefix="control")

    def call(self, verb: str, args: Json) -> Any:
        """Carry out one verb."""
        if verb.startswith("_") or verb in ("call", "http") or not hasattr(self, verb):
            raise ValueError(f"no such verb: {verb}")
        return getattr(self, verb)(**args)

    async def http(self, request: web.Request) -> web.StreamResponse:
        """Carry out POST /control/<verb> with its arguments as a JSON object."""
        args = orjson.loads(await request.read() or b"{}")
        verb = request.match_info["verb"]
        loop = asyncio.get_running_loop()
        try:
            result = await loop.run_in_executor(self._threads, self.call, verb, args)
        except (ValueError, KeyError, TypeError) as trouble:
            kind = type(trouble).__name__
            return _said({"ok": False, "kind": kind, "error": str(trouble)}, 400)
        return _said({"ok": True, "result": result}, 200)

    def address(self) -> str:
        """Return the base address of the Bot API."""
        return f"http://{self._server.host}:{self._server.port}"

    def add_bot(self, token: str, username: str, name: str) -> None:
        """Make a token valid; a second time changes nothing."""
        with self._world.lock:
            if token not in self._world.bots:
                bot = Bot(token, dice=self._world.dice, username=username, name=name)
                self._world.bots[token] = bot

    def remove_bot(self, token: str) -> None:
        """Revoke a token."""
        with self._world.lock:
            self._world.bots.pop(token)

    def add_chat(self, token: str, chat: int, user: Json, title: str = "") -> None:
        """Let a person meet the bot (or make a group, with a title)."""
        bot = self._world.bots[token]
        known = {"id": chat, "is_bot": False, **user}
        hidden = ("is_bot", "language_code")
        json = {key: value for key, value in known.items() if key not in hidden}
        if title:
            json = {"id": chat, "title": title, "type": "supergroup"}
        with self._world.lock:
            if chat not in bot.chats:
                bot.chats[chat] = Chat(json={"type": "private", **json}, user=known)

    def act(self, token: str, chat: int, verb: str, args: Json) -> int:
        """Let a person do something; return the message's (or update's) id."""
        bot = self._world.bots[token]
        with self._world.lock:
            place = bot.chats[chat]
            if verb.startswith("_") or not hasattr(self._people, verb):
                raise Refusal(f"people cannot {verb!r}")
            mark = self._world.revision
            done = int(getattr(self._people, verb)(bot, place, **args))
            place.mark = mark
            return done

    def crowd(self, token: str, messages: list[tuple[int, str]]) -> list[int]:
        """Let many people speak, in this order; return the ids of their messages."""
        return [self.act(token, chat, "says", {"text": text}) for chat, text in messages]

    def view(self, token: str, chat: int) -> Json:
        """Return what is in a chat, and what the person can press."""
        with self._world.lock:
            place = self._world.bots[token].chats[chat]
            kept = [
                {
                    "json": message.json, "ours": message.ours, "edited": message.edited,
                    "deleted": message.deleted, "revision": message.revision, **message.extra,
                }
                for message in place.messages.values()
            ]  # fmt: skip
            return {
                "messages": kept,
                "on_screen": on_screen(place),
                "mark": place.mark,
                "revision": self._world.revision,
            }

    def wait(self, after: int, timeout: float) -> int:
        """Return the world's revision once it passes `after`, or at the end of the time."""
        return self._world.wait(after, min(timeout, LONGEST_WAIT))

    def ledger(self, token: str) -> Json:
        """Return everything issued, handed over, confirmed, expired and accepted."""
        with self._world.lock:
            bot = self._world.bots[token]
            self._world.expire(bot)
            book = bot.ledger
            return {
                "issued": list(book.issued),
                "handed": {str(number): count for number, count in book.handed.items()},
                "confirmed": {str(number): at for number, at in book.confirmed.items()},
                "expired": list(book.expired),
                "dropped": list(book.dropped),
                "unwanted": list(book.unwanted),
                "accepted": list(book.accepted),
                "waiting": len(bot.queue),
                "answers": {number: query.answer for number, query in bot.queries.items()},
                "settings": dict(bot.settings),
                "webhook_failures": self._server.failures(token),
            }

    def calls(self, token: str = "", method: str = "", after: int = 0) -> list[Json]:
        """Return the requests made, one line each."""
        with self._world.lock:
            return [
                dict(line)
                for line in self._world.calls[after:]
                if token in ("", line["token"]) and method.lower() in ("", line["method"])
            ]

    def suffers(self, **fault: Any) -> int:
        """Put a fault in force; return its number."""
        with self._world.lock:
            return self._world.faults.add(Fault(**fault))

    def recovers(self, number: int = 0) -> None:
        """End one fault, or all."""
        with self._world.lock:
            self._world.faults.remove(number)

    def refuse(self, on: bool) -> None:
        """Refuse connections, or accept them again."""
        work = self._server.refuse() if on else self._server.open()
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def limits(self, per_second: float = 30, per_chat: float = 1, chat_burst: int = 1) -> None:
        """Set Telegram's limits on sending; 0 means none."""
        with self._world.lock:
            self._world.limits.set(per_second, per_chat, chat_burst)

    def tune(self, conflict_pause: float | None = None, haste: float | None = None) -> None:
        """Shorten the pause before a second 409, or the webhook's back-off."""
        if conflict_pause is not None:
            self._server.polling.conflict_pause = conflict_pause
        if haste is not None:
            self._server.haste = haste

    def advance(self, seconds: float) -> float:
        """Let Telegram's calendar jump; return its time."""
        with self._world.lock:
            self._world.clock.advance(seconds)
        self._world.touch()
        return self._world.clock.now()

    def restart_ids(self, token: str, at: int) -> None:
        """Let update ids go on from another number."""
        with self._world.lock:
            self._world.bots[token].queue.restart_at(at)

    def repeat(self, token: str, update_id: int, times: int = 1) -> None:
        """Hand a poller an update again that is still waiting to be confirmed."""
        with self._world.lock:
            bot = self._world.bots[token]
            waiting = bot.queue.first(len(bot.queue))
            found = [entry for entry in waiting if entry.update_id == update_id]
            if not found:
                raise ValueError(f"update {update_id} is confirmed or was never issued")
            bot.echoes += found * times
        self._world.wake(token)


def _said(body: Json, status: int) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
