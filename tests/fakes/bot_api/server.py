"""The fake Bot API over HTTP: requests, faults, limits, long polls and webhooks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import orjson
from aiohttp import web

from tests.fakes.bot_api import errors
from tests.fakes.bot_api.call import Call, as_integer
from tests.fakes.bot_api.errors import ApiError, too_many
from tests.fakes.bot_api.faults import Fault
from tests.fakes.bot_api.methods import LIMITED, run
from tests.fakes.bot_api.polling import Polling
from tests.fakes.bot_api.pushing import Pushing
from tests.fakes.bot_api.world import Bot, Json, World

BAD_GATEWAY = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
    b"<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)
Files = dict[str, tuple[str, bytes]]


class Cut(Exception):
    """The connection is to be cut without an answer."""


class Server:
    """Serves one world; every coroutine runs on the loop it was started on."""

    def __init__(self, world: World, *, port: int = 0) -> None:
        self.world = world
        self.host, self.port = "127.0.0.1", port
        self.control: Callable[[web.Request], Awaitable[web.StreamResponse]] = self._nothing
        self.polling = Polling()
        self.haste = 1.0
        self._pushing: dict[str, tuple[Pushing, asyncio.Task[None]]] = {}
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Listen; an ephemeral port is kept for later re-openings."""
        self._loop = asyncio.get_running_loop()
        app = web.Application(client_max_size=60 * 2**20)
        app.router.add_route("*", "/bot{token:[^/]+}/{method}", self._api)
        app.router.add_get("/file/bot{token:[^/]+}/{path:.*}", self._file)
        app.router.add_post("/control/{verb}", self.control)
        app.router.add_route("*", "/{rest:.*}", self._nothing)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self.open()
        self.world.listeners.append(self._wake)

    async def open(self) -> None:
        """Accept connections (again)."""
        if self._site is None and self._runner is not None:
            self._site = web.TCPSite(self._runner, self.host, self.port, reuse_address=True)
            await self._site.start()
            self.port = int(self._runner.addresses[0][1])

    async def refuse(self) -> None:
        """Refuse new connections and cut those that are open."""
        if self._site is not None and self._runner is not None and self._runner.server:
            await self._site.stop()
            self._site = None
            for connection in list(self._runner.server.connections):
                if connection.transport is not None:
                    connection.transport.abort()

    async def stop(self) -> None:
        """Stop everything."""
        self.world.listeners.remove(self._wake)
        self.world.faults.remove()
        tasks = [task for _, task in self._pushing.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.refuse()
        if self._runner is not None:
            await self._runner.cleanup()

    def failures(self, token: str) -> Json:
        """Return the failed webhook tries of updates still waiting."""
        if token not in self._pushing:
            return {}
        return {str(update): count for update, count in self._pushing[token][0].failures().items()}

    def _wake(self, token: str) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._look, token)

    def _look(self, token: str) -> None:
        """Bring the poller and the pusher of a bot up to date."""
        bot = self.world.bots[token]
        self.polling.wake(token)
        if bot.webhook and token not in self._pushing:
            self.polling.end(token, errors.WEBHOOK_TAKES_OVER)
            pushing = Pushing(self.world, bot, run=self._quietly, haste=self.haste)
            task = asyncio.get_running_loop().create_task(pushing.run())
            self._pushing[token] = pushing, task
        elif token in self._pushing and not bot.webhook:
            self._pushing.pop(token)[1].cancel()
        if token in self._pushing:
            self._pushing[token][0].news.set()

    async def _quietly(self, bot: Bot, method: str, args: Json) -> None:
        with suppress(ApiError):
            run(Call(self.world, bot, args), method)

    async def _nothing(self, request: web.Request) -> web.Response:
        return _json(ApiError(404, errors.NOT_FOUND).body(), 404)

    async def _file(self, request: web.Request) -> web.Response:
        bot = self.world.bots.get(request.match_info["token"])
        for kept in bot.files.values() if bot else ():
            if kept["path"] == request.match_info["path"]:
                return web.Response(body=kept["content"].encode("latin-1"))
        return _json(ApiError(404, errors.NOT_FOUND).body(), 404)

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"].lower()
        line: Json = {
            "token": request.match_info["token"],
            "method": method,
            "at": time.monotonic(),
            "time": self.world.clock.now(),
            "status": 0,
        }
        self.world.calls.append(line)
        try:
            args, files = await _arguments(request)
            line["chat_id"] = as_integer(args.get("chat_id"))
            body, status = await self._answer(request, line, args=args, files=files)
        except ApiError as refusal:
            body, status = refusal.body(), refusal.code
        except Cut:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        line["status"] = status
        line["description"] = body.get("description", "") if isinstance(body, dict) else ""
        self.world.touch()
        return _html(body, status) if isinstance(body, bytes) else _json(body, status)

    async def _answer(
        self, request: web.Request, line: Json, *, args: Json, files: Files
    ) -> tuple[Any, int]:
        token, method, chat = line["token"], line["method"], line["chat_id"]
        bot = self._bot(token)
        fault = self.world.faults.pick("before", token, method=method, chat=chat)
        if fault:
            line["fault"] = fault.how
            early = await self._suffer(fault, request)
            if early:
                return early
        if method in LIMITED and (seconds := self.world.limits.retry_after(token, chat)):
            raise too_many(seconds)
        call = Call(self.world, bot, args, files)
        if method == "getupdates":
            result: Any = await self.polling.get_updates(call, lambda: request.transport is None)
        else:
            result = run(call, method)
        fault = self.world.faults.pick("after", token, method=method, chat=chat)
        if fault:
            line["fault"] = fault.how
            await self._suffer(fault, request)
        return {"ok": True, "result": result}, 200

    def _bot(self, token: str) -> Bot:
        if token in self.world.bots:
            return self.world.bots[token]
        number, _, secret = token.partition(":")
        if number.isdigit() and secret:
            raise ApiError(401, errors.UNAUTHORIZED)
        raise ApiError(404, errors.NOT_FOUND)

    async def _suffer(self, fault: Fault, request: web.Request) -> tuple[Any, int] | None:
        """Do what the fault does; return an answer when it gives one."""
        if fault.how in ("reset", "drop_reply"):
            raise Cut
        if fault.how in ("black_hole", "swallow_reply"):
            await self._hang(fault, lambda: request.transport is None)
            raise Cut
        if fault.how in ("delay", "slow_reply"):
            await asyncio.sleep(fault.seconds)
            return None
        if fault.how == "flood":
            raise too_many(fault.retry_after())
        if fault.how == "conflict":
            raise ApiError(409, errors.OTHER_POLLER)
        if fault.status == 502 and not fault.description:
            return BAD_GATEWAY, 502
        raise ApiError(fault.status, fault.description or "Internal Server Error")

    async def _hang(self, fault: Fault, gone: Callable[[], bool]) -> None:
        """Hold the connection until the fault ends or the caller gives up."""
        while self.world.faults.holds(fault.number) and not gone():
            await asyncio.sleep(0.02)


async def _arguments(request: web.Request) -> tuple[Json, Files]:
    args: Json = dict(request.query)
    files: Files = {}
    if request.content_type == "application/json":
        body = await request.read()
        return {**args, **(orjson.loads(body) if body else {})}, files
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = (value.filename, value.file.read())
        else:
            args[name] = value
    return args, files


def _json(body: Any, status: int) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


def _html(body: bytes, status: int) -> web.Response:
    return web.Response(body=body, status=status, content_type="text/html")
