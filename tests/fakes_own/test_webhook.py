"""Webhooks: the secret, the order in a chat, tries after a failure, copies."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.fakes.bot_api import BotApi, Robot, Telephone

Answer = Callable[[dict[str, Any]], tuple[int, dict[str, str], bytes]]


def well(update: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, b""


class Receiver:
    """Somebody's webhook: keeps what came and answers as told."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.secrets: set[str | None] = set()
        self.answer: Answer = well
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers, said = receiver.take(self.headers, json.loads(body))
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(said))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, headers: Any, update: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        self.secrets.add(headers.get("X-Telegram-Bot-Api-Secret-Token"))
        self.updates.append(update)
        return self.answer(update)

    def texts(self, chat: Telephone) -> list[str]:
        messages = [update["message"] for update in self.updates]
        return [message["text"] for message in messages if message["chat"]["id"] == chat.id]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


def ask(api: BotApi, robot: Robot, method: str, **args: Any) -> Any:
    request = urllib.request.Request(
        f"{api.url}/bot{robot.token}/{method}",
        data=json.dumps(args).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)["result"]


def drained(robot: Robot) -> Callable[[], bool]:
    return lambda: robot.ledger["waiting"] == 0


def test_updates_are_pushed_with_the_secret(
    api: BotApi, robot: Robot, alex: Telephone, receiver: Receiver
) -> None:
    alex.says("before there was a webhook")
    ask(api, robot, "setWebhook", url=receiver.url, secret_token="sample-secret")
    alex.says("after")
    api.wait_until(drained(robot))
    assert receiver.texts(alex) == ["before there was a webhook", "after"]
    assert receiver.secrets == {"sample-secret"}
    assert len(robot.ledger["confirmed"]) == 2


def test_a_failed_update_holds_back_its_chat_and_no_other(
    api: BotApi, robot: Robot, alex: Telephone, receiver: Receiver
) -> None:
    api.tune(haste=0.01)
    bea = robot.chat(7_234_567_891, first_name="Sample Bea")
    ill = True

    def answer(update: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        return (503 if ill and update["message"]["text"] == "one" else 200), {}, b""

    receiver.answer = answer
    ask(api, robot, "setWebhook", url=receiver.url)
    alex.says("one")
    alex.says("two")
    bea.says("hello")
    api.wait_until(lambda: len(receiver.texts(alex)) >= 4)
    assert receiver.texts(bea) == ["hello"] and set(receiver.texts(alex)) == {"one"}
    info = ask(api, robot, "getWebhookInfo")
    assert info["pending_update_count"] == 2
    assert info["last_error_message"].startswith("Wrong response from the webhook: 503")
    ill = False
    api.wait_until(drained(robot))
    assert receiver.texts(alex)[-2:] == ["one", "two"]


def test_back_off_grows_and_retry_after_is_heeded(
    api: BotApi, robot: Robot, alex: Telephone, receiver: Receiver
) -> None:
    receiver.answer = lambda update: (500, {}, b"")
    ask(api, robot, "setWebhook", url=receiver.url)
    alex.says("one")
    api.wait_until(lambda: list(robot.ledger["webhook_failures"].values()) == [2])
    receiver.answer = lambda update: (429, {"Retry-After": "3000"}, b"")
    bea = robot.chat(7_234_567_891, first_name="Sample Bea")
    bea.says("two")
    api.wait_until(lambda: sorted(robot.ledger["webhook_failures"].values()) == [1, 2])
    assert len(receiver.updates) == 3


def test_a_closed_webhook_is_tried_again(
    api: BotApi, robot: Robot, alex: Telephone, receiver: Receiver
) -> None:
    api.tune(haste=0.01)
    ask(api, robot, "setWebhook", url="http://127.0.0.1:9/hook")
    alex.says("anybody?")
    api.wait_until(lambda: robot.ledger["webhook_failures"])
    ask(api, robot, "setWebhook", url=receiver.url)
    api.wait_until(drained(robot))
    assert receiver.texts(alex) == ["anybody?"]


def test_a_webhook_may_answer_with_a_method(
    api: BotApi, robot: Robot, alex: Telephone, receiver: Receiver
) -> None:
    wish = {"method": "sendMessage", "chat_id": alex.id, "text": "Heard"}
    receiver.answer = lambda update: (200, {}, json.dumps(wish).encode())
    ask(api, robot, "setWebhook", url=receiver.url)
    alex.says("hello")
    assert alex.wait_for("Heard").message_id == 2


def test_copies_are_pushed_too(
    api: BotApi, robot: Robot, alex: Telephone, receiver: Receiver
) -> None:
    robot.suffers("duplicates", share=0.5)
    robot.suffers("reorder", window=5)
    said = [f"word {number}" for number in range(30)]
    robot.crowd([(alex.id, text) for text in said])
    ask(api, robot, "setWebhook", url=receiver.url)
    api.wait_until(drained(robot))
    heard = receiver.texts(alex)
    assert set(heard) == set(said) and len(heard) > 30
    assert list(dict.fromkeys(heard)) != said


def test_going_back_to_polling(
    api: BotApi, robot: Robot, alex: Telephone, receiver: Receiver
) -> None:
    ask(api, robot, "setWebhook", url=receiver.url)
    ask(api, robot, "deleteWebhook")
    alex.says("dropped")
    ask(api, robot, "deleteWebhook", drop_pending_updates=True)
    alex.says("kept")
    assert [update["message"]["text"] for update in ask(api, robot, "getUpdates")] == ["kept"]
    assert receiver.updates == [] and len(robot.ledger["dropped"]) == 1
