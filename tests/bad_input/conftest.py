"""A room with a team, people who send odd things, and a look into the log afterwards."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests import people
from tests.bad_input import door
from tests.bad_input.door import Person
from tests.bot.telegram.conftest import TOKEN, api, ours, polling, robot  # noqa: F401 - fixtures
from tests.channels.conftest import bot, delivering
from tests.fakes.bot_api import BotApi
from tests.web.conftest import browser, desk, opened, ready  # noqa: F401 - fixtures
from waiting_room import db
from waiting_room.care.invitations import Issued, invite
from waiting_room.models import Staff


@pytest.fixture(autouse=True)
def nothing_personal_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever came in during a test stands in no line, however much libraries want to tell."""
    door.SAID.clear()
    caplog.set_level(logging.DEBUG)
    # As in `logs.set_up`: at DEBUG it would print every row.
    caplog.set_level(logging.WARNING, "sqlalchemy")
    with capture_logs() as written:
        yield
    lines = "\n".join(
        [record.getMessage() for record in caplog.get_records("call")] + [str(written)]
    )
    assert [words for words in door.SAID if words in lines] == []


@pytest.fixture
def team(room: Path, now: datetime) -> dict[str, Staff]:
    """Somebody on every rung."""
    with db.write() as session:
        return people.team(session, now=now)


@pytest.fixture
def issued(team: dict[str, Staff], now: datetime) -> Issued:
    """A link and a PIN that were not used yet."""
    return invited(now)


@pytest.fixture
def stranger(team: dict[str, Staff], now: datetime) -> Person:
    """An account nobody knows."""
    return Person(now)


@pytest.fixture
def patient(issued: Issued, now: datetime) -> Person:
    """Somebody who came in by link and PIN."""
    person = Person(now)
    person.comes_in(issued)
    return person


@pytest.fixture
def sent_out(api: BotApi) -> AbstractContextManager[None]:  # noqa: F811 - the fixture
    """Letters leave for Telegram for the length of a block."""
    return delivering({"telegram": bot(api, TOKEN)})


def invited(now: datetime, **changes: str) -> Issued:
    """A link and a PIN for somebody new."""
    with db.write() as session:
        referral = people.referral(session, now=now, **changes)
        return invite(session, referral, by="system", now=now)
