"""Ids that only grow, times that are never guessed, and fields nobody reads in the file."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import StatementError

from tests import people
from tests.conftest import DATABASE, KEYS
from waiting_room import crypto, db, keyring
from waiting_room.care import check_ins, messages
from waiting_room.care import people as records
from waiting_room.models import Lease, Message, Patient, base, new_id, new_reference

ODD_VALUES: list[Any] = [
    "",
    "Sample Zoë O'Néill-Łukasz 李 🙂‍↔️",
    "half a smile \ud83d",
    "nul \x00 and \u2028",
    {"list": [1, 2.5, None, True], "map": {"ä": "ö"}},
    [],
    0,
    False,
    "x" * 100_000,
]


def test_ids_of_one_process_only_grow() -> None:
    ids = [new_id() for _ in range(20_000)]
    assert ids == sorted(set(ids))
    assert {uuid.UUID(each).version for each in ids} == {7}
    assert {uuid.UUID(each).variant for each in ids} == {uuid.RFC_4122}


def test_ids_of_many_threads_are_all_different() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = threads.map(lambda _: [new_id() for _ in range(2_000)], range(8))
        batches = list(made)
    assert len({each for batch in batches for each in batch}) == 16_000
    assert all(batch == sorted(batch) for batch in batches)


def test_an_id_tells_its_moment_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    # Ids never go back, and an earlier test of this process may have been ahead of today.
    monkeypatch.setattr(base, "_counter", base._Counter())
    first, second = new_id(), new_id()
    moment = datetime.fromtimestamp(int(first.replace("-", "")[:12], 16) / 1000, UTC)
    assert abs(moment - datetime.now(UTC)) < timedelta(minutes=1)
    assert first[-12:] != second[-12:]


def test_a_reference_can_be_read_out() -> None:
    assert all(letter not in "01AEIOUS" for _ in range(200) for letter in new_reference())


def test_a_time_comes_back_as_the_same_moment_in_utc(any_room: Path, now: datetime) -> None:
    abroad = datetime(2026, 7, 1, 9, 30, 15, 123456, tzinfo=timezone(timedelta(minutes=330)))
    with db.write() as session:
        session.add(Lease(name="one", owner="", fence=0, until=abroad))
    with db.read() as session:
        found = session.scalars(select(Lease.until).where(Lease.until == abroad)).one()
    assert found == abroad
    assert found.tzinfo == UTC


def test_a_time_without_a_zone_is_refused(any_room: Path) -> None:
    naive = datetime(2026, 7, 1)
    with pytest.raises(StatementError, match="without a zone"), db.write() as session:
        session.add(Lease(name="one", owner="", fence=0, until=naive))
        session.flush()
    with pytest.raises(StatementError, match="without a zone"), db.read() as session:
        session.scalars(select(Lease).where(Lease.until < naive)).all()


def patient(now: datetime) -> str:
    with db.write() as session:
        person, _ = people.patient(session, now=now)
        return person.id


@pytest.mark.parametrize("value", ODD_VALUES, ids=lambda value: repr(value)[:20])
def test_a_sealed_field_holds_whatever_json_can(any_room: Path, now: datetime, value: Any) -> None:
    person = patient(now)
    with db.write() as session:
        session.get_one(Patient, person).name = value
    with db.read() as session:
        row = session.get_one(Patient, person)
        assert row.name == value
        assert row.name_sealed is not None
        assert crypto.key_id_of(row.name_sealed) != b""


def test_a_sealed_field_moved_to_another_row_or_column_does_not_open(
    any_room: Path, now: datetime
) -> None:
    person = patient(now)
    with db.write() as session:
        row = session.get_one(Patient, person)
        session.execute(update(Patient).values(phone_sealed=row.name_sealed))
    with db.read() as session, pytest.raises(crypto.CannotOpen):
        _ = session.get_one(Patient, person).phone
    with db.write() as session:
        row = session.get_one(Patient, person)
        other = Patient(id=new_id(), made_at=now, name="Sample Bea")
        other.name_sealed = row.name_sealed
        assert other.name is None


def test_a_destroyed_key_reads_as_nothing(any_room: Path, now: datetime) -> None:
    person = patient(now)
    keyring.current().destroy(person, now=now)
    with db.read() as session:
        row = session.get_one(Patient, person)
        assert row.name is None
        assert row.name_sealed is not None


def test_an_unknown_field_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="Lease has no field colour"):
        Lease(name="one", colour="red")


PLANTED = {
    "name": "Sample Quillon Brackwater",
    "phone": "+447700900777",
    "email": "quillon.brackwater@example.org",
    "reason": "Planted reason about the harbour bench",
    "referrer": "Planted Polyclinic, 020 7946 0987",
    "nhs_number": "9990000018",
    "risks": "Planted risk about the blue door",
}
CHAT = "74839201556677"
WORDS = [
    "Planted words of the lighthouse",
    "Planted answer: need lantern",
    "Planted note on the tide",
]


def test_no_planted_value_stands_in_the_files(room: Path, now: datetime) -> None:
    with db.write() as session:
        person, address = people.patient(session, now=now, chat_id=CHAT, **PLANTED)
        facts = {"kind": "text", "channel_message_id": "1", "told_at": now, "at": now}
        session.add(
            Message(
                address_id=address.id,
                patient_id=person.id,
                chat_hash=address.chat_hash,
                text=WORDS[0],
                **facts,
            )
        )
        row = check_ins.ask_now(session, person, now=now)
        check_ins.comment(row, WORDS[1])
        worker = people.staff(session, "Sample Worker", now=now)
        records.note(session, person.id, WORDS[2], by=worker.id, now=now)
        messages.mark_read(session, person.id, by=worker.id, now=now)
    raw = b"".join(file.read_bytes() for file in room.iterdir() if file.suffix != ".key")
    assert (room / DATABASE).exists()
    assert (room / KEYS).exists()
    planted = [*PLANTED.values(), CHAT, *WORDS, str(date(1958, 3, 27)), "7700900777", "brackwater"]
    planted += ["Quillon", "Polyclinic", "0987", "harbour bench", "blue door", "lantern"]
    assert len(planted) >= 20
    found = [words for words in planted if words.lower().encode() in raw.lower()]
    assert found == []
