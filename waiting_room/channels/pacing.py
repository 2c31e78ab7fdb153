"""Even pacing just under a bot's limits. Bursts win nothing: every 429 halts the whole bot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from waiting_room import clock

PER_SECOND = 30.0
CHAT_GAP = 1.0
# How much of the limit is used: exactly at it, network jitter alone draws 429s.
JUST_UNDER = 0.995
# Chats that wait for their own second are looked at this often.
LOOK_AGAIN = 0.02
A_LITTLE_LATE = 0.004
FORGET_CHATS_ABOVE = 1_000


@dataclass(order=True)
class _Waiter:
    urgency: int
    number: int
    chat: str = field(compare=False)
    turn: asyncio.Future[None] = field(compare=False)


class Resting(Exception):
    """The other side asked for silence; nothing may be sent for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"nothing may be sent for {seconds:.0f} s")
        self.seconds = seconds


class Pacer:
    """Gives turns: evenly for the bot, spaced for each chat, the most urgent first."""

    def __init__(
        self,
        per_second: float = PER_SECOND,
        *,
        chat_gap: float = CHAT_GAP,
        time: Callable[[], float] = clock.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.per_second = per_second
        self._gap = 1 / (per_second * JUST_UNDER)
        # A hair more than asked, because the other side measures when a message arrives.
        self._chat_gap = chat_gap / JUST_UNDER
        self._time, self._sleep = time, sleep
        self._next = self._rest_until = float("-inf")
        self._chats: dict[str, float] = {}
        self._waiting: list[_Waiter] = []
        self._count = 0
        self._serving: asyncio.Task[None] | None = None

    @property
    def resting(self) -> float:
        """Seconds for which nothing may be sent; 0 when something may."""
        return max(0.0, self._rest_until - self._time())

    def rest(self, seconds: float) -> None:
        """Send nothing for so long. Everybody in the queue is sent home with Resting."""
        self._rest_until = max(self._rest_until, self._time() + seconds)
        # What is sent in the pause is refused as well. Their letters go back to the outbox, where a
        # crisis letter that comes meanwhile stands before them.
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.turn.done():
                waiter.turn.set_exception(Resting(seconds))

    async def turn(self, chat: str, *, urgency: int) -> None:
        """Come back when it is this message's turn; the lowest urgency number goes first."""
        if self.resting:
            raise Resting(self.resting)
        self._count += 1
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiter(urgency, self._count, chat, turn))
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        await turn

    async def _serve(self) -> None:
        while self._waiting:
            pause = self._step()
            if pause > 0:
                await self._sleep(pause)

    def _step(self) -> float:
        """Give one turn if one may be given now; returns how long to wait before the next look."""
        now = self._time()
        # Whoever stopped waiting (a time limit) must not use up a turn.
        self._waiting = [waiter for waiter in self._waiting if not waiter.turn.done()]
        if self._next > now:
            return self._next - now
        ready = [w for w in self._waiting if self._chats.get(w.chat, now) <= now]
        if not ready:
            # Somebody whose chat is free may join the queue meanwhile.
            return LOOK_AGAIN if self._waiting else 0.0
        first = min(ready)
        self._waiting.remove(first)
        # Woken a little late, we count from the slot: else each sleep would cost some of the rate.
        late = now - self._next
        self._next = (self._next if late < max(self._gap / 2, A_LITTLE_LATE) else now) + self._gap
        self._chats[first.chat] = now + self._chat_gap
        # Ten thousand people who were written to once must not stay in memory for ever.
        if len(self._chats) > FORGET_CHATS_ABOVE:
            self._chats = {chat: free for chat, free in self._chats.items() if free > now}
        first.turn.set_result(None)
        return 0.0
