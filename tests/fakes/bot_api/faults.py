"""The ways Telegram and the road to it misbehave, and its limits on sending."""

from __future__ import annotations

import itertools
import math
import random
import time
from dataclasses import dataclass, field

#: before: nothing is accepted; after: the request took effect, the answer suffers;
#: delivery: what a poller or webhook is handed.
STAGES = {
    "reset": "before",
    "black_hole": "before",
    "delay": "before",
    "error": "before",
    "flood": "before",
    "conflict": "before",
    "drop_reply": "after",
    "swallow_reply": "after",
    "slow_reply": "after",
    "duplicates": "delivery",
    "reorder": "delivery",
}


@dataclass
class Fault:
    """One misbehaviour and where it applies; a field left empty means everywhere."""

    how: str
    token: str = ""
    chat: int = 0
    method: str = ""
    share: float = 1.0
    times: int = 0
    lasting: float = 0.0
    seconds: float = 0.0
    status: int = 500
    description: str = ""
    window: int = 10
    number: int = 0
    ends: float = field(default=math.inf, init=False)
    left: float = field(default=math.inf, init=False)

    def __post_init__(self) -> None:
        if self.how not in STAGES:
            raise ValueError(f"unknown fault {self.how!r}; known: {', '.join(STAGES)}")
        self.left = self.times or math.inf
        self.ends = time.monotonic() + self.lasting if self.lasting else math.inf

    def alive(self) -> bool:
        """Say whether it still bites."""
        return self.left > 0 and time.monotonic() < self.ends

    def fits(self, token: str, method: str, chat: int) -> bool:
        """Say whether a request falls under it."""
        return (
            self.token in ("", token)
            and self.method.lower() in ("", method.lower())
            and self.chat in (0, chat)
        )

    def retry_after(self) -> int:
        """Return the whole seconds a flooded caller is told to wait."""
        if self.ends is not math.inf:
            return max(1, math.ceil(self.ends - time.monotonic()))
        return max(1, math.ceil(self.seconds))


class Faults:
    """The misbehaviours in force."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._numbers = itertools.count(1)
        self._rules: list[Fault] = []

    def add(self, fault: Fault) -> int:
        """Put one in force and return its number."""
        fault.number = next(self._numbers)
        self._rules.append(fault)
        return fault.number

    def remove(self, number: int = 0) -> None:
        """End one, or all."""
        self._rules = [rule for rule in self._rules if number not in (0, rule.number)]

    def holds(self, number: int) -> bool:
        """Say whether those it struck must still wait."""
        now = time.monotonic()
        return any(rule.number == number and now < rule.ends for rule in self._rules)

    def pick(self, stage: str, token: str, *, method: str = "", chat: int = 0) -> Fault | None:
        """Return the first fault of a stage that strikes this request, and count it."""
        for rule in self._rules:
            strikes = (
                STAGES[rule.how] == stage
                and rule.alive()
                and rule.fits(token, method, chat)
                and not (rule.how == "conflict" and method != "getupdates")
            )
            if strikes and self._dice.random() < rule.share:
                rule.left -= 1
                return rule
        return None

    def in_force(self, how: str, token: str) -> Fault | None:
        """Return a delivery fault that applies to a bot, without counting it."""
        for rule in self._rules:
            if rule.how == how and rule.alive() and rule.fits(token, "", rule.chat):
                return rule
        return None


@dataclass
class Bucket:
    """Allows `rate` a second, and `burst` at once after a rest."""

    rate: float
    burst: float
    level: float = 0.0
    at: float = field(default_factory=time.monotonic)

    def wait(self) -> float:
        """Take one, or return the seconds until one is allowed."""
        now = time.monotonic()
        self.level = max(0.0, self.level - (now - self.at) * self.rate)
        self.at = now
        if self.level + 1 > self.burst + 1e-9:
            return (self.level + 1 - self.burst) / self.rate
        self.level += 1
        return 0.0


class Limits:
    """Telegram's limits on sending: off until set."""

    def __init__(self) -> None:
        self.per_second = 0.0
        self.per_chat = 0.0
        self.chat_burst = 1
        self._buckets: dict[tuple[str, int], Bucket] = {}

    def set(self, per_second: float, per_chat: float, chat_burst: int) -> None:
        """Begin anew with other figures; 0 means no limit."""
        self.per_second, self.per_chat, self.chat_burst = per_second, per_chat, chat_burst
        self._buckets.clear()

    def retry_after(self, token: str, chat: int) -> int:
        """Return 0 when a message may go, else the whole seconds to wait."""
        wait = 0.0
        if self.per_chat:
            wait = self._bucket((token, chat), self.per_chat, self.chat_burst).wait()
        if self.per_second and not wait:
            wait = self._bucket((token, 0), self.per_second, self.per_second).wait()
        return math.ceil(wait)

    def _bucket(self, key: tuple[str, int], rate: float, burst: float) -> Bucket:
        if key not in self._buckets:
            self._buckets[key] = Bucket(rate, burst)
        return self._buckets[key]
