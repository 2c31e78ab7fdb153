"""Tables as lines and back, the same for every database.

A line is a JSON object that opens a table, `{"table": …, "columns": [[name, kind], …]}`, or an
array that is one of its rows. The last line counts them. Kinds stand in the file, so that a copy
can be read when the models have moved on.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Column, Connection, MetaData, Table, insert, select
from sqlalchemy.types import JSON, Boolean, Date, DateTime, LargeBinary, NullType, TypeEngine

from waiting_room.errors import BadInput
from waiting_room.models.base import UtcDateTime

BATCH = 1000
KINDS: dict[str, TypeEngine[Any]] = {
    "time": UtcDateTime(),
    "date": Date(),
    "bytes": LargeBinary(),
    "json": JSON(),
    "flag": Boolean(),
    "": NullType(),
}
FROM_JSON: dict[str, Callable[[Any], Any]] = {
    "time": datetime.fromisoformat,
    "date": date.fromisoformat,
    "bytes": base64.b64decode,
}
Columns = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Head:
    """The line that opens a table."""

    table: str
    columns: Columns = ()


def dump(
    connection: Connection, tables: Iterable[Table], *, breathe: Callable[[], None] = lambda: None
) -> Iterator[bytes]:
    """Every row of these tables, parents before children; `breathe` is called between batches."""
    counts: dict[str, int] = {}
    for table in tables:
        name = str(table.name)
        columns = [(str(each.name), _kind(each.type)) for each in table.columns]
        yield orjson.dumps({"table": name, "columns": columns})
        counts[name] = 0
        # In batches over a cursor of the server's: a big table must not fill the memory.
        query = select(*_light(name, columns, table.schema).columns)
        found = connection.execute(query.execution_options(yield_per=BATCH))
        for batch in found.partitions():
            counts[name] += len(batch)
            for row in batch:
                yield orjson.dumps(tuple(row), default=_plain)
            breathe()
    yield orjson.dumps({"counts": counts})


def read(lines: Iterable[bytes]) -> Iterator[tuple[Head, dict[str, Any]]]:
    """Every row, with the table it belongs to; raises BadInput when one is missing."""
    head, counts = Head(""), dict[str, int]()
    for line in lines:
        known = orjson.loads(line)
        if isinstance(known, list):
            counts[head.table] += 1
            yield head, _row(head.columns, known)
        elif "table" in known:
            head = Head(**known)
            counts[head.table] = 0
        elif known.get("counts") != counts:
            raise BadInput("file", "the rows in it are not as many as it says")


def load(connection: Connection, lines: Iterable[bytes], *, schema: str | None = None) -> int:
    """Put every row back; returns how many. The tables are there and empty."""
    done = 0
    for head, found in groupby(read(lines), key=itemgetter(0)):
        target = _light(head.table, head.columns, schema)
        while batch := [row for _, row in islice(found, BATCH)]:
            connection.execute(insert(target), batch)
            done += len(batch)
    return done


def _light(name: str, columns: Columns, schema: str | None) -> Table:
    """A table by its names and kinds alone: a model would add what it thinks is missing."""
    return Table(name, MetaData(schema), *(Column(n, KINDS[kind]) for n, kind in columns))


def _row(columns: Columns, values: Sequence[Any]) -> dict[str, Any]:
    return {
        name: FROM_JSON[kind](value) if kind in FROM_JSON and value is not None else value
        for (name, kind), value in zip(columns, values, strict=True)
    }


def _kind(kind: TypeEngine[Any]) -> str:
    if isinstance(kind, (UtcDateTime, DateTime)):
        return "time"
    for name, known in KINDS.items():
        if isinstance(kind, type(known)):
            return name
    return ""


def _plain(value: object) -> str:
    if isinstance(value, (bytes, memoryview)):
        return base64.b64encode(value).decode()
    raise TypeError(type(value).__name__)
