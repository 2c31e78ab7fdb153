"""Runs a fake Bot API: a thread with an event loop of its own, and a door for control."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from aiohttp import web

from tests.fakes.bot_api.control import Control
from tests.fakes.bot_api.server import Server
from tests.fakes.bot_api.world import Clock, World


class Host:
    """One world, its server, and a second port that stays open when the first refuses."""

    def __init__(
        self, *, port: int, control_port: int, now: Callable[[], float], seed: int
    ) -> None:
        self.world = World(clock=Clock(now), seed=seed)
        self.loop = asyncio.new_event_loop()
        self.server = Server(self.world, port=port)
        self.control = Control(self.world, self.server, self.loop)
        self.server.control = self.control.http
        self.control_port = control_port
        self._door: web.AppRunner | None = None
        self._thread = threading.Thread(target=self._run, name="bot-api", daemon=True)

    def start(self) -> None:
        """Listen; returns when connections are accepted."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self.loop).result(10)

    def stop(self) -> None:
        """Close everything and end the thread."""
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    async def _open(self) -> None:
        await self.server.start()
        app = web.Application(client_max_size=60 * 2**20)
        app.router.add_post("/control/{verb}", self.control.http)
        self._door = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._door.setup()
        await web.TCPSite(self._door, self.server.host, self.control_port).start()
        self.control_port = int(self._door.addresses[0][1])

    async def _close(self) -> None:
        await self.server.stop()
        if self._door is not None:
            await self._door.cleanup()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
