"""`python -m benchmarks.seeds.make PATIENTS MESSAGES LETTERS ANSWERS`: fill the room that the
settings in the environment name."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from sqlalchemy import event, insert, text

from benchmarks.seeds import rows
from waiting_room import clock, db, settings
from waiting_room.care import duty, providers
from waiting_room.models import Staff, StaffChannel, new_id
from waiting_room.models.staff import ADMINISTRATOR, CASE_WORKER, COORDINATOR
from waiting_room.opening import opened

AT_ONCE = 2_000
WORKERS = 200

SET_UP = providers.SetUp("Sample Town", "hello@example.org", "0113 496 0100", "We keep little.")


def main(plenty: rows.Plenty) -> None:
    """Found the room and fill it."""
    with opened(settings.load()):
        _hasten()
        with db.write() as session:
            provider = providers.set_up(session, SET_UP, by="bench", now=rows.NOW)
            house = rows.House(provider.organisation_id, _staff(session, provider.organisation_id))
        for first in range(0, plenty.patients, AT_ONCE):
            _people(range(first, min(plenty.patients, first + AT_ONCE)), plenty, house)
        with db.current().writing.connect() as connection, contextlib.closing(connection):
            connection.execute(text("ANALYZE"))
            connection.commit()


def _hasten() -> None:
    """A seed can be made again: while it is made, nothing is waited for."""

    def quicken(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-1000000")

    database = db.current()
    if database.is_sqlite:
        database.writing.dispose()
        event.listen(database.writing, "connect", quicken)


def _people(numbers: range, plenty: rows.Plenty, house: rows.House) -> None:
    rows.ready_keys(numbers)
    made = (found for number in numbers for found in rows.of_one(number, plenty, house))
    with db.write() as session:
        for kind, batch in rows.by_table(made).items():
            session.execute(insert(kind.__table__), batch)


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
