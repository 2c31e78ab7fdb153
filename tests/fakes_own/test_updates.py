"""Offsets, age, order and two pollers: Telegram's rules for what a bot is handed."""

from __future__ import annotations

import json
import threading
import urllib.request
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.fakes.bot_api import BotApi, Robot, Telephone

DAY = 86_400


def poll(api: BotApi, robot: Robot, **args: Any) -> list[dict[str, Any]]:
    """Ask getUpdates over the wire."""
    request = urllib.request.Request(
        f"{api.url}/bot{robot.token}/getUpdates",
        data=json.dumps(args).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)["result"]
    return found


def texts(updates: list[dict[str, Any]]) -> list[str]:
    return [update["message"]["text"] for update in updates]


class Poll(threading.Thread):
    """A getUpdates under way."""

    def __init__(self, api: BotApi, robot: Robot, **args: Any) -> None:
        super().__init__()
        self.args = (api, robot, args)
        self.found: list[dict[str, Any]] = []
        self.error: dict[str, Any] = {}
        before = len(api.calls("getUpdates"))
        self.start()
        api.wait_until(lambda: len(api.calls("getUpdates")) > before)

    def run(self) -> None:
        api, robot, args = self.args
        try:
            self.found = poll(api, robot, **args)
        except HTTPError as refusal:
            self.error = json.load(refusal)


def test_an_offset_confirms_what_lies_below_it(api: BotApi, robot: Robot, alex: Telephone) -> None:
    for number in range(3):
        alex.says(f"word {number}")
    first = poll(api, robot)
    assert texts(first) == ["word 0", "word 1", "word 2"]
    assert poll(api, robot) == first
    assert texts(poll(api, robot, offset=first[1]["update_id"])) == ["word 1", "word 2"]
    assert texts(poll(api, robot)) == ["word 1", "word 2"]
    assert poll(api, robot, offset=first[2]["update_id"] + 1) == []
    ledger = robot.ledger
    assert ledger["confirmed"].keys() == {str(update["update_id"]) for update in first}
    assert ledger["handed"][str(first[2]["update_id"])] == 4
    assert [line["text"] for line in ledger["issued"]] == ["word 0", "word 1", "word 2"]


def test_an_offset_far_ahead_is_read_as_the_oldest(
    api: BotApi, robot: Robot, alex: Telephone
) -> None:
    robot.restart_ids(500)
    alex.says("after the ids began again")
    assert texts(poll(api, robot, offset=900_000)) == ["after the ids began again"]
    assert robot.ledger["confirmed"] == {}
    assert texts(poll(api, robot, offset=-1)) == ["after the ids began again"]


def test_at_most_a_hundred_at_once(api: BotApi, robot: Robot, alex: Telephone) -> None:
    robot.crowd([(alex.id, f"word {number}") for number in range(150)])
    assert len(poll(api, robot, limit=1000)) == 100
    assert len(poll(api, robot, limit=7)) == 7


def test_a_long_poll_is_answered_by_the_next_word(
    api: BotApi, robot: Robot, alex: Telephone
) -> None:
    waiting = Poll(api, robot, timeout=9)
    alex.says("at last")
    waiting.join(2)
    assert texts(waiting.found) == ["at last"]


def test_the_older_of_two_pollers_is_ended(api: BotApi, robot: Robot, alex: Telephone) -> None:
    older = Poll(api, robot, timeout=9)
    newer = Poll(api, robot, timeout=9)
    older.join(2)
    assert older.error["error_code"] == 409
    assert older.error["description"] == (
        "Conflict: terminated by other getUpdates request; "
        "make sure that only one bot instance is running"
    )
    alex.says("who hears me?")
    newer.join(2)
    assert texts(newer.found) == ["who hears me?"]


def test_a_webhook_forbids_polling(api: BotApi, robot: Robot) -> None:
    waiting = Poll(api, robot, timeout=9)
    hook = f"{api.url}/bot{robot.token}/setWebhook?url=http://127.0.0.1:9/hook"
    with urllib.request.urlopen(hook):
        waiting.join(2)
    assert waiting.error["description"] == "Conflict: terminated by setWebhook request"
    with pytest.raises(HTTPError) as refused:
        poll(api, robot)
    assert refused.value.code == 409
    assert "while webhook is active" in json.load(refused.value)["description"]


