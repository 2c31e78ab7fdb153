"""Words for a worker: read in the promised time, or others are called."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests import people as sample
from waiting_room import db
from waiting_room.care import alerts, conversations, duty, messages, providers, unread
from waiting_room.care.colours import Colour
from waiting_room.care.conversations import Said
from waiting_room.models import Address, Alert, Message, Patient, Staff

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def _somebody(session: Session, now: datetime) -> tuple[dict[str, Staff], Patient, Address]:
    team = sample.team(session, now=now)
    patient, chat = sample.patient(session, now=now, worker=team["worker"])
    return team, patient, chat


def _writes(session: Session, chat: Address, text: str, now: datetime) -> Message:
    message = conversations.said(session, chat, Said("text", text, text, now), now=now)
    unread.await_reading(session, message, now=now)
    session.flush()
    return message


def test_what_nobody_reads_in_time_calls_others_once_and_climbs(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        _, patient, chat = _somebody(session, now)
        message = _writes(session, chat, "When do we meet?", now)
        due = message.read_due_at
        assert due == now + 2 * DAY  # two working days of a Wednesday morning
        assert unread.chase(session, now=due - MINUTE) == 0
        assert unread.is_any_overdue(session, now=due)
        assert unread.chase(session, now=due) == 1
        assert not unread.is_any_overdue(session, now=due + DAY)
        alert = alerts.open_for(session, patient.id)
        assert alert is not None
        assert (alert.colour, alert.kind) == (Colour.AMBER, unread.NOT_READ)
        assert alerts.events(session, alert)[0].cause_id == message.id
        rung = alert.rung
        assert alerts.climb(session, now=due + 31 * MINUTE) == 1
        assert alert.rung == rung + 1


@pytest.mark.parametrize("how", ["answered", "marked"])
def test_what_was_read_calls_nobody(any_room: Path, now: datetime, how: str) -> None:
    with db.write() as session:
        team, patient, chat = _somebody(session, now)
        _writes(session, chat, "When do we meet?", now)
        if how == "answered":
            messages.reply(session, patient, "On Monday.", by=team["worker"], now=now)
        else:
            messages.mark_read(session, patient.id, by=team["worker"].id, now=now)
        assert unread.chase(session, now=now + 9 * DAY) == 0
        assert alerts.open_for(session, patient.id) is None


def test_several_unread_words_of_one_person_are_one_alert(room: Path, now: datetime) -> None:
    with db.write() as session:
        _, _, chat = _somebody(session, now)
        for text in ("Hello?", "Are you there?"):
            _writes(session, chat, text, now)
        assert unread.chase(session, now=now + 9 * DAY) == 2
        assert len(session.scalars(select(Alert)).all()) == 1


def test_one_that_cannot_be_told_of_keeps_no_other_waiting(room: Path, now: datetime) -> None:
    with db.write() as session:
        _, patient, chat = _somebody(session, now)
        broken = _writes(session, chat, "one", now)
        other, elsewhere = sample.patient(session, now=now, chat_id="8")
        _writes(session, elsewhere, "two", now + MINUTE)
        alert = alerts.raise_(session, alerts.Cause(Colour.GREEN, "any", patient.id), now=now)
        session.execute(update(Alert).where(Alert.id == alert.id).values(colour="no colour"))
        session.expire_all()
        late = now + 9 * DAY
        assert unread.chase(session, now=late) == 1
        assert broken.read_due_at == late + unread.TRY_AGAIN
        assert alerts.open_for(session, other.id) is not None


@pytest.mark.parametrize(("minutes", "ladder"), [(60, 60), (2 * duty.A_DAY, 5_000)])
def test_read_by_is_what_was_promised(room: Path, now: datetime, minutes: int, ladder: int) -> None:
    with db.write() as session:
        provider = providers.here(session)
        steps = {"green": [{"rung": "worker", "minutes": ladder}]}
        provider.ladders = dict(provider.ladders) | steps
        worked = timedelta(minutes=minutes)
        until = providers.after_staffed(provider, worked, now=now)
        assert duty.read_by(session, Colour.GREEN, now=now) == until
