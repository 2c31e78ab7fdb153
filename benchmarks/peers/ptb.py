"""python-telegram-bot by polling: `python -m benchmarks.peers.ptb URL TOKEN FILE [AT_ONCE]`."""

from __future__ import annotations

import sys

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters

from benchmarks.peers import store

url, token, file = sys.argv[1:4]
at_once = int(sys.argv[4]) if len(sys.argv) > 4 else 0
sessions = store.sessions(file)
KEYS = InlineKeyboardMarkup(
    [[InlineKeyboardButton(word, callback_data=word)] for word in ("Help now", "My wait", "Menu")]
)


async def hear(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Store and answer."""
    message = update.effective_message
    if message is not None:
        await store.remember(sessions, message.chat_id, message.text or "")
        await message.reply_text("Thank you, your words are kept.", reply_markup=KEYS)


builder = Application.builder().token(token).base_url(f"{url}/bot")
if at_once:
    builder = builder.concurrent_updates(at_once).connection_pool_size(at_once)
application = builder.build()
application.add_handler(MessageHandler(filters.TEXT, hear))
application.run_polling()
