"""Compose one process of the room: web, bot, scheduler and delivery, or any one of them."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import signal
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from typing import Any

import uvicorn
from fastapi import FastAPI

import scheduler.app
from bot import hearing
from bot.telegram.poller import Poller
from bot.telegram.webhook import Webhook, set_webhook
from bot.web_chat import door as web_chat
from waiting_room import beats, clock, db, keyring, library, logs, migrations
from waiting_room.care import danger, inbox, providers
from waiting_room.channels.delivery import Delivery
from waiting_room.errors import BadInput, StartRefused, StorageRefused
from waiting_room.settings import Settings
from waiting_room.web import app as web

log = logging.getLogger(__name__)
ROLES = ("web", "bot", "scheduler", "delivery")
CLOCK_FILE = "demo-clock"
GRACE_SECONDS = 8


@contextlib.contextmanager
def opened(settings: Settings, *, serving: bool = False) -> Iterator[None]:
    """Keys, database, tables and words, ready for use; let go of afterwards.

    Raises StartRefused with one line for an administrator.
    """
    logs.set_up(level=settings.log_level, secrets=settings.secrets)
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.ExitStack() as stack:
        if serving and settings.database.startswith("sqlite"):
            stack.enter_context(_only_server(settings))
        sample = settings.env == "demo"
        keyring.use(keyring.open_at(settings.keys_database, settings.key_path, sample=sample))
        stack.callback(_close)
        if sample:
            clock.follow(settings.data / CLOCK_FILE)
        try:
            db.connect(settings.database)
            migrations.upgrade()
            _furnish(settings)
        except StorageRefused as refusal:
            raise StartRefused(f"the database does not answer: {refusal}") from refusal
        if settings.env == "production":
            _check_production()
        yield


def run(settings: Settings, *, only: str = "") -> None:
    """Serve until told to stop (SIGTERM or SIGINT), then drain and end."""
    roles = (only,) if only else ROLES
    with opened(settings, serving=True):
        asyncio.run(_serve(settings, roles))


def application(settings: Settings, telegram: Webhook | None = None) -> FastAPI:
    """Every web door in one application."""
    app = web.build(settings)
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


async def _serve(settings: Settings, roles: tuple[str, ...]) -> None:
    stop = asyncio.Event()
    delivery = Delivery(settings)
    telegram = _webhook(settings, delivery)
    ticking: Any = scheduler.app.start(settings) if "scheduler" in roles else None
    tasks = [
        asyncio.create_task(_guarded(loop)) for loop in _loops(settings, roles, stop, delivery)
    ]
    if "web" in roles:
        await _serve_web(settings, application(settings, telegram))
    else:
        await _wait_for_signal()
    stop.set()
    if ticking is not None:
        ticking.shutdown(wait=False)
    if tasks:
        _done, late = await asyncio.wait(tasks, timeout=GRACE_SECONDS)
        for task in late:
            task.cancel()
    if telegram is not None:
        await telegram.close()


def _loops(
    settings: Settings, roles: tuple[str, ...], stop: asyncio.Event, delivery: Delivery
) -> Iterator[Coroutine[Any, Any, object]]:
    """The loops of these roles; each notes a beat every time round."""
    if "delivery" in roles:
        yield delivery.run(stop, beat=_beat("delivery"))
    if "bot" not in roles:
        return
    yield hearing.run_worker(stop, beat=_beat("inbox"))
    if settings.telegram_mode == "webhook":
        yield set_webhook(settings)
        return
    tokens = {inbox.PATIENTS: settings.telegram_token, inbox.STAFF: settings.staff_telegram_token}
    for bot, token in tokens.items():
        if token:
            speaker = delivery.speaker if bot == inbox.PATIENTS else None
            poller = Poller(bot, token, settings, speaker=speaker, beat=_beat(f"poller {bot}"))
            yield poller.run(stop)


def _beat(name: str) -> Callable[[], None]:
    return lambda: beats.note(name, wall=clock.wall())


def _webhook(settings: Settings, delivery: Delivery) -> Webhook | None:
    if settings.telegram_mode != "webhook":
        return None
    return Webhook(settings, speaker=delivery.speaker)


async def _guarded(loop: Coroutine[Any, Any, object]) -> None:
    """A loop that ends by an error takes the process with it: the supervisor starts a whole one."""
    try:
        await loop
    except asyncio.CancelledError:
        raise
    except BaseException:
        log.critical("a loop broke; stopping so that a whole process can start", exc_info=True)
        signal.raise_signal(signal.SIGTERM)


async def _serve_web(settings: Settings, app: FastAPI) -> None:
    host = "0.0.0.0" if settings.public_url else "127.0.0.1"
    config = uvicorn.Config(
        app,
        host=host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    await uvicorn.Server(config).serve()


async def _wait_for_signal() -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, told.set)
    await told.wait()


def _furnish(settings: Settings) -> None:
    """Words on the shelf, danger rules in memory, a provider's row to stand on."""
    now = clock.now()
    shelf = library.read(settings.content_folder, today=now.date())
    with db.write() as session:
        library.publish(session, shelf, by="folder", now=now)
        providers.found(session, now=now)
    with db.read() as session:
        library.follow(session)
    try:
        danger.use(danger.load(settings.content_folder / "danger-words"))
    except BadInput as problem:
        # The built-in minimum stays; an administrator must know that the rest is not in use.
        log.error("danger words are broken, only the built-in ones watch: %s", problem)


def _check_production() -> None:
    with db.read() as session:
        provider = providers.here(session)
        if keyring.current().sample or provider.is_sample:
            raise StartRefused("production refuses sample data and its key: start an empty room")
        missing = library.unconfirmed(session)
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise StartRefused(
            f"nobody has confirmed {missing[0]}{more}: run `waiting-room content confirm`"
        )


@contextlib.contextmanager
def _only_server(settings: Settings) -> Iterator[None]:
    file = settings.data / "serving.lock"
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartRefused(
                "this room is being served already; SQLite has one serving process"
            ) from None
        yield


def _close() -> None:
    db.close()
    keyring.current().close()
    keyring.use(None)
    clock.follow(None)
