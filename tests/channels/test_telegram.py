"""What a letter looks like in Telegram, and what each of Telegram's errors means for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
    TimedOut,
)

from tests.channels.conftest import ALEX, STAFF_TOKEN, TOKEN, bot
from tests.channels.parcels import offer, page, parcel
from tests.fakes.bot_api import BotApi, Robot, Telephone
from waiting_room.channels.contract import Later, NotSent, Permanent, Unsure
from waiting_room.channels.pacing import Pacer
from waiting_room.channels.telegram import TelegramChannel, verdict_of
from waiting_room.letters import Priority
from waiting_room.sending import Parcel

LONG = "\n\n".join(f"{number} " + "word " * 190 for number in range(10))


def using(channel: TelegramChannel, work: Callable[[TelegramChannel], Awaitable[Any]]) -> Any:
    """Some work with a channel, which is closed afterwards."""

    async def go() -> Any:
        try:
            return await work(channel)
        finally:
            await channel.close()

    return asyncio.run(go())


def send(api: BotApi, letter: Parcel, token: str = TOKEN) -> str:
    """One letter by a fresh channel."""
    return str(using(bot(api, token), lambda channel: channel.send(letter)))


def trouble(api: BotApi, letter: Parcel) -> NotSent:
    """What a letter that does not leave ends in."""
    with pytest.raises(NotSent) as caught:
        send(api, letter)
    return caught.value


def test_marks_arrive_and_nobody_can_pass_it_on(api: BotApi, alex: Telephone) -> None:
    assert send(api, parcel(ALEX)) == str(alex.last.message_id)
    assert alex.last.text == "Hello there" and alex.last.protected
    assert alex.last.entities == [{"type": "bold", "offset": 6, "length": 5}]


def test_staff_may_pass_on_what_their_bot_says(
    api: BotApi, staff_robot: Robot, sam: Telephone
) -> None:
    send(api, parcel(sam.id), STAFF_TOKEN)
    assert not sam.last.protected


def test_buttons_carry_tokens_and_links_lead_to_this_room(api: BotApi, alex: Telephone) -> None:
    rows = [[offer("Yes", "token-1")], [offer("Read", url="/desk"), offer("No", "token-2")]]
    send(api, parcel(ALEX, "See {link}", choices=rows, values={"link": "/chat"}))
    assert alex.last.text == "See https://room.example.org/chat"
    assert [[key["text"] for key in row] for row in alex.last.rows] == [["Yes"], ["Read", "No"]]
    assert alex.last.rows[0][0]["callback_data"] == "token-1"
    assert alex.last.rows[1][0]["url"] == "https://room.example.org/desk"


def test_a_link_telegram_would_refuse_is_told_in_words(api: BotApi, alex: Telephone) -> None:
    rows = [[offer("Call Samaritans", url="tel:116123")]]
    send(api, parcel(ALEX, choices=rows))
    assert [sent.text for sent in alex.messages] == ["Hello there", "Call Samaritans: tel:116123"]


def test_reply_keys_stay_under_the_chat(api: BotApi, alex: Telephone) -> None:
    rows = [[offer("Help now")], [offer("My wait"), offer("People")]]
    send(api, parcel(ALEX, choices=rows, keys="menu"))
    assert alex.keyboard == ["Help now", "My wait", "People"]
    markup = alex.last.reply_markup
    assert markup["is_persistent"] and markup["resize_keyboard"]


def test_a_long_letter_comes_in_parts_with_the_keys_under_the_last(
    api: BotApi, alex: Telephone
) -> None:
    send(api, parcel(ALEX, LONG, choices=[[offer("Yes", "t")]]))
    assert len(alex.messages) == 3
    assert [sent.labels for sent in alex.messages] == [[], [], ["Yes"]]


def test_a_long_letter_that_broke_off_goes_on_where_it_was(
    api: BotApi, robot: Robot, alex: Telephone
) -> None:
    async def work(channel: TelegramChannel) -> None:
        sending = asyncio.create_task(channel.send(parcel(ALEX, LONG)))
        while not alex.messages:
            await asyncio.sleep(0)
        with robot.suffering("error", status=502), pytest.raises(Later):
            await sending
        await channel.send(parcel(ALEX, LONG))

    using(bot(api, TOKEN), work)
    assert [sent.text[0] for sent in alex.messages] == ["0", "4", "8"]


def test_words_leave_without_marks_and_keys_when_those_are_refused(
    api: BotApi, alex: Telephone
) -> None:
    send(api, parcel(ALEX, choices=[[offer("Yes", "far too long " * 6)]]))
    assert alex.last.text == "Hello there" and not alex.last.labels and not alex.last.entities


def test_a_page_without_words_is_a_failure_of_the_page(api: BotApi, alex: Telephone) -> None:
    found = trouble(api, parcel(ALEX, "", page=page("")))
    assert isinstance(found, Permanent) and not found.gone


def test_people_who_are_gone(api: BotApi, robot: Robot, alex: Telephone) -> None:
    alex.blocks()
    found = trouble(api, parcel(ALEX))
    assert isinstance(found, Permanent) and found.gone and found.why == "blocked"
    found = trouble(api, parcel(1))
    assert isinstance(found, Permanent) and found.gone and found.why == "no such chat"
    assert alex.messages == []


def test_silence_is_unsure_and_a_closed_door_is_not(
    api: BotApi, robot: Robot, alex: Telephone
) -> None:
    for fault in ("black_hole", "swallow_reply", "drop_reply"):
        with robot.suffering(fault, method="sendMessage"):
            assert isinstance(trouble(api, parcel(ALEX)), Unsure)
    with robot.suffering("error", status=502):
        assert isinstance(trouble(api, parcel(ALEX)), Later)
    api.refuses()
    assert isinstance(trouble(api, parcel(ALEX)), Later)


def test_after_a_silence_one_question_goes_before_the_routine_letters(
    api: BotApi, robot: Robot, alex: Telephone
) -> None:
    async def work(channel: TelegramChannel) -> None:
        with robot.suffering("black_hole"):
            with pytest.raises(Unsure):
                await channel.send(parcel(ALEX))
            found = await asyncio.gather(
                *(channel.send(parcel(ALEX)) for _ in range(5)), return_exceptions=True
            )
            assert [type(one) for one in found] == [Later] * 5
            with pytest.raises(Unsure):
                await channel.send(parcel(ALEX, priority=int(Priority.CRISIS)))
        assert 0 < channel.resting <= 1
        await asyncio.sleep(channel.resting)
        await channel.send(parcel(ALEX))

    using(bot(api, TOKEN, pacer=Pacer(1_000, chat_gap=0)), work)
    assert [line["method"].lower() for line in robot.calls()] == [
        "sendmessage", "getme", "sendmessage", "getme", "sendmessage"
    ]  # fmt: skip
    assert len(alex.messages) == 1


def test_in_a_pause_nothing_routine_is_sent_and_each_crisis_is_tried_once(
    api: BotApi, robot: Robot, alex: Telephone
) -> None:
    crisis = parcel(ALEX, priority=int(Priority.CRISIS))

    async def work(channel: TelegramChannel) -> None:
        robot.suffers("flood", method="sendMessage", seconds=30, times=2)
        with pytest.raises(Later) as first:
            await channel.send(parcel(ALEX))
        assert first.value.seconds == 30 and channel.resting > 29
        with pytest.raises(Later) as waits:
            await channel.send(parcel(ALEX))
        assert not waits.value.tried
        with pytest.raises(Later) as refused:
            await channel.send(crisis)
        assert refused.value.seconds == 30 and refused.value.tried
        await channel.send(crisis)
        await channel.say_plain(str(ALEX), "Please call 999.")

    using(bot(api, TOKEN), work)
    assert [line["status"] for line in robot.calls("sendMessage")] == [429, 429, 200, 200]


@pytest.mark.parametrize(
    ("error", "kind", "gone"),
    [
        (Forbidden("Forbidden: bot was blocked by the user"), Permanent, True),
        (Forbidden("Forbidden: user is deactivated"), Permanent, True),
        (Forbidden("Forbidden: bot can't initiate conversation with a user"), Permanent, True),
        (BadRequest("Chat not found"), Permanent, True),
        (BadRequest("PEER_ID_INVALID"), Permanent, True),
        (BadRequest("Can't parse entities"), Permanent, False),
        (ChatMigrated(-100), Permanent, True),
        (InvalidToken("Unauthorized"), Later, False),
        (Conflict("terminated by other getUpdates request"), Unsure, False),
        (TimedOut(), Unsure, False),
        (NetworkError("Bad Gateway"), Later, False),
        (TelegramError("what?"), Unsure, False),
    ],
)
def test_every_error_has_a_meaning(error: TelegramError, kind: type, gone: bool) -> None:
    found = verdict_of(error)
    assert type(found) is kind
    assert getattr(found, "gone", False) is gone
