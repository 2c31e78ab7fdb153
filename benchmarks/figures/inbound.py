"""The whole path of a message: offered by Telegram, stored, screened, answered, all durable.

First a backlog is drained, then people write at 50 a second. The peers do the simple work only.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import partial

from benchmarks import bots
from benchmarks.bench import Bench, Room
from benchmarks.bots import WARM
from benchmarks.peers.chats import FIRST_CHAT
from benchmarks.processes import Child
from benchmarks.results import Row, Sample, interleaved, least, most, row
from benchmarks.telegram.client import Telegram

PATIENTS = 10_000
RATE = 50.0
PTB, AIOGRAM = "PTB, 32 at once", "aiogram, usual way"
Start = Callable[[Telegram], AbstractContextManager[Child]]


def run(bench: Bench) -> list[Row]:
    """Ours on both databases beside the peers; then rooms of other sizes."""
    backlog = 3_000 if bench.full else 2_000
    candidates = {"sqlite": partial(_ours, bench, backlog=backlog)}
    if bench.has_peers:
        candidates |= {
            PTB: partial(_peer, bench, "ptb", "32", backlog=800),
            AIOGRAM: partial(_peer, bench, "aiogram_usual", backlog=800, then=False),
            "PTB, default": partial(_peer, bench, "ptb", backlog=60, then=False),
        }
    if bench.postgres is not None:
        candidates["postgresql"] = partial(_ours, bench, backlog=backlog, on_postgres=True)
    found = interleaved(candidates, rounds=bench.rounds)
    rows = [*_drained(found), *_at_fifty(found), *_by_size(bench, found)]
    return [*rows, *_by_two(bench, found, backlog)]


def _drained(found: dict[str, list[Sample]]) -> list[Row]:
    name = "inbound, backlog drained, SQLite FULL"
    rows = [row(name, "updates/s", found["sqlite"], target=least(600))]
    wanted = {PTB: least(3), AIOGRAM: least(2.5), "PTB, default": None}
    for peer, ratio in wanted.items():
        if peer in found:
            beside = (peer, found[peer])
            rows.append(
                row(f"{name}; {peer}", "updates/s", found["sqlite"], peer=beside, ratio=ratio)
            )
    if "postgresql" in found:
        name = "inbound, backlog drained, PostgreSQL"
        rows.append(row(name, "updates/s", found["postgresql"], target=least(500)))
    return rows


def _at_fifty(found: dict[str, list[Sample]]) -> list[Row]:
    rows = []
    timed = {name: some for name, some in found.items() if some[0].more}
    for part, target in (("p50", None), ("p99", most(150))):
        taken = {name: [_part(one, part) for one in some] for name, some in timed.items()}
        name = f"offered to replied at {RATE:.0f}/s, {part}"
        beside = (PTB, taken[PTB]) if PTB in taken else None
        rows.append(row(f"{name}, SQLite", "ms", taken["sqlite"], target=target, peer=beside))
        if "postgresql" in taken:
            rows.append(row(f"{name}, PostgreSQL", "ms", taken["postgresql"], target=target))
    return rows


def _by_size(bench: Bench, found: dict[str, list[Sample]]) -> list[Row]:
    rows = []
    for patients in bench.sizes:
        if patients == PATIENTS:
            continue
        backlog = min(2_000, patients - WARM - 1)
        one = partial(_ours, bench, backlog=backlog, patients=patients, then=False)
        few = [one() for _ in range(bench.rounds)]
        beside = (f"{PATIENTS:,} patients", found["sqlite"])
        name = f"inbound, backlog drained, {patients:,} patients"
        rows.append(row(name, "updates/s", few, peer=beside, ratio=least(1 / 1.5)))
    return rows


def _by_two(bench: Bench, found: dict[str, list[Sample]], backlog: int) -> list[Row]:
    """Two whole processes on one PostgreSQL: one of them polls, both work and deliver."""
    if bench.postgres is None:
        return []
    two = [_two(bench, backlog) for _ in range(bench.rounds)]
    one = ("one process", found["postgresql"])
    name = "inbound, backlog drained, two processes on PostgreSQL"
    return [row(name, "updates/s", two, peer=one, ratio=least(1.6))]


def _two(bench: Bench, backlog: int) -> Sample:
    room = bench.postgres_room(PATIENTS)
    with ExitStack() as stack:
        telegram = stack.enter_context(Telegram())
        both = [stack.enter_context(bots.ours(bench, room, telegram)) for _ in range(2)]
        bots.warm(telegram)
        before = sum(one.cpu for one in both)
        telegram.offer(FIRST_CHAT + WARM, backlog)
        if not telegram.wait_answered(backlog, seconds=120):
            raise TimeoutError(f"not drained: {telegram.report()}")
        spent, found = sum(one.cpu for one in both) - before, telegram.report()
    bench.drop(room)
    return Sample(backlog / found["seconds"], spent / backlog * 1_000)


def _part(sample: Sample, part: str) -> Sample:
    return Sample(sample.more[part] * 1_000)


def _ours(
    bench: Bench,
    *,
    backlog: int,
    patients: int = PATIENTS,
    on_postgres: bool = False,
    then: bool = True,
) -> Sample:
    room: Room = bench.postgres_room(patients) if on_postgres else bench.room(patients)
    try:
        return _measure(bench, partial(bots.ours, bench, room), backlog, then=then)
    finally:
        bench.drop(room)


def _peer(bench: Bench, module: str, *more: str, backlog: int, then: bool = True) -> Sample:
    def start(telegram: Telegram) -> AbstractContextManager[Child]:
        return bots.peer(bench, module, PATIENTS, telegram, *more)

    return _measure(bench, start, backlog, then=then)


def _measure(bench: Bench, start: Start, backlog: int, *, then: bool) -> Sample:
    """The backlog; then, if wished, how long people wait who write one after the other."""
    with Telegram() as telegram, start(telegram) as bot:
        bots.warm(telegram)
        before = bot.cpu
        telegram.offer(FIRST_CHAT + WARM, backlog)
        if not telegram.wait_answered(backlog, seconds=120):
            raise TimeoutError(f"not drained: {telegram.report()} {bot.log.read_text()[-500:]}")
        drained, spent = telegram.report(), bot.cpu - before
        telegram.clear()
        waits = _at_rate(bench, telegram, WARM + backlog) if then else {}
        return Sample(backlog / drained["seconds"], spent / backlog * 1_000, waits)


def _at_rate(bench: Bench, telegram: Telegram, first: int) -> dict[str, float]:
    """People write one after the other; gives p50 and p99 in seconds. Whoever cannot keep up is
    measured after twice the time."""
    seconds = 20.0 if bench.full else 5.0
    count = min(int(RATE * seconds), PATIENTS - first)
    telegram.offer(FIRST_CHAT + first, count, rate=RATE)
    telegram.wait_answered(count, seconds=2 * seconds)
    found: dict[str, float] = telegram.report()
    return found
