"""APScheduler as a clock, and nothing more: a memory store and this table of ticks.

All due work lives in the database. A missed tick costs nothing, because the next one reads the
same table; nothing here is about one patient.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler

from scheduler import anchor, copying, drill, heartbeat, ticks, words
from waiting_room import beats, clock
from waiting_room.settings import Settings

log = logging.getLogger(__name__)
SECOND, MINUTE, HOUR = 1, 60, 3600
RULES_WATCH = "broken danger words are known to people"
# What a jump of the demo moves. The others look after this process and live by the wall.
BY_CARE_TIME = (
    "fill_check_ins",
    "ask_check_ins",
    "chase_silence",
    "chase_unread",
    "climb",
    "knock",
    "roll_groups",
)


@dataclass(frozen=True)
class Tick:
    """A tick: its name, how often it runs (in seconds), what it promises, and what it does."""

    name: str
    every: int
    promise: str
    act: Callable[[datetime], int]
    beat: str = "ticks"
    after: int = 0


def table(settings: Settings) -> list[Tick]:
    """The ticks of this room. There are no others."""
    follower = words.following(settings.content_folder)
    watch, chain = heartbeat.Watch(settings), anchor.Anchor(settings)
    robot = drill.Robot(settings)
    copies, space = copying.Copies(settings), copying.Space(settings)
    return [
        Tick("climb", 2 * SECOND, "no alert waits for a step that is due", ticks.climb),
        Tick("words", 5 * SECOND, "an edit is live in 5 seconds", follower.follow),
        Tick("keep_beats", 20 * SECOND, "a dead loop is seen", ticks.keep_beats),
        Tick("knock", 20 * SECOND, "no message waits unseen", ticks.knock),
        Tick("ask_check_ins", MINUTE, "due check-ins are asked once", ticks.ask_check_ins),
        Tick("chase_silence", MINUTE, "silence is noticed once", ticks.chase_silence),
        Tick("chase_unread", MINUTE, "no words for a worker stay unread", ticks.chase_unread),
        Tick("watch_rota", MINUTE, "nobody waits for an empty rung", ticks.watch_rota),
        Tick("watch_danger_words", MINUTE, RULES_WATCH, ticks.watch_danger_words),
        Tick("watch_corrections", MINUTE, "no help line stays unread", ticks.watch_corrections),
        Tick("seal_audit", MINUTE, "tampering shows", ticks.seal_audit),
        Tick("anchor_audit", 5 * MINUTE, "a cut tail shows", chain.drop),
        Tick("backup", 20 * SECOND, "what a lost machine takes with it is bounded", copies.copy),
        Tick("watch_space", MINUTE, "a disk that fills is known in time", space.watch),
        # A little later: by then every loop has begun, and what fell due meanwhile is done.
        Tick("heartbeat", 20 * SECOND, "somebody outside knows we are stuck", watch.beat, after=5),
        Tick("drill", MINUTE, "every day alerts are shown to work", robot.turn),
        Tick("fill_check_ins", HOUR // 2, "48 hours are planned", ticks.fill_check_ins),
        Tick("forget_expired", HOUR, "unanswered referrals go", ticks.forget_expired),
        Tick("retire", HOUR, "nothing is kept longer than it is of use", ticks.retire),
        Tick("roll_groups", HOUR, "groups show their next time", ticks.roll_groups),
    ]


def beside(settings: Settings) -> list[Tick]:
    """What each process does for itself, also one that leaves the room's ticks to others."""
    follower = words.following(settings.content_folder)
    return [
        Tick("words", 5 * SECOND, "an edit is live in 5 seconds", follower.follow, "words"),
        Tick("store_beats", 5 * SECOND, "a dead loop is seen", ticks.store_beats, "words"),
        Tick("watch_danger_words", MINUTE, RULES_WATCH, ticks.watch_danger_words, "words"),
    ]


class Clock(BackgroundScheduler):  # type: ignore[misc]
    """Shuts down without waiting for a copy under way."""

    def start(self, *given: Any, **more: Any) -> None:
        """Begin to tick."""
        copying.stopping.clear()
        super().start(*given, **more)

    def shutdown(self, *given: Any, **more: Any) -> None:
        """End; other ticks under way are waited for."""
        copying.stopping.set()
        super().shutdown(*given, **more)


def start(settings: Settings, *, whole: bool = True) -> BackgroundScheduler:
    """Start ticking in threads of its own; the caller shuts it down."""
    scheduler = Clock(
        timezone="UTC",
        # Its own default drops a tick that is a second late (grace time 1 s), which under load
        # means most of them. None never drops; late ones are run as one, and never beside
        # themselves.
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    ticking = table(settings) if whole else beside(settings)
    # Before any other: how long we were away must be known before anybody's silence is counted.
    for tick in ticking:
        if tick.name == "keep_beats":
            run(tick)
    for tick in ticking:
        # At once: after an outage overdue steps must not wait for a whole interval more.
        first = clock.wall() + timedelta(seconds=tick.after)
        scheduler.add_job(
            run, "interval", (tick,), seconds=tick.every, id=tick.name, next_run_time=first
        )
    scheduler.start()
    return scheduler


def run(tick: Tick, now: datetime | None = None) -> int:
    """One turn of one tick. What breaks is logged, and the next turn tries again."""
    started = clock.monotonic()
    try:
        done = tick.act(now or clock.now())
    except Exception:
        log.exception("tick failed, the next one tries again", extra={"tick": tick.name})
        return 0
    # Only after it worked: a scheduler whose every tick fails must look dead from outside.
    beats.note(tick.beat, wall=clock.wall())
    if done:
        took = round((clock.monotonic() - started) * 1000)
        log.info("tick %s did %s in %s ms", tick.name, done, took)
    return done


def turn(settings: Settings, now: datetime) -> None:
    """Run once every tick that lives by care time, as the demo's clock does while it jumps."""
    for tick in table(settings):
        if tick.name in BY_CARE_TIME:
            run(tick, now)
