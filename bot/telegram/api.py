"""Asking the Bot API, in bytes: what is heard must be kept exactly as it came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Self

import aiohttp
import orjson

from bot import raw

# Telegram itself answers in a second; more than this is a line that is dead and does not say so.
ANSWER_WITHIN = 20.0


class Trouble(Exception):
    """A question that got no good answer. Its words never hold the token or the answer."""


class Unreachable(Trouble):
    """Nobody answered, or not in time."""


class Refusal(Trouble):
    """Telegram said no: its code, its reason, and the pause it asks for."""

    def __init__(self, code: int, why: str, *, pause: float = 0) -> None:
        super().__init__(f"{code} {why}")
        self.code = code
        self.why = why
        self.pause = pause


class Api:
    """One bot's line to Telegram. It is opened by the first question."""

    def __init__(self, base: str, token: str) -> None:
        self._url = f"{base}/bot{token}/"
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            await self._session.close()

    async def ask(self, method: str, *, patience: float = ANSWER_WITHIN, **wishes: Any) -> bytes:
        """The whole answer of one method. Raises Refusal or Unreachable."""
        timeout = aiohttp.ClientTimeout(total=patience)
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            asking = self._session.post(self._url + method, json=wishes, timeout=timeout)
            async with asking as answer:
                body = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # The error's own words may hold the address, and the address holds the token.
            raise Unreachable(type(error).__name__) from None
        if answer.status != 200:
            raise _refusal(answer.status, body)
        return body

    async def updates(self, offset: int | None, *, wait: int, kinds: list[str]) -> list[bytes]:
        """The next updates, each as the very bytes Telegram sent."""
        wishes: dict[str, Any] = {"timeout": wait, "limit": 100, "allowed_updates": kinds}
        if offset is not None:
            wishes["offset"] = offset
        body = await self.ask("getUpdates", patience=wait + ANSWER_WITHIN, **wishes)
        return split(body)


def split(answer: bytes) -> list[bytes]:
    """The updates of one answer, cut apart without changing a byte."""
    try:
        # The very bytes, because they are sealed and stored before anybody tries to understand
        # them.
        return [piece.encode("utf-8", "surrogateescape") for piece in _pieces(answer)]
    # An answer we cannot cut is read as a whole; its pieces are written anew, which keeps the
    # words.
    except (ValueError, RecursionError):
        found = (raw.load(answer) or {}).get("result")
        return [json.dumps(one).encode() for one in found] if isinstance(found, list) else []


def _pieces(answer: bytes) -> Iterator[str]:
    text = answer.decode("utf-8", "surrogateescape")
    read = json.JSONDecoder(strict=False).raw_decode
    at = text.index("[", text.index('"result"')) + 1
    while (at := _past(text, at, " \t\r\n,")) < len(text) and text[at] != "]":
        _, end = read(text, at)
        yield text[at:end]
        at = end


def _past(text: str, at: int, what: str) -> int:
    while at < len(text) and text[at] in what:
        at += 1
    return at


def _refusal(status: int, body: bytes) -> Refusal:
    try:
        said = orjson.loads(body)
        pause = said.get("parameters", {}).get("retry_after", 0)
        return Refusal(status, str(said.get("description", "")), pause=float(pause))
    except (orjson.JSONDecodeError, AttributeError, TypeError, ValueError):
        return Refusal(status, "")
