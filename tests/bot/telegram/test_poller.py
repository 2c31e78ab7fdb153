"""Polling the fake Bot API: stored first, confirmed after, and steady when Telegram is not."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot import hearing, inbox
from bot.telegram.api import Api
from bot.telegram.poller import Poller
from tests.bot.full_disk import full
from tests.bot.telegram.conftest import QUICK, TOKEN, Polling, heard, stored
from tests.fakes.bot_api import BotApi, Robot, Telephone
from waiting_room import clock, db
from waiting_room.leases import Held
from waiting_room.models import Alert
from waiting_room.settings import Settings

LONG = "A long story about my week. " * 145


def ask(api: BotApi, method: str, **wishes: object) -> None:
    async def go() -> None:
        async with Api(api.url, TOKEN) as line:
            await line.ask(method, **wishes)  # type: ignore[arg-type]

    asyncio.run(go())


def confirmed(robot: Robot) -> int:
    return len(robot.ledger["confirmed"])


def alerts() -> list[tuple[str, str]]:
    with db.read() as session:
        return [(alert.colour, alert.kind) for alert in session.scalars(select(Alert))]


def drain(now: datetime) -> None:
    while hearing.work_once(now=now):
        pass


def test_words_are_on_disk_before_telegram_may_forget_them(
    api: BotApi, robot: Robot, alex: Telephone, polling: Polling, now: datetime
) -> None:
    alex.says("hello")
    with polling():
        api.wait_until(lambda: confirmed(robot) == 1)
        assert list(stored().values()) == ["waiting"]
        alex.says("and again")
        api.wait_until(lambda: confirmed(robot) == 2)
    drain(now)
    assert heard(alex) == ["hello", "and again"]
    last = robot.ledger["issued"][-1]["update_id"]
    assert inbox.next_offset("patients") == last + 1


def test_a_poller_that_dies_before_it_stored_loses_nothing(
    api: BotApi, robot: Robot, alex: Telephone, polling: Polling, now: datetime
) -> None:
    alex.says(LONG)
    with full(), polling():
        api.wait_until(lambda: sum(robot.ledger["handed"].values()) >= 1)
    assert confirmed(robot) == 0 and stored() == {}
    with polling():
        api.wait_until(lambda: confirmed(robot) == 1)
    drain(now)
    assert heard(alex) == [LONG]


def test_copies_and_disorder_change_nothing(
    api: BotApi, robot: Robot, alex: Telephone, bea: Telephone, polling: Polling, now: datetime
) -> None:
    said = [f"word {number}" for number in range(60)]
    robot.crowd([(chat.id, text) for text in said for chat in (alex, bea)])
    robot.suffers("duplicates", share=0.2)
    robot.suffers("reorder", window=10)
    with polling():
        api.wait_until(lambda: confirmed(robot) == 120)
    drain(now)
    assert heard(alex) == said and heard(bea) == said


def test_ids_that_begin_anew_lower_are_fetched_once(
    api: BotApi, robot: Robot, alex: Telephone, polling: Polling
) -> None:
    with polling():
        alex.says("before")
        api.wait_until(lambda: confirmed(robot) == 1)
        clock.advance(timedelta(days=6))
        robot.restart_ids(5)
        alex.says("after")
        api.wait_until(lambda: confirmed(robot) == 2)
    drain(clock.now())
    assert heard(alex) == ["before", "after"]
    assert robot.ledger["handed"]["5"] == 1
    assert inbox.next_offset("patients") == 6


def test_an_outage_of_telegram_is_waited_out(
    api: BotApi, robot: Robot, alex: Telephone, polling: Polling
) -> None:
    with polling():
        api.wait_until(lambda: robot.calls("getUpdates"))
        api.refuses()
        alex.says("anybody?")
        api.refuses(False)
        api.wait_until(lambda: confirmed(robot) == 1)
        robot.suffers("error", status=502, times=3)
        alex.says("still there?")
        api.wait_until(lambda: confirmed(robot) == 2)


def test_a_foreign_poller_that_stays_raises_one_alert(
    api: BotApi, robot: Robot, alex: Telephone, polling: Polling, caplog: pytest.LogCaptureFixture
) -> None:
    number = robot.suffers("conflict")
    with polling():
        api.wait_until(alerts)
        before = len(robot.calls("getUpdates"))
        api.wait_until(lambda: len(robot.calls("getUpdates")) > before + 5)
        robot.api.recovers(number)
        alex.says("hello")
        api.wait_until(lambda: confirmed(robot) == 1)
    assert alerts() == [("amber", "second poller")]
    assert caplog.text.count("only one may") == 1


def test_a_short_conflict_at_a_restart_raises_nobody(
    api: BotApi, robot: Robot, alex: Telephone, polling: Polling
) -> None:
    robot.suffers("conflict", times=1)
    alex.says("hello")
    with polling():
        api.wait_until(lambda: confirmed(robot) == 1)
    assert alerts() == []


def test_without_a_sure_lease_it_stands_back_for_another_poller(
    ours: Settings, robot: Robot
) -> None:
    robot.suffers("conflict")
    unsure = Held("poller patients", 1, until=float("-inf"))
    poller = Poller("patients", TOKEN, ours, pace=QUICK)
    asyncio.run(asyncio.wait_for(poller.run(asyncio.Event(), unsure), 10))
    assert len(robot.calls("getUpdates")) == 1
    assert alerts() == []


def test_a_webhook_set_by_somebody_is_taken_away(
    api: BotApi, robot: Robot, alex: Telephone, polling: Polling
) -> None:
    ask(api, "setWebhook", url="http://127.0.0.1:9/listening-in")
    with polling():
        api.wait_until(lambda: robot.calls("getUpdates"))
        ask(api, "setWebhook", url="http://127.0.0.1:9/listening-in")
        alex.says("hello")
        api.wait_until(lambda: confirmed(robot) == 1)


def test_a_wrong_token_is_said_once_and_never_shown(
    api: BotApi, robot: Robot, polling: Polling, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    robot.revoke()
    with polling():
        api.wait_until(lambda: len(api.calls("deleteWebhook")) >= 3)
    assert caplog.text.count("telegram does not know this token") == 1
    assert TOKEN.partition(":")[2] not in caplog.text


def test_a_group_is_left_without_a_word(
    api: BotApi, robot: Robot, polling: Polling, now: datetime
) -> None:
    group = robot.group(-1_001_234_567_890)
    with polling():
        group.adds_bot()
        api.wait_until(lambda: robot.calls("leaveChat"))
    drain(now)
    assert group.messages == [] and robot.calls("sendMessage") == []
    assert set(stored().values()) == {"done"}


def test_a_press_is_answered_at_once_and_stored_even_when_it_is_too_old(
    api: BotApi, robot: Robot, alex: Telephone, polling: Polling
) -> None:
    keys = {"inline_keyboard": [[{"text": "Good", "callback_data": "good"}]]}
    ask(api, "sendMessage", chat_id=alex.id, text="How are you?", reply_markup=keys)
    with polling():
        press = alex.presses("Good")
        api.wait_until(lambda: robot.ledger["answers"][str(press)] is not None)
        robot.suffers("error", method="answerCallbackQuery", status=400, description="too old")
        alex.presses("Good")
        api.wait_until(lambda: len(robot.calls("answerCallbackQuery")) == 2)
        api.wait_until(lambda: confirmed(robot) == 2)
    assert len(stored()) == 2


def test_blocking_the_bot_is_noticed_and_so_is_coming_back(
    api: BotApi, robot: Robot, alex: Telephone, polling: Polling, now: datetime
) -> None:
    with polling():
        alex.says("hello")
        alex.blocks()
        api.wait_until(lambda: confirmed(robot) == 2)
        drain(now)
        assert address_of(alex) == "blocked"
        alex.unblocks()
        api.wait_until(lambda: confirmed(robot) == 3)
        drain(now)
        assert address_of(alex) == ""


def address_of(chat: Telephone) -> str:
    with db.read() as session:
        found = hearing.conversations.address_known(session, "telegram", str(chat.id))
        assert found is not None and bool(found.dead_at) == bool(found.dead_why)
        return found.dead_why
