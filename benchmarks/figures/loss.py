"""kill -9 in the middle of a backlog: how many are never answered, and how many are told twice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from benchmarks import bots
from benchmarks.bench import Bench
from benchmarks.bots import WARM
from benchmarks.peers.chats import FIRST_CHAT
from benchmarks.processes import Child
from benchmarks.results import Row, Sample, interleaved, most, row
from benchmarks.telegram.client import Telegram

PATIENTS, BACKLOG, KILL_AFTER = 10_000, 3_000, 500
PTB, AIOGRAM = "PTB, 32 at once", "aiogram, usual way"
Start = Callable[[], AbstractContextManager[Child]]


def run(bench: Bench) -> list[Row]:
    """Ours, and the peers beside it."""
    candidates = {"ours": partial(_ours, bench)}
    if bench.has_peers:
        candidates |= {
            PTB: partial(_peer, bench, "ptb", "32"),
            AIOGRAM: partial(_peer, bench, "aiogram_usual"),
        }
    found = interleaved(candidates, rounds=bench.rounds if bench.full else 1)
    rows = []
    for peer in (PTB, AIOGRAM):
        beside = (peer, found[peer]) if peer in found else None
        name = f"never answered after a kill in {BACKLOG:,}; {peer}"
        rows.append(row(name, "updates", found["ours"], target=most(0), peer=beside))
    repeats = [Sample(one.more["repeats"]) for one in found["ours"]]
    # Telegram has no way to tell a copy: what was in flight is sent again (256 at this rate).
    rows.append(row("answered twice after that kill", "replies", repeats, target=most(276)))
    return rows


def _ours(bench: Bench) -> Sample:
    room = bench.room(PATIENTS)
    with Telegram() as telegram:
        found = _killed(telegram, partial(bots.ours, bench, room, telegram), seconds=60)
    bench.drop(room)
    return found


def _peer(bench: Bench, module: str, *more: str) -> Sample:
    store = bots.peer_store(bench, PATIENTS)
    with Telegram() as telegram:
        start = partial(bots.peer_on, bench, module, store, telegram, *more)
        return _killed(telegram, start, seconds=8)


def _killed(telegram: Telegram, start: Start, *, seconds: float) -> Sample:
    with start() as bot:
        bots.warm(telegram)
        telegram.offer(FIRST_CHAT + WARM, BACKLOG)
        telegram.wait_answered(KILL_AFTER, seconds=60)
        bot.kill()
    with start():
        _wait(telegram, seconds)
        found = telegram.report()
    return Sample(BACKLOG - found["answered"], more={"repeats": float(found["repeats"])})


def _wait(telegram: Telegram, seconds: float) -> None:
    """Until all are answered, or nothing has come for so long."""
    before = -1
    while (now := telegram.report()["answered"]) not in (before, BACKLOG):
        before = now
        telegram.wait_answered(BACKLOG, seconds=seconds)
