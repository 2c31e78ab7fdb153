"""procrastinate, as its documentation teaches: a task, a worker that runs 20 at once."""

from __future__ import annotations

import asyncio
import sys

import procrastinate

url, pieces, verb = sys.argv[1], int(sys.argv[2]), sys.argv[-1]
connector = procrastinate.PsycopgConnector(conninfo=url, max_size=25)
app = procrastinate.App(connector=connector)


@app.task(name="work")
async def work(number: int) -> None:
    """The one row."""
    await connector.execute_query_async("INSERT INTO effect VALUES (%(n)s)", n=number)


async def main() -> None:
    """Queue the work, or do it."""
    async with app.open_async():
        if verb == "fill":
            await app.schema_manager.apply_schema_async()
            await work.batch_defer_async(*[{"number": number} for number in range(pieces)])
        else:
            await app.run_worker_async(concurrency=20, wait=False, install_signal_handlers=False)


asyncio.run(main())