def test_messages_live_a_day_and_presses_150_seconds(
    api: BotApi, robot: Robot, alex: Telephone
) -> None:
    say = f"{api.url}/bot{robot.token}/sendMessage"
    markup = {"inline_keyboard": [[{"text": "Good", "callback_data": "good"}]]}
    body = json.dumps({"chat_id": alex.id, "text": "How are you?", "reply_markup": markup})
    urllib.request.urlopen(
        urllib.request.Request(say, body.encode(), {"Content-Type": "application/json"})
    ).close()
    alex.says("written 23 hours ago", ago=23 * 3600)
    alex.presses("Good")
    assert [sorted(update)[0] for update in poll(api, robot)] == ["message", "callback_query"]
    api.advance(151)
    assert texts(poll(api, robot)) == ["written 23 hours ago"]
    alex.says("fresh")
    api.advance(3600)
    assert texts(poll(api, robot)) == ["fresh"]
    api.advance(DAY)
    assert poll(api, robot) == []
    assert len(robot.ledger["expired"]) == 3 and robot.ledger["confirmed"] == {}
    alex.says("too old to be told", ago=DAY)
    assert poll(api, robot) == [] and len(robot.ledger["unwanted"]) == 1


def test_ids_begin_anew_after_a_week_of_silence(api: BotApi, robot: Robot, alex: Telephone) -> None:
    alex.says("one")
    one = poll(api, robot)[0]["update_id"]
    poll(api, robot, offset=one + 1)
    api.advance(6 * DAY)
    alex.says("two")
    two = poll(api, robot)[0]["update_id"]
    poll(api, robot, offset=two + 1)
    api.advance(8 * DAY)
    alex.says("three")
    three = poll(api, robot)[0]["update_id"]
    assert two == one + 1 and abs(three - two) > 100


def test_a_bot_hears_only_what_it_asked_for(api: BotApi, robot: Robot, alex: Telephone) -> None:
    poll(api, robot, allowed_updates=["message"])
    said = alex.says("helo")
    alex.edits(said, "hello")
    assert texts(poll(api, robot)) == ["helo"]
    poll(api, robot, allowed_updates=["message", "edited_message", "my_chat_member"])
    alex.edits(said, "hello!")
    alex.blocks()
    edited, blocked = poll(api, robot)[1:]
    assert edited["edited_message"]["message_id"] == said
    assert blocked["my_chat_member"]["new_chat_member"]["status"] == "kicked"


def test_copies_come_again_and_nothing_is_lost(api: BotApi, robot: Robot, alex: Telephone) -> None:
    said = [f"word {number}" for number in range(60)]
    robot.crowd([(alex.id, text) for text in said])
    robot.suffers("duplicates", share=0.2)
    robot.suffers("reorder", window=10)
    heard: list[str] = []
    offset = 0
    while updates := poll(api, robot, offset=offset, limit=20):
        heard += texts(updates)
        offset = updates[-1]["update_id"] + 1
    assert set(heard) == set(said)
    assert len(heard) > len(said) and list(dict.fromkeys(heard)) != said
    assert len(robot.ledger["confirmed"]) == 60


def test_an_update_can_be_repeated(api: BotApi, robot: Robot, alex: Telephone) -> None:
    alex.says("once")
    number = poll(api, robot)[0]["update_id"]
    robot.repeat(number, times=2)
    assert texts(poll(api, robot)) == ["once"] * 3


def test_a_foreign_poller_can_be_pretended(api: BotApi, robot: Robot) -> None:
    robot.suffers("conflict", times=2)
    for _ in range(2):
        with pytest.raises(HTTPError, match="409"):
            poll(api, robot)
    assert poll(api, robot) == []


def test_what_people_send_looks_like_telegram(api: BotApi, robot: Robot, alex: Telephone) -> None:
    alex.says("/start abc see https://example.org")
    alex.sends_voice()
    alex.sends_photo("in the garden")
    alex.sends_sticker()
    alex.forwards("not my words")
    alex.sends("location")
    raw = {"message": {"chat": {"id": alex.id}, "date": 4_000_000_000, "text": "hand-made"}}
    alex.raw(raw)
    start, voice, photo, sticker, forwarded, place, made = [
        update["message"] for update in poll(api, robot)
    ]
    assert start["from"] == {
        "id": 7_234_567_890, "is_bot": False, "first_name": "Sample Alex", "language_code": "en",
    }  # fmt: skip
    assert start["chat"] == {"id": alex.id, "first_name": "Sample Alex", "type": "private"}
    assert [mark["type"] for mark in start["entities"]] == ["bot_command", "url"]
    assert voice["voice"]["duration"] and sticker["sticker"]["emoji"] and place["location"]
    assert photo["photo"][0]["file_id"] and photo["caption"] == "in the garden"
    assert forwarded["forward_origin"]["type"] == "hidden_user"
    assert made["text"] == "hand-made"
