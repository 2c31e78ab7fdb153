"""The live stream: tells an open page that something was said, and notes that it is open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from bot.web_chat import visitors
from waiting_room import bell, clock, db
from waiting_room.care import chat_log
from waiting_room.errors import StorageRefused

# What another process or a tick said rings no bell here.
LOOK_EVERY = 2.0
# Often enough for the 90 seconds after which a page counts as closed, and few writes.
SEEN_EVERY = 30.0
# A line at least this often, so that a dead connection is noticed at both ends.
QUIET_FOR = 15.0
# The browser comes back by itself; nothing is held for ever.
LONGEST = 600.0
BREATH = 1.0
GONE = "gone"
router = APIRouter(prefix="/chat")
# Threads of their own: however many pages are open, whoever stores what was said never waits here.
_eyes = ThreadPoolExecutor(4, thread_name_prefix="look")


@dataclass
class Follower:
    """One open page: what it was told last, and when it was last noted as open."""

    token: str
    told: str = ""
    spoke_at: float = float("-inf")
    noted_at: float = float("-inf")

    def look(self) -> str:
        """What to tell the page now; "" for nothing. Runs in a thread: it reads the database."""
        version = _version(self.token) or self.told
        now = clock.monotonic()
        if version == GONE:
            return f"event: {GONE}\ndata: {GONE}\n\n"
        if now - self.noted_at >= SEEN_EVERY:
            self.noted_at = now
            _note_open(self.token)
        if version == self.told and now - self.spoke_at < QUIET_FOR:
            return ""
        line = ": here\n\n" if version == self.told else f"data: {version}\n\n"
        self.told, self.spoke_at = version, now
        return line


@router.get("/events")
async def events(request: Request) -> StreamingResponse:
    """Server-sent events; each names the version of the chat that can be fetched."""
    follower = Follower(visitors.token_of(request))
    # Else nginx keeps the lines until it has enough of them.
    headers = {"x-accel-buffering": "no"}
    return StreamingResponse(_follow(follower), media_type="text/event-stream", headers=headers)


async def _follow(follower: Follower) -> AsyncIterator[str]:
    end = clock.monotonic() + LONGEST
    listener = bell.Listener(bell.LETTERS)
    loop = asyncio.get_running_loop()
    try:
        while clock.monotonic() < end:
            line = await loop.run_in_executor(_eyes, follower.look)
            if line:
                yield line
            if line.startswith("event: "):
                return
            # The bell rings for everybody's letters: many rings make one look.
            await asyncio.sleep(BREATH)
            await listener.wait(LOOK_EVERY)
    finally:
        listener.close()


def _version(token: str) -> str:
    try:
        with db.read() as session:
            address = visitors.address_of(session, token)
            if address is None:
                return GONE
            return chat_log.version(session, address, now=clock.now())
    except StorageRefused:
        # The page stays open; the next look may find the database again.
        return ""


def _note_open(token: str) -> None:
    try:
        with db.write() as session:
            address = visitors.address_of(session, token)
            if address is not None:
                chat_log.looked(session, address, now=clock.now())
    except StorageRefused:
        return
