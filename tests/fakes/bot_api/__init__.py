"""A fake Telegram Bot API over real HTTP, with the people who write to the bot.

    with BotApi() as api:
        robot = api.bot("123456:sample")
        alex = robot.chat(7_234_567_890, first_name="Sample Alex")
        alex.says("hello")
        alex.wait_for("Welcome")
        alex.presses("Yes")

Ids, offsets, ages, conflicts, back-off and refusals follow the published Bot API server. It
differs where it must: a webhook on this machine may be plain http; parse_mode is refused
(entities are the only way to mark words); limits on sending are off until set; how long a
button press can be answered is not published, and taken to be 150 seconds.
"""

from tests.fakes.bot_api.driver import BotApi, Robot
from tests.fakes.bot_api.people import Refusal
from tests.fakes.bot_api.sent import Sent
from tests.fakes.bot_api.telephone import Telephone

__all__ = ["BotApi", "Refusal", "Robot", "Sent", "Telephone"]
