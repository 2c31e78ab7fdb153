"""What a channel owes to delivery, and the three ways it may say no."""

from __future__ import annotations

from typing import Protocol

from waiting_room import library
from waiting_room.sending import Parcel


class NotSent(Exception):
    """A letter did not surely leave. Its words are ours: never an address, a token or the text."""


class Permanent(NotSent):
    """This letter will never leave. `gone`: nothing else will by this address either."""

    def __init__(self, why: str, *, gone: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.gone = gone


class Later(NotSent):
    """It did not leave now. `seconds` when a pause is known, else None. Not `tried`: it waited for
    others, and no attempt of its own was spent."""

    def __init__(self, why: str, seconds: float | None = None, *, tried: bool = True) -> None:
        super().__init__(why)
        self.why = why
        self.seconds = seconds
        self.tried = tried


class Unsure(NotSent):
    """It may have arrived: the answer got lost."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Channel(Protocol):
    """One way out of the house. Its duties:

    1. `send` returns only when the other side took the letter, with its id for it there.
    2. It raises Permanent, Later or Unsure for what went wrong, and nothing else on purpose.
    3. It raises Later only when the letter surely did not arrive, Unsure when it may have.
    4. It comes back within 22 seconds; a letter is held for 30.
    5. It keeps the other side's limits by itself, lets crisis letters go first, and says in
       `resting` how long routine letters must wait. A crisis letter is tried all the same.
    6. It writes no text, place or secret into a log or an exception.
    7. It is made without reaching for anybody: a room starts when the other side is down.
    """

    at_once: int
    """How many routine letters it may hold at the same time."""

    async def close(self) -> None:
        """Let go of connections."""
        ...

    @property
    def resting(self) -> float:
        """Seconds for which routine letters must wait."""
        ...

    async def send(self, parcel: Parcel) -> str:
        """Send one letter; returns the id the other side gave it."""
        ...

    async def prove(self, parcel: Parcel) -> str:
        """Do everything but send: word the letter, and hear from the other side that it is there.
        Raises as `send` does."""
        ...


def words_of(parcel: Parcel) -> library.Page | str:
    """What a letter says. One that may have arrived before says so first: two alike without a word
    would read like two alarms."""
    if not parcel.is_repeat:
        return parcel.page
    return f"{library.phrase('seen_already', parcel.page.language)}\n\n{parcel.page.body}"


class Missing:
    """Stands in for a channel nobody set up, so that its letters fail and people are told."""

    at_once = 20
    resting = 0.0

    def __init__(self, why: str) -> None:
        self._why = why

    async def close(self) -> None:
        """There is nothing to close."""

    async def send(self, parcel: Parcel) -> str:
        """Never sends: raises Permanent with the reason an administrator can act on."""
        raise Permanent(self._why)

    async def prove(self, parcel: Parcel) -> str:
        """Nothing is there to be proved: raises as `send` does."""
        return await self.send(parcel)
