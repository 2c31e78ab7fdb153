"""A room under a supervisor, which starts it again the moment it ends, as systemd would."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tests.faults import ledger
from tests.faults.arrivals import Held
from tests.faults.nursery import Child, Nursery
from tests.journeys.live import LiveRoom
from waiting_room.models import Staff

T = TypeVar("T")


class KeptRoom(LiveRoom):
    """One room that always comes back; what it dies of next can be chosen."""

    nursery: Nursery
    process: Child | None  # type: ignore[assignment]

    def __init__(self, nursery: Nursery, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.nursery = nursery
        self.deaths = 0
        # Letters it died or froze with.
        self.held: Held = set()
        self.fates: list[str] = []
        self.team: dict[str, Staff] = {}
        self.words, self.first = ("serve",), ""
        self._kept: threading.Thread | None = None
        self._ending = threading.Event()

    def start(self, verb: str = "") -> None:
        """Serve, come back after every end, and wait until the room says that it is ready."""
        self._ending.clear()
        self._spawn()
        self._kept = threading.Thread(target=self._keep, daemon=True)
        self._kept.start()
        self.wait(self._is_up, seconds=30)

    def _spawn(self) -> None:
        # What the next process is told to die of, if anything.
        self.extra["WAITING_ROOM_KILL_AT"] = self.fates.pop(0) if self.fates else ""
        self.process = self.nursery.start(self.env, self.log, *self.words, first=self.first)

    def _keep(self) -> None:
        while not self._ending.is_set():
            try:
                self.process.wait(0.2)  # type: ignore[union-attr]
            except subprocess.TimeoutExpired:
                continue
            if not self._ending.is_set():
                self._died()
                self._spawn()

    def _died(self) -> None:
        self.held |= ledger.in_hand()
        self.deaths += 1

    def stop(self) -> None:
        """SIGTERM; nobody starts it again."""
        self.let_go()
        super().stop()

    def let_go(self) -> None:
        """The supervisor goes home."""
        self._ending.set()
        if self._kept is not None:
            self._kept.join(5)
            self._kept = None

    def kill(self) -> None:
        """kill -9; it is started again at once."""
        before = self.deaths
        self.process.kill()  # type: ignore[union-attr]
        self.wait(lambda: self.deaths > before)

    @contextmanager
    def down(self) -> Iterator[None]:
        """kill -9, and a start only after this block."""
        self.let_go()
        self.process.kill()  # type: ignore[union-attr]
        self.process.wait(5)  # type: ignore[union-attr]
        self._died()
        yield
        self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """SIGSTOP for the length of a block."""
        process = self.process
        process.send_signal(signal.SIGSTOP)  # type: ignore[union-attr]
        self.held |= ledger.in_hand()
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)  # type: ignore[union-attr]

    def wait(self, ask: Callable[[], T], *, seconds: float = 30) -> T:
        """Ask again and again until the answer is true. An end in between is part of the story."""
        until = time.monotonic() + seconds
        while not (found := ask()):
            if time.monotonic() > until:
                raise AssertionError(f"waited {seconds} s in vain: {self._last_words()}")
            time.sleep(0.03)
        return found

    def _last_words(self) -> str:
        return Path(self.log).read_text(errors="replace")[-3000:]

    @property
    def is_up(self) -> bool:
        """Whether it answers at its door."""
        return self._is_up()
