"""Asks Telegram by aiohttp, and says clearly whether a request arrived.

A request that surely did not arrive raises NotDelivered, one that may have raises NoAnswer, and
one that Telegram refused raises Refused. The address of every request holds the bot's token, so no
exception of the carrier goes further.
"""

from __future__ import annotations

from typing import Any

import aiohttp
import orjson

from waiting_room.kill_points import under_way

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
# Far more than a bot may send in a second: a crisis letter never waits for a connection.
CONNECTIONS = 256
# Shorter than the other side's, so that a letter never meets a connection just being closed.
IDLE_SECONDS = 15

JSON = {"Content-Type": "application/json"}
DID_NOT_ARRIVE = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class Failure(Exception):
    """A request that did not end well."""


class NotDelivered(Failure):
    """The request did not reach Telegram, or Telegram did not answer it as Telegram."""


class NoAnswer(Failure):
    """No answer, or none that can be read: it may have arrived."""


class Refused(Failure):
    """Telegram said no: its code, its words, the pause it asks for, and whether the chat moved."""

    def __init__(
        self, code: int, words: str = "", *, pause: float = 0, moved: bool = False
    ) -> None:
        super().__init__(f"{code} {words}")
        self.code, self.words, self.pause, self.moved = code, words, pause, moved


class HttpRequest:
    """A pool of connections, made by the first request in the event loop that sends."""

    def __init__(self, *, connect: float = CONNECT_SECONDS, read: float = READ_SECONDS) -> None:
        self._connect, self._read = connect, read
        self._session: aiohttp.ClientSession | None = None

    async def shutdown(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(
        self, url: str, arguments: dict[str, Any] | None = None, *, read: float | None = None
    ) -> Any:
        """One question to Telegram; returns its result. Raises a Failure, which never says where
        it went."""
        status, payload = await self._post(url, orjson.dumps(arguments or {}), read or self._read)
        try:
            said = orjson.loads(payload)
            if status >= 300:
                raise _refusal(status, said)
            return said["result"]
        except (ValueError, KeyError, TypeError, AttributeError):
            # The answer goes into no log: it may repeat the words.
            raise NoAnswer("unreadable answer") from None

    async def _post(self, url: str, words: bytes, read: float) -> tuple[int, bytes]:
        patience = aiohttp.ClientTimeout(connect=self._connect, sock_read=read)
        failure: Failure
        under_way("letter under way")
        try:
            asking = self._pool().post(url, data=words, headers=JSON, timeout=patience)
            async with asking as answer:
                return _checked(answer.status, await answer.read())
        # The order matters: these are kinds of ClientError too, and only they prove that nothing
        # arrived. A letter that surely did not arrive may be sent again without a second thought.
        except DID_NOT_ARRIVE as error:
            failure = NotDelivered(type(error).__name__)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = NoAnswer(type(error).__name__)
        # Outside the handler: else the carrier's error, with the token in it, is chained to ours.
        raise failure

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=IDLE_SECONDS)
            self._session = aiohttp.ClientSession(connector=connector)
        return self._session


def _refusal(status: int, said: dict[str, Any]) -> Refused:
    more = said.get("parameters") or {}
    pause, moved = float(more.get("retry_after") or 0), bool(more.get("migrate_to_chat_id"))
    return Refused(status, str(said.get("description") or ""), pause=pause, moved=moved)


def _checked(status: int, payload: bytes) -> tuple[int, bytes]:
    """Pass on what Telegram says; an error page of something between us and it is not that."""
    if status >= 300 and not (payload.startswith(b"{") and b'"error_code"' in payload):
        raise NotDelivered(f"answer {status}, not from Telegram")
    return status, payload
