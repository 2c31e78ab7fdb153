"""As `waiting-room serve`, with a pace far above Telegram's limit, which would hide all else."""

from __future__ import annotations

from waiting_room import serve, settings
from waiting_room.channels import delivery
from waiting_room.channels.contract import Channel
from waiting_room.channels.pacing import Pacer
from waiting_room.channels.telegram import TelegramChannel
from waiting_room.settings import Settings


def _fast(token: str, chosen: Settings, *, protect: bool) -> Channel:
    if not token:
        return delivery.Missing(delivery.NO_BOT)
    api, address, pacer = chosen.telegram_api, chosen.address, Pacer(10_000)
    return TelegramChannel(token, api=api, address=address, protect=protect, pacer=pacer)


delivery._bot = _fast
serve.run(settings.load())
