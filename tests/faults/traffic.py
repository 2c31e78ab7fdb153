"""Many people who write at a steady pace, whatever state the room is in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.fakes.bot_api import BotApi
from tests.fakes.bot_api.driver import Robot
from tests.journeys import live

FIRST = 7_100_000_000


def crowd(api: BotApi, chats: int = 40) -> Robot:
    """Everybody who will write, each with a phone."""
    robot = api.bot(live.PATIENTS_TOKEN)
    for number in range(FIRST, FIRST + chats):
        robot.chat(number, first_name="Sample")
    return robot


class Writing:
    """So many updates, so many a second, from people in turn; never waits for an answer."""

    def __init__(
        self, robot: Robot, updates: int, *, per_second: float, chats: int = 40, start: int = 0
    ) -> None:
        self._robot, self._pause = robot, 1 / per_second
        self._words = [
            (FIRST + n % chats, f"my day number {n}") for n in range(start, start + updates)
        ]
        self._thread = threading.Thread(target=self._write, daemon=True)

    def __enter__(self) -> Writing:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    @property
    def goes_on(self) -> bool:
        """Whether somebody still writes."""
        return self._thread.is_alive()

    def _write(self) -> None:
        at = time.monotonic()
        for chat, text in self._words:
            self._robot.crowd([(chat, text)])
            at += self._pause
            time.sleep(max(0.0, at - time.monotonic()))


@contextmanager
def beside(act: Callable[[], None]) -> Iterator[None]:
    """Do this at the same time; what goes wrong there goes wrong here."""
    wrong: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:
            wrong.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    thread.join()
    if wrong:
        raise wrong[0]
