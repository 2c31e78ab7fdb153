"""Due check-ins: claim them and write their letters; and the same tick when nothing is due."""

from __future__ import annotations

import contextlib
import json
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, delete, event, func, select, update

from benchmarks.bench import PEERS, SEEDS, Bench
from benchmarks.processes import ROOT
from benchmarks.results import Row, Sample, Target, interleaved, most, row
from benchmarks.seeds import rows as sample
from scheduler import ticks
from waiting_room import clock, db, settings
from waiting_room.care import check_ins
from waiting_room.models import CheckIn, LetterRow
from waiting_room.opening import opened
from waiting_room.serve import collect_less_often

PEER = "APScheduler, a job each"
# Half a millisecond each: 10,000 in five seconds.
EACH = 0.0005
LARGEST_PEER = 100_000
SMALL_PAST = (1, 1, 1)
LATER = sample.NOW.replace(minute=5)


def run(bench: Bench) -> list[Row]:
    """The same number due in rooms of every size, beside one APScheduler job for each patient."""
    rows, smallest = [], None
    for patients in bench.sizes:
        due = min(10_000, patients // 5)
        candidates = {"ours": partial(_ours, bench, patients, due)}
        if bench.has_peers and patients <= LARGEST_PEER:
            candidates[PEER] = partial(_peer, bench, patients, due)
        found = interleaved(candidates, rounds=bench.rounds)
        ours, peer = found["ours"], found.get(PEER, [])
        name = f"check-ins, {due:,} due of {patients:,} asked"
        beside = (PEER, peer) if peer else None
        rows.append(row(name, "s", ours, target=most(due * EACH), peer=beside))
        rows.append(_longest(patients, ours))
        rows.append(_nothing(patients, ours, peer))
        each = [Sample(one.value / due * 1_000) for one in ours]
        if smallest is not None:
            name = f"check-ins, each of those at {patients:,} patients"
            few = (f"{smallest[0]:,} patients", smallest[1])
            rows.append(row(name, "ms", each, peer=few, ratio=most(1.3)))
        smallest = smallest or (patients, each)
    return rows


def _longest(patients: int, ours: list[Sample]) -> Row:
    name = f"check-ins, longest hold of the write lock at {patients:,}"
    return row(name, "ms", [Sample(one.more["longest"] * 1_000) for one in ours])


def _nothing(patients: int, ours: list[Sample], peer: list[Sample]) -> Row:
    idle = [Sample(one.more["idle"]) for one in ours]
    theirs = [Sample(one.more["idle_ms"]) for one in peer]
    wanted: Target = most(5)
    name = f"check-ins, a tick with nothing due at {patients:,}"
    return row(name, "ms", idle, target=wanted, peer=(PEER, theirs) if theirs else None)


def _ours(bench: Bench, patients: int, due: int) -> Sample:
    past = SMALL_PAST if patients > LARGEST_PEER else (10, 5, 4)
    # In place: what a round wrote is taken back, because a copy of the largest takes minutes.
    room = bench.seed(patients, past=past)
    with opened(settings.load(data=room.folder, log_level="ERROR")):
        clock.stand_still(LATER)
        _make_due(patients, due)
        # As the room does when it has started.
        collect_less_often()
        held: list[float] = []
        wall, cpu = time.perf_counter(), time.process_time()
        with _held(held):
            asked = ticks.ask_check_ins(LATER)
        took, spent = time.perf_counter() - wall, time.process_time() - cpu
        if asked != due:
            raise RuntimeError(f"{asked} of {due} were asked")
        more = {"longest": max(held), "idle": _idle()}
        _take_back()
        clock.stand_still(None)
    return Sample(took, spent / due * 1_000, more)


def _make_due(patients: int, due: int) -> None:
    """This many people, spread over the whole room, are due now."""
    waiting = [n for n in range(patients) if n % 20 < 8]
    chosen = [sample.patient_id(n) for n in waiting[:: len(waiting) // due][:due]]
    with db.write() as session:
        for first in range(0, due, 500):
            theirs = CheckIn.patient_id.in_(chosen[first : first + 500])
            planned = update(CheckIn).where(theirs, CheckIn.state == check_ins.PLANNED)
            session.execute(planned.values(due_at=sample.NOW))


def _take_back() -> None:
    with db.write() as session:
        session.execute(delete(LetterRow).where(LetterRow.made_at == LATER))
        asked = update(CheckIn).where(CheckIn.state == check_ins.ASKED)
        again = {"state": check_ins.PLANNED, "due_at": sample.NEVER, "asked_at": None}
        session.execute(asked.values(**again, answer_by=None))
        left = select(func.count()).where(CheckIn.due_at == sample.NOW)
        assert session.scalar(left.where(CheckIn.state == check_ins.PLANNED)) == 0


def _idle() -> float:
    """Milliseconds of a tick that finds nothing."""
    taken = []
    for _ in range(20):
        wall = time.perf_counter()
        ticks.ask_check_ins(LATER)
        taken.append((time.perf_counter() - wall) * 1_000)
    return statistics.median(taken)


@contextlib.contextmanager
def _held(held: list[float]) -> Iterator[None]:
    """Note how long each transaction kept every other writer waiting."""
    began: list[float] = []

    def begin(_connection: Connection) -> None:
        began.append(time.perf_counter())

    def commit(_connection: Connection) -> None:
        held.append(time.perf_counter() - began.pop())

    engine = db.current().writing
    event.listen(engine, "begin", begin)
    event.listen(engine, "commit", commit)
    try:
        yield
    finally:
        event.remove(engine, "begin", begin)
        event.remove(engine, "commit", commit)


def _peer(bench: Bench, patients: int, due: int) -> Sample:
    kept = SEEDS / f"apscheduler-{patients}-{due}.sqlite"
    if not kept.exists():
        SEEDS.mkdir(parents=True, exist_ok=True)
        fresh = bench.file("jobs.sqlite")
        _ask_peer("fill", fresh, patients, due)
        shutil.copy(fresh, kept)
    jobs = bench.file("jobs.sqlite")
    shutil.copy(kept, jobs)
    found = _ask_peer("run", jobs, due)
    return Sample(found["seconds"], found["cpu"] / due * 1_000, found)


def _ask_peer(verb: str, file: Path, *numbers: int) -> dict[str, float]:
    command = [str(PEERS), "-m", "benchmarks.peers.apscheduler_jobs", verb, str(file)]
    command += map(str, numbers)
    done = subprocess.run(
        command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=900
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
