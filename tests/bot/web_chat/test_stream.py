"""The live stream: a line when something was said, an end when somebody signs out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from bot.web_chat import stream
from bot.web_chat.stream import Follower
from tests.bot.full_disk import full
from tests.bot.web_chat import site
from tests.bot.web_chat.site import Visitor, address_of
from tests.pages.server import serving
from waiting_room import clock, db, outbox
from waiting_room.letters import Letter
from waiting_room.models import Address


@pytest.fixture
def follower(inside: Visitor) -> Follower:
    """The open page of somebody who is in."""
    return Follower(inside.token)


def _tell(visitor: Visitor) -> None:
    with db.write() as session:
        address = session.get_one(Address, address_of(visitor).id)
        outbox.say(session, address, Letter("conversation/menu"), now=clock.now())


def test_page_is_told_when_something_was_said_and_only_then(
    inside: Visitor, follower: Follower
) -> None:
    first = follower.look()
    assert first.startswith("data: ")
    assert follower.look() == ""
    _tell(inside)
    assert follower.look() not in ("", first)
    assert follower.look() == ""


def test_quiet_page_still_hears_that_we_are_here(follower: Follower) -> None:
    follower.look()
    follower.spoke_at -= stream.QUIET_FOR
    assert follower.look() == ": here\n\n"


def test_open_page_counts_as_seen_every_half_minute(inside: Visitor, follower: Follower) -> None:
    follower.look()
    clock.advance(timedelta(minutes=5))
    follower.look()
    assert address_of(inside).seen_at == clock.now() - timedelta(minutes=5)
    follower.noted_at -= stream.SEEN_EVERY
    follower.look()
    assert address_of(inside).seen_at == clock.now()


def test_stream_lives_on_while_nothing_can_be_written(follower: Follower) -> None:
    with full():
        assert follower.look().startswith("data: ")


@pytest.mark.parametrize("token", ["", "nobody"])
def test_stranger_is_sent_away(room: object, token: str) -> None:
    assert Follower(token).look().startswith("event: gone\n")


def test_news_and_the_end_arrive_over_http(inside: Visitor) -> None:
    cookies = {"chat": inside.token}
    with (
        serving(site.make()) as address,
        httpx.stream("GET", f"{address}/chat/events", cookies=cookies, timeout=10) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = _lines(answer)
        first = next(lines)
        _tell(inside)
        second = next(lines)
        assert first.startswith("data: ")
        assert second not in ("", first)
        inside.post("/chat/sign-out")
        assert [*lines] == ["event: gone", "data: gone"]


def _lines(answer: httpx.Response) -> Iterator[str]:
    return (line for line in answer.iter_lines() if line and not line.startswith(":"))
