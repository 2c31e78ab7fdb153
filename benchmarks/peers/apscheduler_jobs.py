"""One APScheduler job a patient in a SQLAlchemyJobStore, as its user guide shows.

`python -m benchmarks.peers.apscheduler_jobs fill FILE PATIENTS DUE` adds the jobs;
`… run FILE DUE` runs what is due and prints what it took. The job itself does nothing, which is in
its favour: a job that stored a letter would have a transaction of its own.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

told = threading.Semaphore(0)


def ask(patient: int) -> None:
    """The check-in of one patient."""
    told.release()


def _scheduler(file: str) -> BackgroundScheduler:
    return BackgroundScheduler(
        jobstores={"default": SQLAlchemyJobStore(url=f"sqlite:///{file}")},
        executors={"default": ThreadPoolExecutor(20)},
        # Its defaults would lose most of them: a job a second late is dropped.
        job_defaults={"coalesce": True, "misfire_grace_time": None},
        timezone=UTC,
    )


def _fill(file: str, patients: int, due: int) -> dict[str, float]:
    scheduler, now = _scheduler(file), datetime.now(UTC)
    scheduler.start(paused=True)
    started = time.monotonic()
    for number in range(patients):
        is_due = number % (patients // due) == 0
        at = now - timedelta(minutes=1) if is_due else now + timedelta(days=300)
        scheduler.add_job(ask, "interval", weeks=50, args=(number,), next_run_time=at)
    # Not shut down: a paused scheduler would run what is due while it ends.
    took = time.monotonic() - started
    return {"add_ms": took / patients * 1_000}


def _run(file: str, due: int) -> dict[str, float]:
    scheduler = _scheduler(file)
    scheduler.start(paused=True)
    wall, cpu = time.monotonic(), time.process_time()
    scheduler.resume()
    for _ in range(due):
        if not told.acquire(timeout=60):
            raise TimeoutError("not all that was due was run")
    took, spent = time.monotonic() - wall, time.process_time() - cpu
    scheduler.pause()
    store = scheduler._jobstores["default"]
    wall = time.monotonic()
    store.get_due_jobs(datetime.now(UTC))
    store.get_next_run_time()
    idle = time.monotonic() - wall
    return {"seconds": took, "cpu": spent, "idle_ms": idle * 1_000}


if __name__ == "__main__":
    verb, where, *numbers = sys.argv[1:]
    act = {"fill": _fill, "run": _run}[verb]
    print(json.dumps(act(where, *map(int, numbers))))
