"""Updates that Telegram brings: each is on disk before it hears "200"."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request, Response

from bot.telegram import updates
from bot.telegram.api import Api, Trouble
from bot.telegram.door import Door
from bot.telegram.patience import Backoff, Pace
from waiting_room import crypto
from waiting_room.care.inbox import PATIENTS, STAFF
from waiting_room.channels.fixed import Speaker
from waiting_room.kill_points import reached
from waiting_room.settings import Settings

# Bytes of one update; a long message that answers a long message stays far below.
LARGEST = 1_000_000
SECRET = "X-Telegram-Bot-Api-Secret-Token"
PATH = "/telegram"
# So many updates Telegram may bring side by side: each holds a thread while it is stored.
AT_ONCE = 20

log = logging.getLogger(__name__)


class Webhook:
    """The addresses Telegram calls, one for each bot that has a token."""

    def __init__(self, settings: Settings, *, speaker: Speaker | None = None) -> None:
        self._secret = settings.telegram_secret
        self._apis = {bot: Api(settings.telegram_api, token) for bot, token in _bots(settings)}
        self._doors = {
            bot: Door(bot, api, speaker if bot == PATIENTS else None)
            for bot, api in self._apis.items()
        }

    @property
    def router(self) -> APIRouter:
        """What the web serves."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route(PATH + "/{bot}", self._receive, methods=["POST"])
        return router

    async def close(self) -> None:
        """Let errands end, then hang up."""
        for bot, door in self._doors.items():
            await door.close()
            await self._apis[bot].close()

    async def _receive(self, bot: str, request: Request) -> Response:
        """200 only once it is stored; 503 asks Telegram to bring it again."""
        given = request.headers.get(SECRET, "")
        # Before the body is read: a flood of strangers costs no memory and leaves nothing in a log.
        if bot not in self._doors or not self._secret or not crypto.same(given, self._secret):
            return Response(status_code=403)
        update = await _body(request)
        if update is None:
            return Response(status_code=413)
        reached("webhook heard")
        stored = await self._doors[bot].keep([update])
        reached("webhook kept")
        return Response(status_code=200 if stored else 503)


async def set_webhook(settings: Settings, *, pace: Pace | None = None) -> None:
    """Tell Telegram where to bring the updates of each bot; tries until Telegram has taken it."""
    for bot, token in _bots(settings):
        wishes = {
            "url": f"{settings.address}{PATH}/{bot}",
            "secret_token": settings.telegram_secret,
            "allowed_updates": updates.ALLOWED,
            "max_connections": AT_ONCE,
        }
        async with Api(settings.telegram_api, token) as api:
            await _insist(api, wishes, Backoff(pace or Pace()), bot=bot)


async def _insist(api: Api, wishes: dict[str, Any], backoff: Backoff, *, bot: str) -> None:
    while True:
        try:
            await api.ask("setWebhook", **wishes)
            return
        except Trouble as trouble:
            log.error("%s bot: telegram does not take the webhook: %s", bot, trouble)
        await asyncio.sleep(backoff.next())


def _bots(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.telegram_token:
        yield PATIENTS, settings.telegram_token
    if settings.staff_telegram_token:
        yield STAFF, settings.staff_telegram_token


async def _body(request: Request) -> bytes | None:
    """The body; None as soon as it is too large."""
    body = bytearray()
    # Piece by piece: a declared length can lie.
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            return None
    return bytes(body)
