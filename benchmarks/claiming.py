"""Our way of handing out work, alone: a table, SKIP LOCKED, a lease and a fence (`sending`).

`python -m benchmarks.claiming URL PIECES AT_A_TIME fill|work`
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, create_engine, text

TABLE = """
CREATE TABLE piece (
  number int PRIMARY KEY, state text NOT NULL, due_at timestamptz NOT NULL,
  lease_until timestamptz, fence int NOT NULL DEFAULT 0
)
"""
INDEX = "CREATE INDEX ix_piece ON piece (state, due_at)"
CLAIM = text("""
UPDATE piece SET state = 'sending', lease_until = :until, fence = fence + 1
WHERE number IN (
  SELECT number FROM piece WHERE state = 'queued' AND due_at <= :now
  ORDER BY due_at, number LIMIT :limit FOR UPDATE SKIP LOCKED
) RETURNING number, fence
""")
DONE = text("UPDATE piece SET state = 'sent' WHERE number = :number AND fence = :fence")
EFFECT = text("INSERT INTO effect VALUES (:number)")


def main(url: str, pieces: str, at_a_time: str, verb: str) -> None:
    """Fill the table, or work on it until nothing is left."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    if verb == "fill":
        with engine.begin() as connection:
            _fill(connection, int(pieces))
        return
    while _work(engine.connect(), int(at_a_time)):
        pass


def _fill(connection: Connection, pieces: int) -> None:
    connection.execute(text(TABLE))
    connection.execute(text(INDEX))
    fill = text("INSERT INTO piece SELECT n, 'queued', now() FROM generate_series(1, :n) AS n")
    connection.execute(fill, {"n": pieces})


def _work(connection: Connection, limit: int) -> int:
    now = datetime.now(UTC)
    with connection:
        with connection.begin():
            times = {"now": now, "until": now + timedelta(seconds=30), "limit": limit}
            claimed = [dict(row._mapping) for row in connection.execute(CLAIM, times)]
        if claimed:
            # A second transaction: between claiming a letter and marking it lies the sending.
            with connection.begin():
                connection.execute(EFFECT, claimed)
                connection.execute(DONE, claimed)
    return len(claimed)


main(*sys.argv[1:])
