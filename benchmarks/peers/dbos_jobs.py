"""DBOS, as its documentation teaches: a durable workflow on a queue, 20 at once a process.

It looks at the queue every 20 ms here; by default it does so once a second.
"""

from __future__ import annotations

import sys
import time

import psycopg_pool
from dbos import DBOS

url, pieces, verb = sys.argv[1], int(sys.argv[2]), sys.argv[-1]
pool = psycopg_pool.ConnectionPool(url, min_size=1, max_size=20, kwargs={"autocommit": True})
DBOS(
    config={
        "name": "peer",
        "system_database_url": url.replace("postgresql://", "postgresql+psycopg://"),
        "run_admin_server": False,
        "log_level": "ERROR",
    }
)


@DBOS.workflow()
def work(number: int) -> None:
    """The one row."""
    with pool.connection() as connection:
        connection.execute("INSERT INTO effect VALUES (%s)", (number,))


if verb == "work":
    # Its workers are threads of whoever queues the work, so both happen in this process.
    DBOS.launch()
    DBOS.register_queue("work", worker_concurrency=20, polling_interval_sec=0.02)
    for number in range(pieces):
        DBOS.enqueue_workflow("work", work, number)
    time.sleep(120)
