"""PTB's AIORateLimiter: `python -m benchmarks.peers.ptb_sending URL TOKEN COUNT RATE`."""

from __future__ import annotations

import asyncio
import contextlib
import sys

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import TelegramError
from telegram.ext import AIORateLimiter, ExtBot
from telegram.request import HTTPXRequest

from benchmarks.peers.chats import FIRST_CHAT

url, token = sys.argv[1:3]
count, rate = map(int, sys.argv[3:5])
KEYS = InlineKeyboardMarkup(
    [[InlineKeyboardButton(word, callback_data=word)] for word in ("Help now", "My wait", "Menu")]
)


async def main() -> None:
    """Send so many messages to as many chats, 32 at once."""
    limiter = AIORateLimiter(overall_max_rate=rate, max_retries=5) if rate else None
    bot = ExtBot(
        token,
        base_url=f"{url}/bot",
        request=HTTPXRequest(connection_pool_size=32),
        rate_limiter=limiter,
    )
    gate = asyncio.Semaphore(32)

    async def send(chat: int) -> None:
        async with gate:
            with contextlib.suppress(TelegramError):
                await bot.send_message(chat, "How are you this week?", reply_markup=KEYS)

    async with bot:
        await asyncio.gather(*(send(FIRST_CHAT + number) for number in range(count)))


asyncio.run(main())
