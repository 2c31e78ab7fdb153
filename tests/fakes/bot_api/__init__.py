"""A fake Telegram Bot API over real HTTP, with the people who write to the bot."""

from tests.fakes.bot_api.driver import BotApi, Robot
from tests.fakes.bot_api.people import Refusal
from tests.fakes.bot_api.sent import Sent
from tests.fakes.bot_api.telephone import Telephone

__all__ = ["BotApi", "Refusal", "Robot", "Sent", "Telephone"]
