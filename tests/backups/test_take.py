"""A copy is one moment of the data, and the keys of at least that moment."""

from __future__ import annotations

import itertools
from pathlib import Path

import orjson
import pytest
from sqlalchemy import Table

from tests import people
from tests.conftest import WEDNESDAY
from waiting_room import clock, crypto, db, keyring
from waiting_room.backups import folder, rows, sealed_file
from waiting_room.backups.take import Taken, take
from waiting_room.models import Base


def data_of(taken: Taken) -> list[tuple[str, dict[str, object]]]:
    lines = sealed_file.lines(taken.data, keyring.current().backup_secret()[1])
    next(lines)
    return [(head.table, row) for head, row in rows.read(lines)]


def keys_of(taken: Taken) -> set[bytes]:
    lines = sealed_file.lines(taken.keys, keyring.current().master().secret)
    return {row["key_id"] for head, row in rows.read(lines) if head.table == "data_key"}


def used_by(taken: Taken) -> set[bytes]:
    """The keys that sealed anything in it."""
    return {
        crypto.key_id_of(value)
        for _, row in data_of(taken)
        for name, value in row.items()
        if name.endswith("_sealed") and isinstance(value, bytes)
    }


def join(number: int) -> None:
    with db.write() as session:
        people.patient(session, now=WEDNESDAY, chat_id=str(number), name=f"Sample {number}")


def test_a_key_is_there_for_every_value_whoever_joins_meanwhile(
    any_room: Path, tmp_path: Path
) -> None:
    join(7_000_000_001)
    numbers = itertools.count(7_000_000_002)
    taken = take(tmp_path, wall=clock.wall(), breathe=lambda: join(next(numbers)))
    assert next(numbers) > 7_000_000_010, "nobody joined meanwhile"
    assert used_by(taken) and used_by(taken) <= keys_of(taken)


def test_what_happens_while_it_is_taken_is_not_in_it(any_room: Path, tmp_path: Path) -> None:
    join(7_000_000_001)
    place = tmp_path / "copies"
    place.mkdir()
    joined = iter([7_000_000_002])

    def meanwhile() -> None:
        for number in joined:
            join(number)

    taken = take(place, wall=clock.wall(), breathe=meanwhile)
    count = {
        name: sum(table == name for table, _ in data_of(taken)) for name in ("patient", "address")
    }
    assert count == {"patient": 1, "address": 1}


def test_nothing_in_it_can_be_read(room: Path, tmp_path: Path) -> None:
    join(7_000_000_001)
    taken = take(tmp_path, wall=clock.wall())
    raw = taken.data.read_bytes() + taken.keys.read_bytes()
    assert b"Sample" not in raw and b"patient" not in raw


@pytest.mark.parametrize("table", Base.metadata.sorted_tables, ids=lambda table: str(table.name))
def test_every_kind_of_column_survives(table: Table) -> None:
    kinds = {each.name: rows._kind(each.type) for each in table.columns}
    plain = {"STRING", "VARCHAR", "INTEGER", "BIGINT", "BIG_INTEGER", "TEXT"}
    for each in table.columns:
        assert kinds[each.name] or each.type.__visit_name__.upper() in plain, each


def test_a_row_that_is_missing_shows() -> None:
    head = orjson.dumps({"table": "sample", "columns": [["id", ""]]})
    with pytest.raises(Exception, match="not as many"):
        list(rows.read([head, b'["a"]', orjson.dumps({"counts": {"sample": 2}})]))


def test_the_stamp_in_the_name_is_the_moment(room: Path, tmp_path: Path) -> None:
    wall = clock.wall()
    assert folder.made_at(take(tmp_path, wall=wall).data) == wall
