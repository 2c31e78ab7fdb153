"""The carrier says whether a request arrived, and never where it went."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from telegram.error import Forbidden, TelegramError, TimedOut

from tests.channels.conftest import TOKEN
from tests.fakes.bot_api import BotApi, Robot
from waiting_room.channels.http_request import HttpRequest, NotDelivered


class Stranger(BaseHTTPRequestHandler):
    """Something between us and Telegram that answers with a page of its own."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = int(self.path.rpartition("/")[2])
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"<html>error_code? Please sign in.</html>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def stranger() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def failure(url: str) -> TelegramError:
    """What asking this address ends in."""

    async def go() -> None:
        async with HttpRequest(read=0.3) as request:
            await request.post(url)

    with pytest.raises(TelegramError) as caught:
        asyncio.run(go())
    told = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert TOKEN not in told
    return caught.value


def test_a_refused_connection_did_not_arrive(api: BotApi, robot: Robot) -> None:
    api.refuses()
    assert type(failure(f"{api.url}/bot{TOKEN}/getMe")) is NotDelivered


@pytest.mark.parametrize("fault", ["black_hole", "swallow_reply", "drop_reply", "reset"])
def test_without_an_answer_it_may_have_arrived(api: BotApi, robot: Robot, fault: str) -> None:
    robot.suffers(fault)
    assert type(failure(f"{api.url}/bot{TOKEN}/getMe")) is TimedOut


def test_a_name_nobody_knows_and_no_address_at_all_did_not_arrive() -> None:
    assert type(failure(f"http://room.invalid/bot{TOKEN}/getMe")) is NotDelivered
    assert type(failure(f"http://:99999999/bot{TOKEN}/getMe")) is NotDelivered


@pytest.mark.parametrize("status", [400, 403, 404, 502])
def test_an_error_page_of_a_stranger_is_not_telegrams_word(stranger: str, status: int) -> None:
    assert type(failure(f"{stranger}/bot{TOKEN}/{status}")) is NotDelivered


def test_a_page_of_a_stranger_instead_of_an_answer_leaves_it_open(stranger: str) -> None:
    assert type(failure(f"{stranger}/bot{TOKEN}/200")) is TimedOut


def test_telegrams_own_errors_pass(api: BotApi, robot: Robot) -> None:
    robot.suffers("error", status=403, description="Forbidden: user is deactivated")
    assert type(failure(f"{api.url}/bot{TOKEN}/getMe")) is Forbidden
