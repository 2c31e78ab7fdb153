"""`python -m benchmarks.seeds.make PATIENTS MESSAGES LETTERS ANSWERS`: fill the room that the
settings in the environment name."""

from __future__ import annotations

import contextlib
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from sqlalchemy import Connection, event, insert, text

from benchmarks.seeds import rows
from waiting_room import clock, db, settings
from waiting_room.care import duty, providers
from waiting_room.models import Staff, StaffChannel, new_id
from waiting_room.models.base import Base
from waiting_room.models.staff import ADMINISTRATOR, CASE_WORKER, COORDINATOR
from waiting_room.opening import opened

AT_ONCE, AHEAD = 1_000, 8
WORKERS = 200

_for_good = contextlib.ExitStack()

SET_UP = providers.SetUp("Sample Town", "hello@example.org", "0113 496 0100", "We keep little.")


def main(plenty: rows.Plenty) -> None:
    """Found the room and fill it."""
    with opened(settings.load()):
        _hasten()
        with db.write() as session:
            provider = providers.set_up(session, SET_UP, by="bench", now=rows.NOW)
            house = rows.House(provider.organisation_id, _staff(session, provider.organisation_id))
        with _without_indexes():
            for batches in _made(plenty, house):
                with db.write() as session:
                    for kind, batch in batches.items():
                        session.execute(insert(kind.__table__), batch)
        with _connection() as connection:
            connection.execute(text("ANALYZE"))


def _made(plenty: rows.Plenty, house: rows.House) -> Iterator[rows.Rows]:
    """Everybody's rows, some people at a time, sealed by as many processes as there are cores."""
    starts = range(0, plenty.patients, AT_ONCE)
    parts = [range(first, min(plenty.patients, first + AT_ONCE)) for first in starts]
    if len(parts) == 1:
        yield _people(plenty, house, parts[0])
        return
    # Not by forking: a connection to a database must not be used by two.
    with ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=_open) as makers:
        ahead = deque[Future[rows.Rows]]()
        for part in parts:
            ahead.append(makers.submit(_people, plenty, house, part))
            if len(ahead) > AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _open() -> None:
    _for_good.enter_context(opened(settings.load()))


def _people(plenty: rows.Plenty, house: rows.House, numbers: range) -> rows.Rows:
    rows.ready_keys(numbers)
    made = (found for number in numbers for found in rows.of_one(number, plenty, house))
    return dict(rows.by_table(made))


@contextlib.contextmanager
def _without_indexes() -> Iterator[None]:
    """Millions of rows in the order of no index: each is made once, at the end."""
    indexes = [index for table in Base.metadata.sorted_tables for index in table.indexes]
    with _connection() as connection:
        for index in indexes:
            index.drop(connection)
    yield
    with _connection() as connection:
        if not db.current().is_sqlite:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        for index in indexes:
            index.create(connection)


@contextlib.contextmanager
def _connection() -> Iterator[Connection]:
    with db.current().writing.connect() as connection, connection.begin():
        yield connection


def _hasten() -> None:
    """A seed can be made again: while it is made, nothing is waited for."""

    def quicken(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("PRAGMA cache_size=-1000000")

    database = db.current()
    if database.is_sqlite:
        database.writing.dispose()
        event.listen(database.writing, "connect", quicken)


def _staff(session: Any, organisation_id: str) -> list[str]:
    people = [_person(n, organisation_id) for n in range(WORKERS + 2)]
    session.add_all(people)
    session.flush()
    for person in people:
        mail = StaffChannel(staff_id=person.id, kind="email", place=person.email, place_hash="")
        mail.proved_at = rows.NEVER
        session.add(mail)
    duty.stand(session, people[-2].id, duty.BACKUP, since=rows.NOW)
    duty.stand(session, people[-1].id, duty.LEAD, since=rows.NOW)
    return [person.id for person in people[:WORKERS]]


def _person(number: int, organisation_id: str) -> Staff:
    role = {WORKERS: COORDINATOR, WORKERS + 1: ADMINISTRATOR}.get(number, CASE_WORKER)
    return Staff(
        id=new_id(),
        organisation_id=organisation_id,
        name=f"Worker Sample {number}",
        email=f"worker{number}@example.org",
        role=role,
        made_at=clock.now(),
    )


if __name__ == "__main__":
    main(rows.Plenty(*map(int, sys.argv[1:5])))
