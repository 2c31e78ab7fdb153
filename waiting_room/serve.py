"""Compose one process of the room: web, bot, scheduler and delivery, or any one of them."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import logging
import signal
import socket
from collections.abc import Collection, Coroutine, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI

import scheduler.app
from bot import hearing
from bot.telegram.poller import Poller
from bot.telegram.webhook import Webhook, set_webhook
from bot.web_chat import door as web_chat
from scheduler.drift import Drift
from waiting_room import (
    beats,
    clock,
    db,
    far_bells,
    kill_points,
    leases,
    migrations,
    watchdog,
)
from waiting_room.care import inbox
from waiting_room.channels.delivery import Delivery
from waiting_room.errors import StartRefused, StorageRefused
from waiting_room.opening import opened
from waiting_room.settings import Settings
from waiting_room.web import app as web

log = logging.getLogger(__name__)
ROLES = ("web", "bot", "scheduler", "delivery")
# Whoever supervises us waits ten seconds and then kills (P14).
GRACE_SECONDS = 8
# Of glibc's malloc.h.
M_ARENA_MAX = -8


def run(settings: Settings, *, only: Collection[str] = ()) -> None:
    """Serve until told to stop (SIGTERM or SIGINT), then drain and end.

    Raises StartRefused when a part broke, so that whoever supervises starts a whole process.
    """
    kill_points.arm(settings.kill_at)
    _share_one_heap()
    with opened(settings, serving=True), watchdog.watching():
        whole = asyncio.run(_serve(settings, only or ROLES))
        with contextlib.suppress(StorageRefused), db.write() as session:
            beats.leave(session)
    if not whole:
        raise StartRefused("a part of the room broke and the rest stopped; the log says where")


def application(settings: Settings, telegram: Webhook | None = None) -> FastAPI:
    """Every web door in one application."""
    app = web.build(settings, checks={"tables": migrations.fits})
    web_chat.install(app)
    if telegram is not None:
        app.include_router(telegram.router)
    if settings.env == "demo":
        app.state.jump = Jump(settings)
    return app


class Jump:
    """The demo's clock: moves care time step by step and lets every tick see each step."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, hours: int) -> None:
        """Jump this many hours ahead: by the hour for three days, in longer steps for more."""
        step = 1 if hours <= 72 else 3
        for done in range(0, hours, step):
            clock.advance(timedelta(hours=min(step, hours - done)))
            scheduler.app.turn(self._settings, clock.now())


async def _serve(settings: Settings, roles: Collection[str]) -> bool:
    """Run these roles until told to stop; whether none of them broke."""
    told, stop = _told(), asyncio.Event()
    delivery = Delivery(settings)
    telegram = _webhook(settings, delivery)
    web_doors = _web(settings, application(settings, telegram)) if "web" in roles else None
    ticking = scheduler.app.start(settings, whole="scheduler" in roles)
    loops = list(_loops(settings, roles, stop, delivery))
    loops += [Drift(ticking).run(stop)]
    loops += [web_doors.serve()] if web_doors else []
    collect_less_often()
    tasks = [_watched(loop, told) for loop in loops]
    await told.wait()
    stop.set()
    if web_doors is not None:
        web_doors.should_exit = True
    # It waits for the tick under way; the loops beside it must go on ending meanwhile.
    await asyncio.to_thread(ticking.shutdown)
    done, late = await asyncio.wait(tasks, timeout=GRACE_SECONDS) if tasks else (set(), set())
    for task in late:
        task.cancel()
    if telegram is not None:
        await telegram.close()
    return not any(map(_broke, done))


def _share_one_heap() -> None:
    """glibc gives nearly every thread a heap of its own, each of which keeps what it once needed;
    only one thread of ours works at a time anyway. Other C libraries have no such setting."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def _give_back() -> None:
    """What start-up needed and nobody needs any more goes back to the system."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def collect_less_often() -> None:
    """A seventh of all processor time under load went into looking for rubbish among what start-up
    made, which stays for good, and after every 700 new objects, which one letter makes."""
    gc.collect()
    _give_back()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _told() -> asyncio.Event:
    """Set by SIGTERM and SIGINT."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, told.set)
    return told


def _loops(
    settings: Settings, roles: Collection[str], stop: asyncio.Event, delivery: Delivery
) -> Iterator[Coroutine[Any, Any, object]]:
    """The loops of these roles; each notes a beat every time round."""
    if leases.needed():
        yield far_bells.run(stop)
    if "delivery" in roles:
        yield delivery.run(stop, beat=_beat)
    if "bot" not in roles:
        return
    # Where several can write, what hangs on one chat leaves a hand for the others.
    for _ in range(2 if leases.needed() else 1):
        yield hearing.run_worker(stop, beat=partial(_beat, "inbox"))
    if settings.telegram_mode == "webhook":
        # Once, and no polling beside it: Telegram brings updates one way or the other.
        yield set_webhook(settings)
        return
    tokens = {inbox.PATIENTS: settings.telegram_token, inbox.STAFF: settings.staff_telegram_token}
    for bot, token in tokens.items():
        if token:
            speaker = delivery.speaker if bot == inbox.PATIENTS else None
            name = f"poller {bot}"
            poller = Poller(bot, token, settings, speaker=speaker, beat=partial(_beat, name))
            lease, work = leases.name_of(name, token), partial(poller.run, stop)
            # Who is in danger is answered also while storage, and with it every lease, is away.
            yield leases.alone(lease, work, stop, through_outage=True)


def _beat(name: str) -> None:
    beats.note(name, wall=clock.wall())


def _webhook(settings: Settings, delivery: Delivery) -> Webhook | None:
    if settings.telegram_mode != "webhook":
        return None
    return Webhook(settings, speaker=delivery.speaker)


def _watched(loop: Coroutine[Any, Any, object], told: asyncio.Event) -> asyncio.Task[object]:
    """A loop that ends by an error takes the process with it: the supervisor starts a whole one."""

    def ended(task: asyncio.Task[object]) -> None:
        if error := _broke(task):
            log.critical("a loop broke; stopping so that a whole process can start", exc_info=error)
            told.set()

    task = asyncio.create_task(loop)
    task.add_done_callback(ended)
    return task


def _broke(task: asyncio.Task[object]) -> BaseException | None:
    # Asking a cancelled task for its error would raise; being cancelled is our own doing.
    return None if task.cancelled() else task.exception()


class _Doors(uvicorn.Server):
    """The web doors, on a socket that is ours already."""

    def __init__(self, config: uvicorn.Config, door: socket.socket) -> None:
        super().__init__(config)
        self._door = door

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer until `should_exit`."""
        await super().serve(sockets or [self._door])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to us: uvicorn raises them again, and that ends us before we drained."""
        yield


def _web(settings: Settings, app: FastAPI) -> _Doors:
    # Without a public address nobody else is meant to come in: a demo stays on its machine.
    host = "0.0.0.0" if settings.public_url else "127.0.0.1"
    try:
        # Before any loop runs: a port in use is one line for an administrator, not half a start.
        door = socket.create_server((host, settings.port))
    except OSError as trouble:
        raise StartRefused(f"PORT: {settings.port} cannot be used: {trouble.strerror}") from None
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=2
    )
    return _Doors(config, door)
