"""Even pacing just under a bot's limits. Bursts win nothing: every 429 halts the whole bot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from waiting_room import clock
from waiting_room.letters import Priority

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
    """The other side asked for silence; nothing routine may be sent for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"nothing routine may be sent for {seconds:.0f} s")
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
        self._forget_above = FORGET_CHATS_ABOVE
        self._waiting: list[_Waiter] = []
        self._count = 0
        self._serving: asyncio.Task[None] | None = None

    @property
    def resting(self) -> float:
        """Seconds for which nothing routine may be sent; 0 when it may."""
        return max(0.0, self._rest_until - self._time())

    def rest(self, seconds: float) -> None:
        """Send nothing routine for so long. Who queues for it is sent home with Resting.

        Urgent messages still get their turn. What is sent in a pause is mostly refused, and that
        may lengthen the pause; but Telegram does not say whether it speaks of one chat or of the
        whole bot, and where it was about another chat, the help lines arrive. That is worth one try
        for each, and no more: what is refused itself waits for the pause named in that answer.
        """
        self._rest_until = max(self._rest_until, self._time() + seconds)
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if waiter.urgency == Priority.CRISIS:
                self._waiting.append(waiter)
            elif not waiter.turn.done():
                waiter.turn.set_exception(Resting(seconds))
        heapify(self._waiting)

    async def turn(self, chat: str, *, urgency: int) -> None:
        """Come back when it is this message's turn; the lowest urgency number goes first."""
        if self.resting and urgency != Priority.CRISIS:
            raise Resting(self.resting)
        self._count += 1
        turn = asyncio.get_running_loop().create_future()
        heappush(self._waiting, _Waiter(urgency, self._count, chat, turn))
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
        if self._next > now:
            return self._next - now
        first = self._first_ready(now)
        if first is None:
            # Somebody whose chat is free may join the queue meanwhile.
            return LOOK_AGAIN if self._waiting else 0.0
        # Woken a little late, we count from the slot: else each sleep would cost some of the rate.
        late = now - self._next
        self._next = (self._next if late < max(self._gap / 2, A_LITTLE_LATE) else now) + self._gap
        self._chats[first.chat] = now + self._chat_gap
        # Ten thousand people who were written to once must not stay in memory for ever.
        if len(self._chats) > self._forget_above:
            self._chats = {chat: free for chat, free in self._chats.items() if free > now}
            self._forget_above = max(FORGET_CHATS_ABOVE, 2 * len(self._chats))
        first.turn.set_result(None)
        return 0.0

    def _first_ready(self, now: float) -> _Waiter | None:
        """Take the most urgent whose chat is free out of the queue."""
        aside: list[_Waiter] = []
        first = None
        while self._waiting and first is None:
            waiter = heappop(self._waiting)
            if self._chats.get(waiter.chat, now) > now:
                aside.append(waiter)
            # Whoever stopped waiting (a time limit) must not use up a turn.
            elif not waiter.turn.done():
                first = waiter
        for waiter in aside:
            heappush(self._waiting, waiter)
        return first
