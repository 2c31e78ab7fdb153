"""The same fake as a process of its own, driven from here."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.bot_api import BotApi, Refusal

ROOT = Path(__file__).parents[2]


@pytest.fixture
def far() -> Iterator[BotApi]:
    command = [sys.executable, "-m", "tests.fakes.bot_api", "--until-eof"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        yield BotApi.at(json.loads(process.stdout.readline())["control"])
        process.stdin.close()
        assert process.wait(5) == 0


def test_a_fake_in_another_process_is_driven_alike(far: BotApi) -> None:
    robot = far.bot("42:sample")
    alex = robot.chat(7_234_567_890, first_name="Sample Alex")
    alex.says("hello")
    with pytest.raises(Refusal, match="no button"):
        alex.presses("Yes")
    with urllib.request.urlopen(f"{far.url}/bot42:sample/getUpdates?timeout=5") as answer:
        update = json.load(answer)["result"][0]
    assert update["message"]["text"] == "hello"
    send = f"{far.url}/bot42:sample/sendMessage?chat_id={alex.id}&text=Welcome"
    urllib.request.urlopen(send).close()
    assert alex.wait_for("Welcome").message_id == 2
    assert far.calls("sendMessage")[0]["status"] == 200
    far.refuses()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(send)
    far.refuses(False)
    assert robot.ledger["waiting"] == 1
