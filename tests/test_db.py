"""One door, one transaction: nothing is lost between writers, and nothing is half stored."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from tests.postgres import Postgres
from waiting_room import bell, clock, db
from waiting_room.errors import StartRefused, StorageRefused
from waiting_room.models import Lease

SECRET = "Sample Alex wrote this"
COUNTER = "counter"


def lease(now: datetime, name: str = COUNTER, owner: str = "one") -> Lease:
    return Lease(name=name, owner=owner, fence=0, until=now)


def counted() -> int:
    with db.read() as session:
        return session.get_one(Lease, COUNTER).fence


def test_four_threads_that_read_and_then_write_lose_nothing(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        session.add(lease(now))

    def add(_: int) -> None:
        for _ in range(50):
            with db.write() as session:
                row = session.get_one(Lease, COUNTER, with_for_update=True)
                row.fence += 1

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(4)))
    assert counted() == 200


def test_four_threads_that_work_alone_need_no_row_locks(any_room: Path, now: datetime) -> None:
    def add(_: int) -> None:
        for _ in range(25):
            with db.write(alone="count") as session:
                row = session.get(Lease, COUNTER) or lease(now)
                row.fence += 1
                session.add(row)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(4)))
    assert counted() == 100


def test_a_change_by_condition_has_one_winner(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        session.add(lease(now, owner=""))

    def take(name: str) -> int:
        with db.write() as session:
            won = update(Lease).where(Lease.name == COUNTER, Lease.owner == "").values(owner=name)
            return session.execute(won).rowcount  # type: ignore[attr-defined,no-any-return]

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(take, "abcd")) == 1


def test_a_reader_cannot_write(any_room: Path, now: datetime) -> None:
    with pytest.raises((StorageRefused, DBAPIError)), db.read() as session:
        session.add(lease(now))
        session.flush()
    with db.write() as session:
        session.add(lease(now))
    assert counted() == 0


def test_a_reader_sees_one_moment(any_room: Path, now: datetime) -> None:
    with db.read() as session:
        assert session.scalars(select(Lease)).all() == []
        with db.write() as other:
            other.add(lease(now))
        assert session.scalars(select(Lease)).all() == []
    assert counted() == 0


def test_a_reader_does_not_wait_for_a_writer(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        session.add(lease(now))
        session.flush()
        with db.read() as other:
            assert other.get(Lease, COUNTER) is None


def test_a_second_write_in_the_same_thread_is_refused(any_room: Path) -> None:
    with db.write(), pytest.raises(RuntimeError, match="one door"), db.write():
        pass
    with db.write():
        pass


def test_an_error_leaves_nothing_and_rings_no_bell(
    any_room: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(bell, "ring", rung.append)
    with pytest.raises(KeyError), db.write() as session:
        session.add(lease(now))
        session.flush()
        db.ring(session, bell.LETTERS)
        raise KeyError
    with db.read() as session:
        assert session.get(Lease, COUNTER) is None
    assert rung == []


def test_the_bell_rings_once_and_only_when_all_is_stored(
    any_room: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def look(_: str) -> None:
        seen.append(counted())

    monkeypatch.setattr(bell, "ring", look)
    with db.write() as session:
        session.add(lease(now))
        db.ring(session, bell.LETTERS)
        db.ring(session, bell.LETTERS)
        session.flush()
        assert seen == []
    assert seen == [0]


def test_a_savepoint_takes_back_its_own_part_only(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        session.add(lease(now, "kept"))
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(lease(now, "kept", owner="other"))
            session.flush()
        with session.begin_nested():
            session.add(lease(now, "second"))
    with db.read() as session:
        assert set(session.scalars(select(Lease.name))) == {"kept", "second"}


def test_no_value_stands_in_the_words_of_an_error(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        session.add(lease(now, SECRET))
    with pytest.raises(IntegrityError) as double, db.write() as session:
        session.add(lease(now, SECRET))
    with pytest.raises(IntegrityError) as missing, db.write() as session:
        values = {"name": "x", "owner": None, "until": now, "secret": SECRET}
        words = "INSERT INTO lease (name, owner, fence, until) VALUES (:secret, :owner, 0, :until)"
        session.execute(text(words), values)
    for error in (double.value, missing.value):
        assert SECRET not in f"{error!s}{error!r}{error.orig!s}{error.orig!r}"


def test_what_storage_refuses_names_no_value(room: Path, now: datetime) -> None:
    with pytest.raises(StorageRefused) as refused, db.write() as session:
        session.execute(text("INSERT INTO absent VALUES (:words)"), {"words": SECRET})
    error: BaseException | None = refused.value
    while error is not None:
        assert SECRET not in str(error)
        error = error.__cause__


def test_a_full_pool_refuses_soon(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = db.current().reading.pool
    monkeypatch.setattr(pool, "_timeout", 0.05)
    held = [db.current().reading.connect() for _ in range(30)]
    with pytest.raises(StorageRefused, match="in use"), db.read() as session:
        session.execute(text("SELECT 1"))
    for connection in held:
        connection.close()


def test_writers_take_turns(room: Path, now: datetime) -> None:
    inside, started = threading.Event(), threading.Event()

    def second() -> bool:
        started.set()
        with db.write():
            return inside.is_set()

    with ThreadPoolExecutor(1) as threads:
        with db.write():
            later = threads.submit(second)
            started.wait()
            inside.set()
        assert later.result()


def test_postgresql_without_its_driver_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(StartRefused, match="pip install"):
        db.Database("postgresql+psycopg://127.0.0.1/room")


@pytest.mark.postgres
@pytest.mark.faults
@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_postgresql_stopped_is_refused_soon_and_found_again(
    request: pytest.FixtureRequest, postgres: Postgres, now: datetime, how: str, tmp_path: Path
) -> None:
    url = postgres.create()
    database = db.connect(url)
    with db.write() as session:
        session.execute(text("CREATE TABLE kept AS SELECT 1 AS id"))
    postgres.halt(how)
    since = clock.monotonic()
    try:
        for door in (db.read, db.write):
            with pytest.raises(StorageRefused), door() as session:
                _look(session)
        assert clock.monotonic() - since < 10
    finally:
        postgres.resume()
    with db.write() as session:
        assert _look(session) == 1
    assert database is db.current()
    db.close()
    postgres.drop(url)


@pytest.mark.postgres
@pytest.mark.faults
def test_a_transaction_cut_in_the_middle_is_refused_as_a_whole(
    postgres: Postgres, request: pytest.FixtureRequest
) -> None:
    url = postgres.create()
    db.connect(url)
    with db.write() as session:
        session.execute(text("CREATE TABLE kept AS SELECT 1 AS id"))
    with pytest.raises(StorageRefused), db.write() as session:
        session.execute(text("INSERT INTO kept VALUES (2)"))
        mine = session.scalar(text("SELECT pg_backend_pid()"))
        with db.read() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
        session.execute(text("INSERT INTO kept VALUES (3)"))
    with db.read() as session:
        assert _look(session) == 1
    db.close()
    postgres.drop(url)


def _look(session: Session) -> object:
    return session.scalar(text("SELECT count(*) FROM kept"))
