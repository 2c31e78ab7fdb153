"""The fake Bot API as a process: `python -m benchmarks.telegram.server --latency 0.05`.

It speaks HTTP/1.1 by hand, because it must cost far less than the bot it measures. It prints its
port, then obeys commands on standard input, one JSON a line, and answers each with one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import sys
import time
from functools import partial
from typing import Any

from benchmarks.telegram.meter import Meter

LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
LINE = re.compile(rb"POST /bot([^/]+)/(\w+)|GET /bot([^/]+)/(\w+)")
ME = (
    b'{"id":7000000001,"is_bot":true,"first_name":"Sample Room","username":"SampleRoomBot",'
    b'"can_join_groups":false,"can_read_all_group_messages":false,"supports_inline_queries":false}'
)
YES = b'{"ok":true,"result":true}'
TOO_MANY = (
    b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1",'
    b'"parameters":{"retry_after":1}}'
)
CONFLICT = b'{"ok":false,"error_code":409,"description":"Conflict: terminated by other getUpdates"}'
LONG_POLL = 25.0


class World:
    """All bots, by token, and how this Telegram behaves."""

    def __init__(self, latency: float, limit: int) -> None:
        self.latency, self.limit = latency, limit
        self.meters: dict[str, Meter] = {}
        self.message_id = 1
        self.polling: dict[str, Door] = {}

    def meter(self, token: str) -> Meter:
        """The meter of this bot."""
        return self.meters.setdefault(token, Meter())

    def refuses(self, meter: Meter, chat: int) -> bool:
        """Whether this message is one too many for the limits of its bot, as far as they are
        known."""
        return bool(self.limit) and meter.is_too_many(chat, self.limit)


class Door(asyncio.Protocol):
    """One connection."""

    def __init__(self, world: World) -> None:
        self.world, self.loop = world, asyncio.get_running_loop()
        self.buffer = b""
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connected."""
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever polled here polls no more."""
        self.transport = None
        gone = [token for token, door in self.world.polling.items() if door is self]
        for token in gone:
            del self.world.polling[token]

    def data_received(self, data: bytes) -> None:
        """Cut requests apart; each is answered after the latency."""
        self.buffer += data
        while (head := self.buffer.find(b"\r\n\r\n")) >= 0:
            found = LENGTH.search(self.buffer, 0, head)
            end = head + 4 + (int(found[1]) if found else 0)
            if len(self.buffer) < end:
                return
            line, body = self.buffer[:head], self.buffer[head + 4 : end]
            self.buffer = self.buffer[end:]
            self.act(line, body)

    def act(self, head: bytes, body: bytes) -> None:
        """One request."""
        asked = LINE.match(head)
        if asked is None:
            self.answer(YES)
            return
        token, method = (asked[1] or asked[3]).decode(), (asked[2] or asked[4]).lower()
        meter = self.world.meter(token)
        if method == b"sendmessage":
            # Telegram has it after half of the way there and back.
            self.loop.call_later(self.world.latency / 2, partial(self.send, meter, body))
        elif method == b"getupdates":
            self.poll(token, meter, body)
        else:
            me = method == b"getme"
            self.later(b'{"ok":true,"result":' + ME + b"}" if me else YES)

    def send(self, meter: Meter, body: bytes) -> None:
        """A message arrived: count it, then let the answer travel back."""
        world = self.world
        chat = meter.chat_of(body)
        if world.refuses(meter, chat):
            meter.refused += 1
            self.loop.call_later(world.latency / 2, partial(self.answer, TOO_MANY, 429))
            return
        meter.heard(chat)
        world.message_id += 1
        words = b'{"ok":true,"result":{"message_id":%d,"date":%d,"chat":{"id":%d,' % (
            world.message_id,
            int(time.time()),
            chat,
        )
        answer = words + b'"type":"private","first_name":"Sample"},"text":"ok"}}'
        self.loop.call_later(world.latency / 2, partial(self.answer, answer))

    def poll(self, token: str, meter: Meter, body: bytes) -> None:
        """A long poll: at most one a bot, as with Telegram."""
        before = self.world.polling.get(token)
        if before is not None and before is not self:
            # Two pollers spoil a measurement; the harness refuses such a run.
            meter.pollers = 2
            self.later(CONFLICT, 409)
            return
        self.world.polling[token] = self
        meter.pollers = max(meter.pollers, 1)
        meter.confirm(body)
        self.loop.create_task(self.hand_out(token, meter))

    async def hand_out(self, token: str, meter: Meter) -> None:
        """Answer when there is something, and not sooner than a line takes."""
        asked = self.loop.time()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(meter.news.wait(), LONG_POLL)
        # What was there already takes the whole way; what came meanwhile only the way back.
        waited = self.loop.time() - asked
        await asyncio.sleep(max(self.world.latency / 2, self.world.latency - waited))
        if self.world.polling.get(token) is self:
            del self.world.polling[token]
        self.answer(meter.batch())

    def later(self, answer: bytes, status: int = 200) -> None:
        """Answer after the latency."""
        self.loop.call_later(self.world.latency, partial(self.answer, answer, status))

    def answer(self, body: bytes, status: int = 200) -> None:
        """Write one answer, unless nobody is there any more."""
        if self.transport is not None:
            self.transport.write(
                b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                % (status, len(body))
                + body
            )


class Orders:
    """What the harness may ask for; each method is one command."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: set[asyncio.Task[None]] = set()

    async def offer(self, token: str, first: int, count: int, text: str, rate: float = 0) -> Any:
        """Offer messages of so many chats: all at once, or at this rate while others happen."""
        meter, chats = self._world.meter(token), range(first, first + count)
        if rate:
            task = asyncio.create_task(meter.put_evenly(chats, text, rate))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return count
        for chat in chats:
            meter.put(chat, f"{text} {chat}")
        return count

    async def answered(self, token: str, count: int, seconds: float) -> Any:
        """Wait until so many chats were answered."""
        return await self._until(lambda: len(self._world.meter(token).took) >= count, seconds)

    async def sent(self, token: str, count: int, seconds: float) -> Any:
        """Wait until so many messages arrived."""
        return await self._until(lambda: self._world.meter(token).sent >= count, seconds)

    async def _until(self, reached: Any, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not reached() and time.monotonic() < until:
            await asyncio.sleep(0.005)
        return bool(reached())

    async def report(self, token: str) -> Any:
        """Everything measured since the last `clear`."""
        return self._world.meter(token).report()

    async def moments(self, token: str) -> Any:
        """When each chat spoke and was written to, by the clock all processes here share."""
        meter = self._world.meter(token)
        return {"offered": meter.offered, "sends": meter.sends}

    async def clear(self, token: str) -> Any:
        """Begin to measure anew."""
        self._world.meter(token).clear()
        return True


async def _serve(latency: float, limit: int) -> None:
    world, loop = World(latency, limit), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Door(world), "127.0.0.1", 0, backlog=1_000)
    _say({"port": server.sockets[0].getsockname()[1]})
    commands, orders = asyncio.StreamReader(limit=2**24), Orders(world)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    # The end of standard input is the end of whoever started us, however that came.
    async for line in commands:
        order = json.loads(line)
        _say(await getattr(orders, order.pop("do"))(**order))


def _say(what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    told = argparse.ArgumentParser()
    told.add_argument("--latency", type=float, default=0.05)
    told.add_argument("--limit", type=int, default=0)
    chosen = told.parse_args()
    asyncio.run(_serve(chosen.latency, chosen.limit))
