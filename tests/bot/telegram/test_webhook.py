"""Telegram brings updates over HTTP: 200 only after they are on disk, 503 when they are not."""

from __future__ import annotations

import asyncio
import http.client
import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI

from bot import hearing
from bot.telegram.webhook import LARGEST, SECRET, Webhook, set_webhook
from tests.bot.full_disk import full
from tests.bot.raw_updates import ALEX, message
from tests.bot.telegram.conftest import QUICK, TOKEN, channel, heard, stored
from tests.fakes.bot_api import BotApi, Robot, Telephone
from tests.pages.server import serving
from waiting_room import settings
from waiting_room.settings import Settings

WORD = "sample-secret-word"
DANGER = "I want to kill myself. " + "I wrote a lot about my week. " * 136
LINES = "We could not pass this on"


@pytest.fixture
def hooked(ours: Settings, robot: Robot) -> Iterator[str]:
    """The webhook, served and told to Telegram; gives its address."""
    app = FastAPI()
    with serving(app) as address:
        wanted = {"telegram_mode": "webhook", "telegram_secret": WORD, "public_url": address}
        known = settings.load(**ours.model_dump() | wanted)
        webhook = Webhook(known, speaker=channel(known))
        app.include_router(webhook.router)
        asyncio.run(set_webhook(known, pace=QUICK))
        yield address


def post(address: str, body: bytes, secret: str | None = WORD, path: str = "patients") -> int:
    place = urlsplit(address)
    headers = {SECRET: secret} if secret is not None else {}
    with closing(http.client.HTTPConnection(place.netloc, timeout=5)) as connection:
        connection.request("POST", f"/telegram/{path}", body, headers)
        answer = connection.getresponse()
        assert answer.read() == b""
        return answer.status


def test_updates_are_on_disk_before_telegram_hears_200(
    api: BotApi, robot: Robot, alex: Telephone, hooked: str, now: datetime
) -> None:
    robot.crowd([(alex.id, f"word {number}") for number in range(20)])
    api.wait_until(lambda: len(robot.ledger["confirmed"]) == 20)
    assert len(stored()) == 20
    while hearing.work_once(now=now):
        pass
    assert heard(alex) == [f"word {number}" for number in range(20)]


def test_a_copy_is_taken_and_has_no_second_effect(hooked: str, now: datetime) -> None:
    assert post(hooked, message(7, text="hello")) == 200
    assert post(hooked, message(7, text="hello")) == 200
    assert hearing.work_once(now=now) == 1


@pytest.mark.parametrize("secret", [None, "", "wrong", "sample-secret-worD", "\xff"])
def test_without_the_secret_nothing_is_taken_or_told(
    hooked: str, secret: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert post(hooked, message(7, text="canary"), secret) == 403
    assert stored() == {}
    assert "canary" not in caplog.text and str(ALEX) not in caplog.text


def test_an_address_without_a_bot_looks_the_same_as_a_wrong_secret(hooked: str) -> None:
    assert post(hooked, message(7, text="hello"), path="staff") == 403
    assert post(hooked, message(7, text="hello"), path="elsewhere") == 403


def test_a_body_that_is_too_large_is_refused(hooked: str) -> None:
    assert post(hooked, message(7, text="x" * LARGEST)) == 413
    assert stored() == {}


def test_what_cannot_be_read_is_taken_so_that_the_chat_flows_on(hooked: str) -> None:
    assert post(hooked, b"no json at all") == 200
    assert len(stored()) == 1


def test_a_kind_from_the_future_is_taken_and_the_next_one_flows(hooked: str, now: datetime) -> None:
    assert post(hooked, b'{"update_id": 8, "telepathy": {"thought": "?"}}') == 200
    assert post(hooked, message(9, text="hello")) == 200
    before = hearing.ignored["unknown kind"]
    assert hearing.work_once(now=now) == 2
    assert hearing.ignored["unknown kind"] == before + 1
    assert stored() == {8: "done", 9: "done"}


def test_storage_that_refuses_says_503_and_danger_is_answered_once(
    api: BotApi, robot: Robot, alex: Telephone, hooked: str
) -> None:
    with full():
        alex.says(DANGER)
        alex.wait_for(LINES)
        api.wait_until(lambda: max(robot.ledger["webhook_failures"].values(), default=0) >= 3)
        assert stored() == {}
    api.wait_until(lambda: len(robot.ledger["confirmed"]) == 1)
    assert len(stored()) == 1 and len(alex.messages) == 1


def test_setting_the_webhook_insists_and_tells_what_we_want(
    api: BotApi, robot: Robot, ours: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = {
        "telegram_mode": "webhook",
        "telegram_secret": WORD,
        "public_url": "http://127.0.0.1:9",
    }
    known = settings.load(**ours.model_dump() | wanted)
    robot.suffers("error", method="setWebhook", status=502, times=2)
    asyncio.run(set_webhook(known, pace=QUICK))
    assert [call["status"] for call in robot.calls("setWebhook")] == [502, 502, 200]
    assert TOKEN.partition(":")[2] not in caplog.text
