"""Our Telegram channel alone: `python -m benchmarks.sending URL TOKEN COUNT RATE` sends letters as
a lane does, as many at once as the channel takes; rate 0 is as fast as it can."""

from __future__ import annotations

import asyncio
import sys

from benchmarks.peers.chats import FIRST_CHAT
from waiting_room import library, settings
from waiting_room.channels.pacing import Pacer
from waiting_room.channels.telegram import TelegramChannel
from waiting_room.clock import now
from waiting_room.library import Page
from waiting_room.sending import Parcel

FREE = 1_000_000
PAGE = "check-ins/weekly"
KEYS = [[{"label": word, "token": "", "url": ""}] for word in ("OK", "Not great", "I need help")]


def _parcel(number: int, page: Page) -> Parcel:
    known = {"letter_id": str(number), "fence": 1, "channel": "telegram", "page": page}
    said = {"values": {}, "choices": KEYS, "keys": "answers", "made_at": now(), "is_repeat": False}
    return Parcel(**known, **said, place=str(FIRST_CHAT + number), priority=2, tries=1)


async def _send(url: str, token: str, count: int, rate: int) -> None:
    shelf = library.read(settings.load().content_folder, today=now().date())
    library.use(shelf)
    page, pacer = library.page(PAGE), Pacer(rate or FREE)
    channel = TelegramChannel(token, api=url, address="http://localhost", protect=True, pacer=pacer)
    gate = asyncio.Semaphore(channel.at_once)

    async def one(number: int) -> None:
        async with gate:
            await channel.send(_parcel(number, page))

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(one(number))
    await channel.close()


if __name__ == "__main__":
    where, whose, *numbers = sys.argv[1:]
    asyncio.run(_send(where, whose, *map(int, numbers)))
