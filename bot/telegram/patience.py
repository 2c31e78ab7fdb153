"""How long to wait after trouble, and when a conflict has lasted too long to be an accident."""

from __future__ import annotations

import random
from dataclasses import dataclass

from waiting_room import clock


@dataclass(frozen=True)
class Pace:
    """The times of this door, in seconds."""

    poll: int = 25
    # After this somebody in danger is not left waiting for slow storage.
    answer: float = 2.0
    first: float = 1.0
    longest: float = 60.0
    conflict: float = 3.0
    # An old process may still be ending for some seconds; after this it is no overlap any more.
    suspicious: float = 30.0
    forgotten: float = 60.0
    repeat: float = 3600.0


@dataclass
class Backoff:
    """Waits twice as long after each failure, with jitter, so that many do not come at once."""

    pace: Pace
    failures: int = 0

    def next(self) -> float:
        """The pause after one more failure."""
        longest = min(self.pace.first * 2**self.failures, self.pace.longest)
        # Two to the power of a night's failures is a number no pause can be reckoned from.
        self.failures = min(self.failures + 1, 30)
        return random.uniform(longest / 2, longest)

    def reset(self) -> None:
        """It went well."""
        self.failures = 0


@dataclass
class Conflict:
    """Somebody else polls with our token: an overlap at a restart, or a stolen token."""

    pace: Pace
    began: float | None = None
    last: float = 0.0
    told: float | None = None

    def noticed(self) -> bool:
        """It happened again; True when people must be told of it now."""
        now = clock.monotonic()
        if self.began is None or now - self.last > self.pace.forgotten:
            self.began, self.told = now, None
        self.last = now
        lasting = now - self.began >= self.pace.suspicious
        return lasting and (self.told is None or now - self.told >= self.pace.repeat)

    def reported(self) -> None:
        """People were told."""
        self.told = clock.monotonic()
