"""Our own carrier for python-telegram-bot: aiohttp, and a clear word on whether a request arrived.

Its default carrier costs more than all the rest of a send and collapses with many at once. Here a
request that surely did not arrive raises NotDelivered, one that may have raises TimedOut. The
address of every request holds the bot's token, so no exception of the carrier goes further.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from waiting_room.kill_points import under_way

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
# Far more than a bot may send in a second: a crisis letter never waits for a connection.
CONNECTIONS = 256
# Shorter than the other side's, so that a letter never meets a connection just being closed.
IDLE_SECONDS = 15

JSON = {"Content-Type": "application/json"}
DID_NOT_ARRIVE = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class NotDelivered(NetworkError):
    """The request did not reach Telegram, or Telegram did not answer it as Telegram."""


@dataclass(frozen=True)
class _Body:
    """Arguments as one JSON text. The library's own form encodes each of them by itself."""

    json: bytes


class HttpRequest(BaseRequest):
    """A pool of connections, made by the first request in the event loop that sends."""

    def __init__(self, *, connect: float = CONNECT_SECONDS, read: float = READ_SECONDS) -> None:
        self._connect, self._read = connect, read
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """How long an answer may take."""
        return self._read

    async def initialize(self) -> None:
        """Nothing to do: the first request makes the pool."""

    async def shutdown(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(
        self, url: str, arguments: dict[str, Any] | None = None, *, read: float | None = None
    ) -> Any:
        """One question to Telegram; returns its result, raises the library's errors.

        Not by the library's bot: it reads the whole answer back into objects nobody looks at,
        which costs more than the request.
        """
        body: Any = _Body(orjson.dumps(arguments or {}))
        return await self.post(url, body, read_timeout=read or self._read)

    async def do_request(  # type: ignore[override]
        self, url: str, method: str, request_data: RequestData | None = None, **limits: Any
    ) -> tuple[int, bytes]:
        """One request. Raises NotDelivered or TimedOut, neither of which says where it went."""
        patience = aiohttp.ClientTimeout(
            connect=_chosen(limits, "connect_timeout", self._connect),
            sock_read=_chosen(limits, "read_timeout", self._read),
        )
        words, kind = _encoded(request_data)
        failure: TelegramError
        under_way("letter under way")
        try:
            asking = self._pool().request(method, url, data=words, headers=kind, timeout=patience)
            async with asking as answer:
                return _checked(answer.status, await answer.read())
        # The order matters: these are kinds of ClientError too, and only they prove that nothing
        # arrived. A letter that surely did not arrive may be sent again without a second thought.
        except DID_NOT_ARRIVE as error:
            failure = NotDelivered(type(error).__name__)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = TimedOut(type(error).__name__)
        # Outside the handler: else the carrier's error, with the token in it, is chained to ours.
        raise failure

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=IDLE_SECONDS)
            self._session = aiohttp.ClientSession(connector=connector)
        return self._session

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read an answer. An unreadable one is not written to the log: it may repeat the words."""
        try:
            found: dict[str, Any] = orjson.loads(payload)
        except ValueError:
            raise TimedOut("unreadable answer") from None
        return found


def _encoded(request_data: Any) -> tuple[Any, dict[str, str] | None]:
    if isinstance(request_data, _Body):
        return request_data.json, JSON
    # As a form: this is how the library encodes what it hands over.
    return (request_data.json_parameters if request_data else None), None


def _chosen(limits: dict[str, Any], name: str, ours: float) -> float | None:
    asked = limits.get(name, BaseRequest.DEFAULT_NONE)
    return ours if asked is BaseRequest.DEFAULT_NONE else asked


def _checked(status: int, payload: bytes) -> tuple[int, bytes]:
    """Pass on what Telegram says; an error page of something between us and it is not that."""
    if status >= 300 and not (payload.startswith(b"{") and b'"error_code"' in payload):
        raise NotDelivered(f"answer {status}, not from Telegram")
    return status, payload
