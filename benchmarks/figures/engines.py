"""Claiming and finishing small pieces of work on PostgreSQL: our outbox beside two engines made for
such work (decision 9). A piece is: take it so that nobody else does, write one row, mark it done.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import psycopg

from benchmarks.bench import PEERS, Bench
from benchmarks.processes import ROOT, clean_env, running
from benchmarks.results import Row, Sample, interleaved, row

PIECES, FEW = 3_000, 600
PROCRASTINATE, DBOS = "procrastinate, 20 at once", "DBOS queue, 20 at once"
EFFECT = "CREATE TABLE effect (number int)"


def run(bench: Bench) -> list[Row]:
    """Ours one by one and in groups, by one and two processes; then the others."""
    if bench.postgres is None:
        return []
    ours = partial(_measure, bench, [sys.executable, "-m", "benchmarks.claiming"])
    candidates: dict[str, Callable[[], Sample]] = {
        "one by one, 1 process": partial(ours, PIECES, 1, "1"),
        "one by one, 2 processes": partial(ours, PIECES, 2, "1"),
        "20 at a time, 1 process": partial(ours, PIECES, 1, "20"),
        "20 at a time, 2 processes": partial(ours, PIECES, 2, "20"),
    }
    if bench.has_peers:
        for name, module in ((PROCRASTINATE, "procrastinate_jobs"), (DBOS, "dbos_jobs")):
            command = [str(PEERS), "-m", f"benchmarks.peers.{module}"]
            candidates[name] = partial(_measure, bench, command, FEW, 1)
    found = interleaved(candidates, rounds=bench.rounds if bench.full else 1)
    rows = []
    for name in list(candidates)[:4]:
        rows.append(row(f"work claimed and done, {name}", "pieces/s", found[name]))
        for peer in (PROCRASTINATE, DBOS):
            if peer in found and name.startswith("one by one, 1"):
                beside = (peer, found[peer])
                named = f"work claimed and done, {name}; {peer}"
                rows.append(row(named, "pieces/s", found[name], peer=beside))
    return rows


def _measure(bench: Bench, command: list[str], pieces: int, processes: int, *more: str) -> Sample:
    assert bench.postgres is not None
    url = bench.postgres.create()
    plain = url.replace("+psycopg", "")
    words = [*command, plain, str(pieces), *more]
    try:
        with psycopg.connect(plain, autocommit=True) as watching, ExitStack() as stack:
            watching.execute(EFFECT)
            subprocess.run([*words, "fill"], cwd=ROOT, env=clean_env(), check=True)
            for _ in range(processes):
                log = bench.file("engine.log")
                stack.enter_context(running([*words, "work"], env=clean_env(), log=log))
            # From the first effect on: nobody is measured while starting.
            first = _wait(watching, 1)
            before = time.perf_counter()
            last = _wait(watching, pieces)
            return Sample((last - first) / (time.perf_counter() - before))
    finally:
        bench.postgres.drop(url)


def _wait(watching: psycopg.Connection, wanted: int) -> int:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        found = watching.execute("SELECT count(*) FROM effect").fetchone()
        if found and int(found[0]) >= wanted:
            return int(found[0])
        time.sleep(0.01)
    raise TimeoutError(f"{wanted} pieces of work were not done")
