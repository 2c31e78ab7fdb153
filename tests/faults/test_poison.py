"""An update nobody can read or handle, and a screen that breaks (F26)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import hearing, inbox
from bot.effects import Hearer
from tests import people
from tests.bot.raw_updates import message
from tests.faults.figures import Figures
from tests.faults.test_calendar import database
from waiting_room import db
from waiting_room.care import danger
from waiting_room.care.inbox import PATIENTS
from waiting_room.models import Alert, InboxUpdate, LetterRow, Message
from waiting_room.models.inbox import DEAD, DONE

pytestmark = pytest.mark.faults
CHATS, FLOWS_AGAIN = 7_300_000_000, timedelta(seconds=30)
POISON, AFTER = "the words that poison", "the garden was lovely"


def hear(session: Session, update: Any, *, now: datetime) -> None:
    """Hears like the room, and breaks on some words."""
    if POISON in str(update):
        raise ZeroDivisionError
    hearing.hear_patient(session, update, now=now)


def test_a_poisoned_update_stops_nobody(any_room: Path, figures: Figures, now: datetime) -> None:
    number = figures.size(short=4, long=60)
    with db.write() as session:
        people.team(session, now=now)
    wrote = [
        message(10 * n + k, text=text, chat=CHATS + n)
        for n in range(number)
        for k, text in enumerate((f"{POISON}: I want to kill myself" if n % 2 else POISON, AFTER))
    ]
    inbox.store(PATIENTS, wrote, next_offset=None, now=now)
    moment = now
    while undone() and moment - now <= 5 * FLOWS_AGAIN:
        inbox.work_once({PATIENTS: Hearer(hear)}, now=moment)
        moment += timedelta(seconds=1)
    with db.read() as session:
        said = [row.text for row in session.scalars(select(Message))]
        dead = session.scalars(select(InboxUpdate).where(InboxUpdate.state == DEAD)).all()
        raised = [(a.colour, a.kind) for a in session.scalars(select(Alert))]
        lines = session.scalars(select(LetterRow.page)).all().count("crisis/could-not-pass-on")
    flowed = moment - now - timedelta(seconds=1)
    passed = flowed <= FLOWS_AGAIN and said == [AFTER] * number and lines == number
    passed = passed and len(dead) == len(raised) == number and {row.tries for row in dead} == {3}
    passed = passed and raised.count(("red", "unreadable message")) == number // 2
    figure = (
        f"{number} poisoned chats flow again after {flowed.total_seconds():.0f} s (≤ 30 s): "
        f"{len(dead)} dead letters after 3 tries, {len(raised)} alerts, "
        f"{number - len(said)} of {number} later words lost, {lines} given the lines"
    )
    figures.note("F26", database=database(), figure=figure, passed=passed)
    assert passed, figure


def undone() -> bool:
    with db.read() as session:
        states = set(session.scalars(select(InboxUpdate.state).distinct()))
    return bool(states - {DONE, DEAD})


def test_a_screen_that_breaks_is_an_alert(any_room: Path, figures: Figures, now: datetime) -> None:
    with db.write() as session:
        worker = people.team(session, now=now)["worker"]
        people.patient(session, now=now, chat_id=str(CHATS), worker=worker)
    inbox.store(PATIENTS, [message(1, text=AFTER, chat=CHATS)], next_offset=None, now=now)
    whole = danger.current()
    danger.use(None)  # type: ignore[arg-type]
    try:
        inbox.work_once({PATIENTS: Hearer(hear)}, now=now)
    finally:
        danger.use(whole)
    with db.read() as session:
        raised = [alert.kind for alert in session.scalars(select(Alert))]
        said = [row.text for row in session.scalars(select(Message))]
        to_them = (LetterRow.address_id.is_not(None), LetterRow.made_at >= now)
        pages = list(session.scalars(select(LetterRow.page).where(*to_them)))
    passed = raised == ["screening failed"] and said == [AFTER] and len(pages) >= 1
    figure = f"a screen that breaks: {raised} in the same transaction, answered with {pages}"
    figures.note("F26", database=database(), figure=figure, passed=passed)
    assert passed, figure
