"""python-telegram-bot's own updater, polling the fake: heard, answered, pressed, answered again."""

from __future__ import annotations

import asyncio
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, ContextTypes, MessageHandler
from telegram.request import HTTPXRequest

from tests.fakes.bot_api import BotApi, Robot, Telephone

Context = ContextTypes.DEFAULT_TYPE


async def hear(update: Update, context: Context) -> None:
    assert update.effective_message is not None
    button = InlineKeyboardButton("Thanks", callback_data="thanks")
    await update.effective_message.reply_text(
        f"You said {update.effective_message.text}", reply_markup=InlineKeyboardMarkup([[button]])
    )


async def thank(update: Update, context: Context) -> None:
    assert update.callback_query is not None
    await update.callback_query.answer()
    await update.callback_query.edit_message_text("You are welcome")


def application(api: BotApi, robot: Robot) -> Any:
    def request() -> HTTPXRequest:
        return HTTPXRequest(httpx_kwargs={"verify": False})

    builder = ApplicationBuilder().token(robot.token).base_url(f"{api.url}/bot")
    app = builder.request(request()).get_updates_request(request()).build()
    app.add_handler(MessageHandler(None, hear))
    app.add_handler(CallbackQueryHandler(thank))
    return app


def test_a_conversation_through_the_real_updater(
    api: BotApi, robot: Robot, alex: Telephone
) -> None:
    def talk() -> None:
        alex.says("hello")
        assert alex.wait_for("You said hello").labels == ["Thanks"]
        press = alex.presses("Thanks")
        assert alex.wait_for("You are welcome").edited
        assert alex.keyboard == []
        assert robot.ledger["answers"][str(press)] == {"text": "", "show_alert": False}

    async def go() -> None:
        app = application(api, robot)
        async with app:
            await app.start()
            await app.updater.start_polling(timeout=1)
            await asyncio.to_thread(talk)
            await app.updater.stop()
            await app.stop()

    asyncio.run(go())
    assert robot.ledger["waiting"] == 0
