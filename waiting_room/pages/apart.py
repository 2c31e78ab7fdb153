"""A page with threads of its own, so that it answers while every other thread of the web waits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

P = ParamSpec("P")
T = TypeVar("T")
AT_ONCE = 8


def apart(page: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Serve this page beside the crowd: a flood of messages, or storage that hangs, fills the
    threads that all pages share."""
    limiter = CapacityLimiter(AT_ONCE)

    @wraps(page)
    async def served(*asked: P.args, **named: P.kwargs) -> T:
        return await to_thread.run_sync(partial(page, *asked, **named), limiter=limiter)

    return served
