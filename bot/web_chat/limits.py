"""How often one chat may write and one peer may try numbers. Words of danger are never limited."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request

from waiting_room.care import danger
from waiting_room.pages.limits import Allowance, peer

SAID_PER_MINUTE, TRIES_PER_MINUTE = 30, 10


def _each_minute(number: int) -> Allowance:
    return Allowance(number / 60, number)


@dataclass
class Limits:
    """What one process allows, in memory."""

    said: Allowance = field(default_factory=lambda: _each_minute(SAID_PER_MINUTE))
    tried: Allowance = field(default_factory=lambda: _each_minute(TRIES_PER_MINUTE))


def writes_too_fast(request: Request, token: str, text: str) -> bool:
    """Whether this chat should slow down; never for words that must bring a person."""
    # Counted first, screened only when it is too much: the rules are not run twice for everybody.
    return bool(_limits(request).said.wait(token)) and not is_danger(text)


def tries_too_fast(request: Request, text: str) -> bool:
    """Whether this peer tries numbers too often."""
    return bool(_limits(request).tried.wait(peer(request.scope))) and not is_danger(text)


def is_danger(text: str) -> bool:
    """Whether the rules find anything in these words."""
    return danger.screen(text, danger.current()) is not None


def _limits(request: Request) -> Limits:
    limits = request.app.state.chat_limits
    assert isinstance(limits, Limits)
    return limits
