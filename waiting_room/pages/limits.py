"""Limits before anything is read: how large a body may be, how often one peer may ask."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from waiting_room import clock
from waiting_room.pages.errors import Problem, answer
from waiting_room.pages.site import Site, under

# Far more than a referral with every box filled needs.
MAX_BODY = 64 * 1024
# Generous on purpose: a whole clinic may stand behind one address.
PER_SECOND = 30.0
BURST = 200.0
TOO_LARGE = Problem(413, "too_large")


class BodyLimit:
    """Refuses a body that is too large before a byte of it is parsed."""

    def __init__(self, app: ASGIApp, *, larger: Mapping[str, int]) -> None:
        self.app = app
        self.larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Believe a declared length that is too large; count the bytes of any other."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        if _declared(scope) > limit:
            await answer(Request(scope), TOO_LARGE, plain=True)(scope, receive, send)
            return
        await self.app(scope, _counted(receive, limit), send)

    def _limit(self, path: str) -> int:
        fitting = [size for prefix, size in self.larger.items() if under(path, (prefix,))]
        return max(fitting, default=MAX_BODY)


def _declared(scope: Scope) -> int:
    length = dict(scope["headers"]).get(b"content-length", b"0")
    # What is no number is not believed, but counted as it comes.
    return int(length) if length.isdigit() else 0


def _counted(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise HTTPException(413)
        return message

    return counted


@dataclass
class Bucket:
    """What one peer may still ask, and when that was reckoned."""

    left: float
    at: float


@dataclass
class Allowance:
    """So many a second for each key, with a burst. In memory: a restart forgives."""

    per_second: float
    burst: float
    most_keys: int = 10_000
    buckets: dict[str, Bucket] = field(default_factory=dict)

    def wait(self, key: str) -> float:
        """0 when this one is allowed, else the seconds until the next would be."""
        now = clock.monotonic()
        bucket = self.buckets.get(key)
        if bucket is None:
            self._make_room(now)
            bucket = self.buckets[key] = Bucket(self.burst, now)
        bucket.left = min(self.burst, bucket.left + (now - bucket.at) * self.per_second)
        bucket.at = now
        if bucket.left < 1:
            return (1 - bucket.left) / self.per_second
        bucket.left -= 1
        return 0.0

    def _make_room(self, now: float) -> None:
        if len(self.buckets) < self.most_keys:
            return
        full_again = self.burst / self.per_second
        kept = {k: b for k, b in self.buckets.items() if now - b.at < full_again}
        # A flood from many addresses must not fill the memory: then everybody starts afresh.
        self.buckets = kept if len(kept) < self.most_keys else {}


class RateLimit:
    """Slows one peer that floods us. Help pages, the chat and the watchers are never slowed."""

    def __init__(self, app: ASGIApp, *, site: Site) -> None:
        self.app = app
        self.never = (*site.never_limited, site.help_url)
        self.allowance = Allowance(PER_SECOND, BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer 429 with the time to wait."""
        seconds = self._wait(scope)
        if not seconds:
            await self.app(scope, receive, send)
            return
        refused = answer(Request(scope), Problem(429, "too_many"), plain=True)
        refused.headers["retry-after"] = str(math.ceil(seconds))
        await refused(scope, receive, send)

    def _wait(self, scope: Scope) -> float:
        if scope["type"] != "http" or under(scope["path"], self.never):
            return 0.0
        return self.allowance.wait(peer(scope))


def peer(scope: Scope) -> str:
    """Who asks: an IPv4 address, or the /64 network that one IPv6 customer has to himself."""
    host = (scope.get("client") or ("", 0))[0]
    try:
        address = ip_address(host)
    except ValueError:
        return str(host)
    if isinstance(address, IPv6Address):
        # By the single address one customer could ask 2 to the 64 times as often.
        return address.exploded[:19]
    return str(address)
