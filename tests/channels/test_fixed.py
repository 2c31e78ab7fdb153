"""What the room says from memory agrees with what editors see, and needs nothing but a bot."""

from __future__ import annotations

import asyncio
import re
from datetime import date
from pathlib import Path

import pytest

from tests.channels.conftest import ALEX, TOKEN, bot
from tests.fakes.bot_api import BotApi, Telephone
from waiting_room import library
from waiting_room.channels import fixed
from waiting_room.channels.contract import NotSent, Permanent
from waiting_room.channels.delivery import Delivery
from waiting_room.settings import Settings

CONTENT = Path(__file__).parents[2] / "content"
NUMBER = re.compile(r"\d[\d ]{1,}\d")


def words_of(key: str) -> str:
    shelf = library.read(CONTENT, today=date(2026, 11, 25))
    return library.to_text(shelf.pages["en", key], {})


@pytest.mark.parametrize("key", ["crisis/could-not-pass-on", "staff/fixed-lines"])
def test_the_numbers_are_those_of_the_pages(key: str) -> None:
    assert NUMBER.findall(fixed.LINES["en"]) == NUMBER.findall(words_of(key))
    assert {"999", "111", "116 123", "85258"} <= set(NUMBER.findall(fixed.LINES["en"]))


def test_the_lines_are_those_editors_are_shown() -> None:
    assert fixed.LINES["en"] == words_of("staff/fixed-lines")


def test_it_says_plainly_that_nobody_was_told_and_what_to_do() -> None:
    words = fixed.could_not_pass_on("cy-GB")
    assert words.startswith("We could not pass this on. Please call.")
    assert fixed.LINES["en"] in words


def test_it_is_said_without_a_database(api: BotApi, alex: Telephone) -> None:
    delivery = Delivery(Settings(), channels={"telegram": bot(api, TOKEN)})

    async def go() -> None:
        await delivery.say_fixed(ALEX)
        await delivery.channels["telegram"].close()

    asyncio.run(go())
    assert "116 123" in alex.last.text and alex.last.protected


def test_what_did_not_leave_is_told_to_the_caller(api: BotApi, alex: Telephone) -> None:
    api.refuses()
    delivery = Delivery(Settings(), channels={"telegram": bot(api, TOKEN)})
    with pytest.raises(NotSent):
        asyncio.run(delivery.say_fixed(ALEX))
    with pytest.raises(Permanent, match="no Telegram bot"):
        asyncio.run(Delivery(Settings(telegram_token="")).say_fixed(ALEX))
