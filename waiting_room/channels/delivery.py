"""Every letter of the outbox on its way out, each channel for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from waiting_room import leases
from waiting_room.channels import fixed
from waiting_room.channels.contract import Channel, Missing, Permanent
from waiting_room.channels.email import EmailChannel
from waiting_room.channels.lane import Lane
from waiting_room.channels.mail_folder import MailFolder
from waiting_room.channels.pacing import Pacer
from waiting_room.channels.telegram import TelegramChannel
from waiting_room.settings import Settings

TELEGRAM, STAFF_TELEGRAM, EMAIL = "telegram", "staff_telegram", "email"
NO_BOT = "no Telegram bot set"


def _nobody(_: str) -> None:
    """Nobody asks for signs of life."""


def channels_of(settings: Settings) -> dict[str, Channel]:
    """The channels that are set up; letters of the others fail with a reason, and people hear."""
    return {
        # Telegram then forbids forwarding and saving: what the room says to a patient stays there.
        # A notice to staff holds nothing but a reference, and may be passed on to a colleague.
        TELEGRAM: _bot(settings.telegram_token, settings, protect=True),
        STAFF_TELEGRAM: _bot(settings.staff_telegram_token, settings, protect=False),
        EMAIL: _mail(settings),
    }


class Delivery:
    """Sends what is queued. Web-chat letters have no lane: the open page shows them itself."""

    def __init__(
        self, settings: Settings, *, channels: Mapping[str, Channel] | None = None
    ) -> None:
        self.channels = channels_of(settings) if channels is None else dict(channels)
        bots = settings.telegram_token, settings.staff_telegram_token
        self._tokens = dict(zip((TELEGRAM, STAFF_TELEGRAM), bots, strict=True))

    async def run(self, stop: asyncio.Event, *, beat: Callable[[str], None] = _nobody) -> None:
        """Deliver until told to stop; then what is on its way may land, for six seconds."""
        lanes = [Lane(name, channel) for name, channel in self.channels.items()]
        # A lane that breaks takes the others with it, and the process starts anew as a whole: half
        # a delivery would look alive from outside.
        try:
            async with asyncio.TaskGroup() as group:
                for lane in lanes:
                    group.create_task(self._serve(lane, stop, beat), name=f"lane {lane.name}")
                await stop.wait()
                for lane in lanes:
                    lane.wake()
        finally:
            for channel in self.channels.values():
                await channel.close()

    async def _serve(self, lane: Lane, stop: asyncio.Event, beat: Callable[[str], None]) -> None:
        name, token = f"lane {lane.name}", self._tokens.get(lane.name, "")
        # Two processes that each keep a bot's pace send twice as fast as it may. And whoever has
        # the lane knows that nobody else sends: what a dead process held is free at once.
        work = partial(lane.run, stop, partial(beat, name))
        await leases.alone(leases.name_of(name, token), work, stop)

    @property
    def speaker(self) -> TelegramChannel | None:
        """What says the fixed help lines to a patient when storage refuses; it needs no database
        and no running lane."""
        bot = self.channels.get(TELEGRAM)
        return bot if isinstance(bot, TelegramChannel) else None

    async def say_fixed(self, chat_id: int) -> None:
        """The help lines from memory to a patient's chat, for when storage refuses. Needs neither
        the database nor `run`. Raises NotSent."""
        bot = self.channels.get(TELEGRAM)
        if not isinstance(bot, TelegramChannel):
            raise Permanent(NO_BOT)
        await fixed.say_fixed(bot, chat_id)


def _bot(token: str, settings: Settings, *, protect: bool) -> Channel:
    if not token:
        return Missing(NO_BOT)
    api, address = settings.telegram_api, settings.address
    # Each bot has a limit of its own; only the patients' bot ever has thousands to write to.
    pacer = Pacer(settings.telegram_per_second) if protect else Pacer()
    return TelegramChannel(token, api=api, address=address, protect=protect, pacer=pacer)


def _mail(settings: Settings) -> Channel:
    if not settings.smtp_url and settings.env == "demo":
        folder = settings.data / "mails"
        return MailFolder(folder, sender=settings.mail_from, address=settings.address)
    if not settings.smtp_url:
        return Missing("no mail server set")
    return EmailChannel(settings.smtp_url, sender=settings.mail_from, address=settings.address)
