"""aiogram by polling: `python -m benchmarks.peers.aiogram_usual URL TOKEN FILE`."""

from __future__ import annotations

import asyncio
import sys

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Message

from benchmarks.peers import store

url, token, file = sys.argv[1:4]
sessions = store.sessions(file)
KEYS = InlineKeyboardMarkup(
    inline_keyboard=[
        [InlineKeyboardButton(text=word, callback_data=word)]
        for word in ("Help now", "My wait", "Menu")
    ]
)
dispatcher = Dispatcher()


@dispatcher.message()
async def hear(message: Message) -> None:
    """Store and answer."""
    await store.remember(sessions, message.chat.id, message.text or "")
    await message.answer("Thank you, your words are kept.", reply_markup=KEYS)


async def main() -> None:
    """Poll until told to stop."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(url))
    await dispatcher.start_polling(Bot(token, session=session))


asyncio.run(main())
