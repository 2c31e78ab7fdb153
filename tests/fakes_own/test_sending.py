"""python-telegram-bot speaks to the fake as it does to Telegram."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MessageEntity,
    ReplyKeyboardMarkup,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest

from tests.fakes.bot_api import BotApi, Refusal, Robot, Telephone


def client(api: BotApi, token: str) -> Bot:
    """Return a real client; without certificates, which take long to load."""
    return Bot(
        token,
        base_url=f"{api.url}/bot",
        base_file_url=f"{api.url}/file/bot",
        request=HTTPXRequest(httpx_kwargs={"verify": False}),
        get_updates_request=HTTPXRequest(httpx_kwargs={"verify": False}),
    )


def with_bot(api: BotApi, token: str, work: Callable[[Bot], Awaitable[Any]]) -> Any:
    """Run one piece of work with a real client."""

    async def go() -> Any:
        bot = client(api, token)
        async with bot:
            return await work(bot)

    return asyncio.run(go())


def test_a_client_reads_who_it_is(api: BotApi, robot: Robot) -> None:
    me = with_bot(api, robot.token, lambda bot: bot.get_me())
    assert (me.id, me.username, me.is_bot) == (123456, "sample_room_bot", True)


def test_words_entities_and_keyboards_arrive(api: BotApi, robot: Robot, alex: Telephone) -> None:
    buttons = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="consent.yes")]])
    bold = [MessageEntity("bold", 3, 5)]
    keys = ReplyKeyboardMarkup([["Help now", "My wait"]], resize_keyboard=True)

    async def work(bot: Bot) -> Any:
        await bot.send_message(alex.id, "Menu", reply_markup=keys, disable_notification=True)
        return await bot.send_message(
            alex.id, "👋 Hello", entities=bold, reply_markup=buttons, protect_content=True
        )

    message = with_bot(api, robot.token, work)
    assert [sent.text for sent in alex.messages] == ["Menu", "👋 Hello"]
    assert alex.keyboard == ["Yes", "Help now", "My wait"]
    assert alex.messages[0].keys == ["Help now", "My wait"] and alex.messages[0].silent
    assert alex.last.entities == [{"type": "bold", "offset": 3, "length": 5}]
    assert alex.last.protected and alex.last.message_id == message.message_id
    assert message.parse_entity(message.entities[0]) == "Hello"
    assert [line["text"] for line in robot.ledger["accepted"]] == ["Menu", "👋 Hello"]


@pytest.mark.parametrize(
    ("text", "more", "says"),
    [
        (" ", {}, "message text is empty"),
        ("x" * 4097, {}, "message is too long"),
        ("😀" * 2049, {}, "message is too long"),
        ("abc", {"entities": [MessageEntity("bold", 0, 9)]}, "ends after the end of the text"),
        ("abc", {"entities": [MessageEntity("sparkle", 0, 1)]}, "can't parse MessageEntity"),
        ("a😀b", {"entities": [MessageEntity("bold", 0, 2)]}, "in a middle of a UTF-16 symbol"),
        (
            "ring",
            {"entities": [MessageEntity("text_link", 0, 4, url="tel:116123")]},
            "Unsupported URL protocol",
        ),
        (
            "x",
            {"reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "é" * 33}]]}},
            "BUTTON_DATA_INVALID",
        ),
        (
            "x",
            {"reply_markup": {"inline_keyboard": [[{"text": "a", "url": "http://localhost/x"}]]}},
            "Wrong HTTP URL",
        ),
        ("x", {"parse_mode": "Loud"}, "unsupported parse_mode"),
    ],
)
def test_bad_messages_are_refused_in_telegrams_words(
    api: BotApi, robot: Robot, alex: Telephone, text: str, more: dict[str, Any], says: str
) -> None:
    if isinstance(more.get("reply_markup"), dict):
        rows = more["reply_markup"]["inline_keyboard"]
        buttons = [[InlineKeyboardButton(**button) for button in row] for row in rows]
        more = {"reply_markup": InlineKeyboardMarkup(buttons)}
    with pytest.raises(BadRequest, match=f"(?i){says}"):
        with_bot(api, robot.token, lambda bot: bot.send_message(alex.id, text, **more))
    assert alex.messages == []


def test_the_longest_message_is_4096_units_after_trimming(
    api: BotApi, robot: Robot, alex: Telephone
) -> None:
    with_bot(api, robot.token, lambda bot: bot.send_message(alex.id, "😀" * 2048 + "\n"))
    assert alex.last.text == "😀" * 2048


def test_people_who_cannot_be_reached(api: BotApi, robot: Robot, alex: Telephone) -> None:
    def refusal(number: int) -> TelegramError:
        with pytest.raises(TelegramError) as caught:
            with_bot(api, robot.token, lambda bot: bot.send_message(number, "hello"))
        return caught.value

    assert isinstance(refusal(1), BadRequest) and refusal(1).message == "Chat not found"
    alex.blocks()
    assert isinstance(refusal(alex.id), Forbidden)
    assert refusal(alex.id).message == "Forbidden: bot was blocked by the user"
    alex.unblocks()
    alex.deactivates()
    assert refusal(alex.id).message == "Forbidden: user is deactivated"
    group = robot.group(-1001)
    group.migrates(-1002)
    moved = refusal(group.id)
    assert isinstance(moved, ChatMigrated) and moved.new_chat_id == -1002


def test_a_wrong_token_is_refused(api: BotApi, robot: Robot) -> None:
    with pytest.raises(InvalidToken):
        with_bot(api, "999:nobody", lambda bot: bot.get_me())
    assert api.calls("getMe", "999:nobody")[-1]["description"] == "Unauthorized"


def test_floods_and_failures_have_their_own_errors(
    api: BotApi, robot: Robot, alex: Telephone
) -> None:
    def send(bot: Bot) -> Awaitable[Any]:
        return bot.send_message(alex.id, "hello", read_timeout=0.3)

    with (
        robot.suffering("flood", method="sendMessage", seconds=30),
        pytest.raises(RetryAfter) as flood,
    ):
        with_bot(api, robot.token, send)
    assert str(flood.value).startswith("Flood control exceeded. Retry in 30 seconds")
    with (
        robot.suffering("error", method="sendMessage", status=502),
        pytest.raises(NetworkError, match="Bad Gateway"),
    ):
        with_bot(api, robot.token, send)
    with robot.suffering("reset", method="sendMessage"), pytest.raises(NetworkError):
        with_bot(api, robot.token, send)
    with robot.suffering("black_hole", method="sendMessage"), pytest.raises(TimedOut):
        with_bot(api, robot.token, send)
    assert alex.messages == []
    with robot.suffering("drop_reply", method="sendMessage"), pytest.raises(NetworkError):
        with_bot(api, robot.token, send)
    with robot.suffering("swallow_reply", method="sendMessage"), pytest.raises(TimedOut):
        with_bot(api, robot.token, send)
    assert len(alex.messages) == 2


def test_refused_connections_and_the_way_back(api: BotApi, robot: Robot, alex: Telephone) -> None:
    before = api.url
    api.refuses()
    with pytest.raises(NetworkError, match="ConnectError"):
        with_bot(api, robot.token, lambda bot: bot.send_message(alex.id, "hello"))
    api.refuses(False)
    assert api.url == before
    with_bot(api, robot.token, lambda bot: bot.send_message(alex.id, "hello"))
    assert alex.last.text == "hello"


def test_limits_are_kept_when_asked_for(api: BotApi, robot: Robot, alex: Telephone) -> None:
    bea = robot.chat(7_234_567_891, first_name="Sample Bea")
    api.limits(per_second=30, per_chat=1)

    async def work(bot: Bot) -> list[str]:
        await bot.send_message(alex.id, "one")
        with pytest.raises(RetryAfter):
            await bot.send_message(alex.id, "two")
        await bot.send_message(bea.id, "three")
        return []

    with_bot(api, robot.token, work)
    assert [line["status"] for line in robot.calls("sendMessage")] == [200, 429, 200]


def test_edits_deletes_and_answers(api: BotApi, robot: Robot, alex: Telephone) -> None:
    buttons = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="y")]])

    async def work(bot: Bot) -> None:
        sent = await bot.send_message(alex.id, "Well?", reply_markup=buttons)
        alex.presses("Yes")
        query = str(alex.presses("y"))
        await bot.answer_callback_query(query, text="Noted")
        with pytest.raises(BadRequest, match="Query is too old"):
            await bot.answer_callback_query(query)
        await bot.edit_message_text("Thank you", alex.id, sent.message_id)
        with pytest.raises(BadRequest, match="Message is not modified"):
            await bot.edit_message_text("Thank you", alex.id, sent.message_id)
        said = alex.says("sorry, no")
        assert await bot.delete_messages(alex.id, [said, sent.message_id, 999])
        with pytest.raises(BadRequest, match="Message to delete not found"):
            await bot.delete_message(alex.id, sent.message_id)
        kept = await bot.send_message(alex.id, "Old news")
        api.advance(49 * 3600)
        with pytest.raises(BadRequest, match="can't be deleted"):
            await bot.delete_message(alex.id, kept.message_id)

    with_bot(api, robot.token, work)
    assert alex.messages[0].edited and alex.messages[0].deleted
    assert [sent.text for sent in alex.screen] == ["Old news"]


def test_files_commands_and_unknown_methods(api: BotApi, robot: Robot, alex: Telephone) -> None:
    async def work(bot: Bot) -> None:
        sent = await bot.send_photo(alex.id, b"not really a picture", caption="A map")
        file = await bot.get_file(sent.photo[0].file_id)
        assert bytes(await file.download_as_bytearray()) == b"not really a picture"
        await bot.set_my_commands([("help", "Help now")])
        assert [known.command for known in await bot.get_my_commands()] == ["help"]
        await bot.set_my_description("A room")
        assert (await bot.get_my_description()).description == "A room"
        with pytest.raises(TelegramError, match="not found"):
            await bot.do_api_request("danceWithMe")
        with pytest.raises(BadRequest, match="private chats"):
            await bot.leave_chat(alex.id)

    with_bot(api, robot.token, work)
    assert alex.last.text == "A map"


def test_a_person_can_press_only_what_is_there(robot: Robot, alex: Telephone) -> None:
    with pytest.raises(Refusal, match="no button 'Yes'"):
        alex.presses("Yes")
    alex.blocks()
    with pytest.raises(Refusal, match="blocked"):
        alex.says("hello")
