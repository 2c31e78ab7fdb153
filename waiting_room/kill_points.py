"""Named moments at which a test may end the process as a power cut would. Nothing else ever does.

Production refuses to start with one set, and without one each is a single comparison.
"""

from __future__ import annotations

import os
import signal
import threading

POINTS = frozenset(
    {
        "updates fetched", "offset not moved", "webhook heard", "webhook kept",
        "inbox not stored", "inbox stored",
        "work taken", "work not marked", "work not stored", "work stored",
        "try counted", "retry not stored", "letter not buried",
        "message kept", "message screened", "alert raised", "crisis answered",
        "form not stored", "form stored",
        "alert taken", "outcome recorded", "alert closed", "desk act stored",
        "climb not stored", "climb stored", "check-ins planned", "check-ins asked", "asking stored",
        "outage told", "silence chased", "knock not stored", "knock stored", "audit sealed",
        "letters claimed", "claim stored", "letter in hand", "letter under way", "mail under way",
        "letter sent", "failure written", "mark not stored", "mark stored",
    }
)  # fmt: skip
UNDER_WAY = 0.1
"""Seconds after which something sent is on the line and not answered yet."""

_point, _left = "", 0


def known(wish: str) -> bool:
    """Whether this names a point: `inbox stored`, or `inbox stored:3` for the third time."""
    point, _, times = wish.partition(":")
    return point in POINTS and (not times or (times.isdigit() and int(times) > 0))


def arm(wish: str) -> None:
    """From now on die there; "" for nowhere."""
    global _point, _left
    _point, _, times = wish.partition(":")
    _left = int(times or 1)


def reached(point: str, done: int = 1) -> None:
    """The process is here; ends at once when it was told to, and when something was done."""
    if point == _point and done:
        _count_down()


def under_way(point: str) -> None:
    """Something leaves now; the process ends while the answer is awaited, when it was told to."""
    if point == _point:
        threading.Timer(UNDER_WAY, _count_down).start()


def _count_down() -> None:
    global _left
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
