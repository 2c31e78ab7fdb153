"""Storage refuses, and whoever is in danger is still told where help is, once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from bot import hearing
from tests.bot.full_disk import full, locked
from tests.bot.telegram.conftest import Polling, heard, stored
from tests.fakes.bot_api import BotApi, Robot, Telephone
from waiting_room import db
from waiting_room.models import Alert

DANGER = "I want to kill myself. " + "I wrote a lot about my week. " * 136
LINES = "We could not pass this on"


def test_on_a_full_disk_danger_is_answered_once_and_nothing_is_lost(
    api: BotApi, robot: Robot, alex: Telephone, bea: Telephone, polling: Polling, now: datetime
) -> None:
    with polling():
        with full():
            alex.says(DANGER)
            said = alex.wait_for(LINES).text
            assert "116 123" in said and "999" in said
            bea.says("Help now")
            bea.wait_for(LINES)
            tries = len(robot.calls("getUpdates"))
            api.wait_until(lambda: len(robot.calls("getUpdates")) > tries + 5)
            assert robot.ledger["confirmed"] == {} and stored() == {}
        api.wait_until(lambda: len(robot.ledger["confirmed"]) == 2)
    assert len(alex.messages) == 1 and len(bea.messages) == 1
    while hearing.work_once(now=now):
        pass
    assert heard(alex) == [DANGER] and heard(bea) == ["Help now"]
    with db.read() as session:
        assert session.scalars(select(Alert.kind)).all() == ["unknown person"]


def test_everyday_words_wait_in_silence_on_a_full_disk(
    api: BotApi, robot: Robot, alex: Telephone, polling: Polling
) -> None:
    with polling():
        with full():
            alex.says("The garden was lovely. " * 170)
            tries = len(robot.calls("getUpdates"))
            api.wait_until(lambda: len(robot.calls("getUpdates")) > tries + 3)
        api.wait_until(lambda: len(robot.ledger["confirmed"]) == 1)
    assert alex.messages == []


def test_lines_that_could_not_be_sent_are_sent_on_the_next_round(
    api: BotApi, robot: Robot, alex: Telephone, polling: Polling
) -> None:
    robot.suffers("error", method="sendMessage", status=502, times=1)
    with polling(), full():
        alex.says(DANGER)
        alex.wait_for(LINES)
    assert len(alex.messages) == 1


def test_while_the_database_is_locked_everybody_new_in_danger_is_answered_soon(
    api: BotApi, robot: Robot, alex: Telephone, bea: Telephone, polling: Polling, room: Path
) -> None:
    with polling():
        with locked(room / "waiting-room.db"):
            alex.says(DANGER)
            alex.wait_for(LINES, timeout=4)
            bea.says(DANGER)
            bea.wait_for(LINES, timeout=4)
        api.wait_until(lambda: len(robot.ledger["confirmed"]) == 2, timeout=10)
    assert len(stored()) == 2
    assert len(alex.messages) == 1 and len(bea.messages) == 1
