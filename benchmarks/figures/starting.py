"""From the start of a process until it is ready, until its first answer, and what it holds."""

from __future__ import annotations

import time

from benchmarks import bots
from benchmarks.bench import Bench
from benchmarks.peers.chats import FIRST_CHAT
from benchmarks.results import Row, Sample, most, row
from benchmarks.telegram.client import Telegram

PATIENTS = 10_000
AIOGRAM = "aiogram, usual way"


def run(bench: Bench) -> list[Row]:
    """Start to ready, start to first reply, memory idle and after a load."""
    starts = [_start(bench) for _ in range(bench.rounds)]
    peers = [_peer(bench) for _ in range(bench.rounds)] if bench.has_peers else []
    loaded = [_load(bench)]
    few = {part: [Sample(one[part]) for one in starts] for part in starts[0]}
    beside = {part: (AIOGRAM, [Sample(one[part]) for one in peers]) for part in ("reply", "idle")}
    seen = beside if peers else {}
    return [
        row("start of a process to ready", "s", few["ready"], target=most(3)),
        row("start to first reply", "s", few["reply"], target=most(4), peer=seen.get("reply")),
        row("memory, idle", "MB", few["idle"], target=most(150), peer=seen.get("idle")),
        row(
            f"memory after {loaded[0].more['updates']:,} updates",
            "MB",
            loaded,
            peer=(
                f"after the first {5_000 if bench.full else 2_000:,}",
                [Sample(loaded[0].more["before"])],
            ),
            ratio=most(1.05),
        ),
    ]


def _start(bench: Bench) -> dict[str, float]:
    room = bench.room(PATIENTS)
    with Telegram() as telegram:
        telegram.offer(FIRST_CHAT, 1)
        with bots.ours(bench, room, telegram) as bot:
            ready = time.monotonic() - bot.started
            telegram.wait_answered(1, seconds=30)
            reply = time.monotonic() - bot.started
            # Idle: after the first round of every tick, as it would be found in the morning.
            time.sleep(2)
            found = {"ready": ready, "reply": reply, "idle": bot.memory}
    bench.drop(room)
    return found


def _peer(bench: Bench) -> dict[str, float]:
    with Telegram() as telegram:
        telegram.offer(FIRST_CHAT, 1)
        with bots.peer(bench, "aiogram_usual", PATIENTS, telegram) as bot:
            telegram.wait_answered(1, seconds=30)
            return {"reply": time.monotonic() - bot.started, "idle": bot.memory}


def _load(bench: Bench) -> Sample:
    """People write, each once; memory is taken after the first 2,000 or 5,000 updates, when every
    cache has been filled once, and at the end."""
    updates, at_once = (100_000, 5_000) if bench.full else (6_000, 2_000)
    room = bench.room(100_000 if bench.full else PATIENTS)
    before = 0.0
    with Telegram() as telegram, bots.ours(bench, room, telegram) as bot:
        bots.warm(telegram)
        for first in range(bots.WARM, bots.WARM + updates, at_once):
            telegram.offer(FIRST_CHAT + first, at_once)
            if not telegram.wait_answered(at_once, seconds=120):
                raise TimeoutError("people were not answered; this memory means nothing")
            telegram.clear()
            before = before or bot.memory
        after = bot.memory
    bench.drop(room)
    return Sample(after, more={"updates": updates, "before": before})
