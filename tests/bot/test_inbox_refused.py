"""When the database takes nothing: no offset moves, no update is blamed, all of it flows after."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bot import hearing, inbox
from tests.bot.full_disk import full
from tests.bot.raw_updates import message
from waiting_room import db
from waiting_room.errors import StorageRefused
from waiting_room.models import InboxUpdate, Message

LONG = "a long story " * 300


def rows() -> list[tuple[int, str, int]]:
    with db.read() as session:
        found = session.scalars(select(InboxUpdate))
        return [(row.update_id, row.state, row.tries) for row in found]


def test_storage_that_refuses_blames_no_update(room: Path, now: datetime) -> None:
    inbox.store("patients", [message(1, text=LONG)], next_offset=2, now=now)
    with full(), pytest.raises(StorageRefused, match="full"):
        hearing.work_once(now=now)
    assert rows() == [(1, "waiting", 0)]
    assert hearing.work_once(now=now) == 1
    with db.read() as session:
        assert session.scalars(select(Message)).one().text == LONG


def test_a_refused_batch_moves_no_offset(room: Path, now: datetime) -> None:
    inbox.store("patients", [message(1, text="a")], next_offset=2, now=now)
    many = [message(number, text=LONG) for number in range(2, 12)]
    with full(), pytest.raises(StorageRefused, match="full"):
        inbox.store("patients", many, next_offset=12, now=now)
    assert inbox.next_offset("patients") == 2
    assert rows() == [(1, "waiting", 0)]
    assert inbox.store("patients", many, next_offset=12, now=now) == 10
