"""Every change made to a sealed chain shows; what it cannot see itself, the anchor sees."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from waiting_room import audit, db, keyring
from waiting_room.models import AuditHead, AuditRow, new_id

ROWS = 30
ROUNDS = 300
Act = Callable[[Session, random.Random], None]


def chain(now: datetime, rows: int = ROWS) -> tuple[int, str]:
    with db.write() as session:
        for number in range(rows):
            audit.record(session, by="staff-1", did="read", to=("patient", str(number)), now=now)
    with db.write() as session:
        while audit.seal(session, now=now):
            pass
    with db.read() as session:
        return audit.head(session)


def one(session: Session, chance: random.Random) -> AuditRow:
    rows = session.scalars(select(AuditRow).order_by(AuditRow.place)).all()
    return chance.choice(rows[:-1])


def edit(session: Session, chance: random.Random) -> None:
    row = one(session, chance)
    field = chance.choice(["by", "did", "to_kind", "to_id", "link"])
    setattr(row, field, "tampered"[: chance.randint(1, 8)])


def shift_a_letter(session: Session, chance: random.Random) -> None:
    row = one(session, chance)
    row.by, row.did = row.by[:-1], row.by[-1] + row.did


def move_the_time(session: Session, chance: random.Random) -> None:
    one(session, chance).at += timedelta(microseconds=chance.choice([-1, 1]))


def remove(session: Session, chance: random.Random) -> None:
    session.delete(one(session, chance))


def unchain(session: Session, chance: random.Random) -> None:
    one(session, chance).place = None


def swap(session: Session, chance: random.Random) -> None:
    rows = session.scalars(select(AuditRow).where(AuditRow.place.is_not(None))).all()
    left, right = chance.sample(list(rows), 2)
    places = left.place, right.place
    left.place = None
    session.flush()
    right.place = places[0]
    session.flush()
    left.place = places[1]
    if chance.random() < 0.5:
        left.link, right.link = right.link, left.link


def cut_the_tail(session: Session, chance: random.Random) -> None:
    last = session.scalar(select(func.max(AuditRow.place))) or 0
    session.execute(delete(AuditRow).where(AuditRow.place > last - chance.randint(1, 5)))


def slip_one_in(session: Session, chance: random.Random) -> None:
    last = session.get_one(AuditHead, 1).place
    row = AuditRow(
        id=new_id(), by="x", did="y", to_kind="z", to_id="1", at=session.get_one(AuditHead, 1).at
    )
    row.place, row.link = last + 1, "0" * 32
    session.add(row)


def move_the_head(session: Session, chance: random.Random) -> None:
    head = session.get_one(AuditHead, 1)
    head.place -= chance.randint(1, 5)


def drop_the_head(session: Session, chance: random.Random) -> None:
    session.execute(delete(AuditHead))


ACTS: list[Act] = [edit, shift_a_letter, move_the_time, remove, unchain, swap]
ACTS += [cut_the_tail, slip_one_in, move_the_head, drop_the_head]


def test_a_whole_chain_is_whole(any_room: Path, now: datetime) -> None:
    anchor = chain(now)
    assert anchor[0] >= ROWS
    with db.read() as session:
        assert audit.verify(session, anchor=anchor) == ""
    later = chain(now, 5)
    with db.read() as session:
        assert audit.verify(session, anchor=anchor) == ""
        assert audit.verify(session, anchor=later) == ""


def test_every_one_of_many_random_acts_is_found(room: Path, now: datetime) -> None:
    chain(now)
    chance = random.Random(20261125)
    missed = []
    for number in range(ROUNDS):
        act = ACTS[number % len(ACTS)]
        with db.write() as session:
            act(session, chance)
            session.flush()
            session.expire_all()
            if not audit.verify(session):
                missed.append(act.__name__)
            session.rollback()
    assert missed == []
    with db.read() as session:
        assert audit.verify(session) == ""


def test_the_first_bad_row_is_named(any_room: Path, now: datetime) -> None:
    chain(now)
    with db.write() as session:
        row = session.scalars(select(AuditRow).where(AuditRow.place.in_([7, 9]))).all()
        for each in row:
            each.did = "tampered"
    with db.read() as session:
        assert audit.verify(session).startswith("row 7 ")


def test_a_tail_cut_together_with_its_head_is_seen_by_the_anchor(
    any_room: Path, now: datetime
) -> None:
    anchor = chain(now)
    with db.write() as session:
        last = session.scalars(select(AuditRow).where(AuditRow.place == anchor[0] - 3)).one()
        session.execute(delete(AuditRow).where(AuditRow.place > anchor[0] - 3))
        session.execute(update(AuditHead).values(place=last.place, link=last.link))
    with db.read() as session:
        assert audit.verify(session) == ""
        assert str(anchor[0]) in audit.verify(session, anchor=anchor)


def test_a_rewrite_with_the_key_itself_is_seen_by_the_anchor(any_room: Path, now: datetime) -> None:
    anchor = chain(now)
    with db.write() as session:
        session.execute(update(AuditRow).values(place=None, link=None))
        session.execute(delete(AuditHead))
        session.execute(update(AuditRow).where(AuditRow.to_id == "3").values(by="staff-2"))
    with db.write() as session:
        audit.seal(session, now=now)
    with db.read() as session:
        assert audit.verify(session) == ""
        assert "rewritten" in audit.verify(session, anchor=anchor)


def test_a_chain_under_another_key_is_not_ours(room: Path, now: datetime, tmp_path: Path) -> None:
    chain(now)
    own, other = keyring.current(), tmp_path / "other"
    keyring.use(keyring.open_at(f"sqlite:///{other}/keys.db", other / "master.key"))
    with db.read() as session:
        assert audit.verify(session).startswith("row 1 ")
    keyring.close()
    keyring.use(own)


def test_two_sealers_at_once_make_one_chain(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        for number in range(ROWS):
            audit.record(session, by="staff-1", did="read", to=("patient", str(number)), now=now)

    def seal(_: int) -> int:
        with db.write(alone="seal_audit") as session:
            return audit.seal(session, now=now)

    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(seal, range(4)))
    assert sorted(done)[:3] == [0, 0, 0]
    with db.read() as session:
        assert audit.verify(session) == ""


def test_an_act_without_an_actor_is_refused(room: Path, now: datetime) -> None:
    with pytest.raises(ValueError, match="somebody"), db.write() as session:
        audit.record(session, by="", did="read", to=("patient", "1"), now=now)
