"""A desk with its people: who is signed in, whom they look after, what was said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from tests import people as sample
from tests.web.conftest import Browser, Open, seat
from waiting_room import db
from waiting_room.care import alerts, conversations, messages, people
from waiting_room.care.colours import Colour
from waiting_room.care.conversations import Said
from waiting_room.models import Alert, Message, Patient, Staff, new_id

Person = Callable[..., Patient]


@pytest.fixture
def sam(browser: Browser, ready: None) -> Staff:
    """The worker at `browser`."""
    return seat(browser)


@pytest.fixture
def kim(opened: Open, ready: None) -> tuple[Browser, Staff]:
    """A colleague at a browser of her own."""
    other = opened("192.0.2.2")
    return other, seat(other, "Sample Kim")


@pytest.fixture
def person(now: datetime) -> Person:
    """Make somebody who joined, under this name."""

    def make(name: str = "Sample Alex", worker: Staff | None = None, **more: object) -> Patient:
        with db.write() as session:
            made = {"name": name, "chat_id": f"chat of {name}", **more}
            return sample.patient(session, now=now, worker=worker, **made)[0]

    return make


def raise_alert(patient: Patient | None, now: datetime, colour: Colour = Colour.RED) -> Alert:
    """An alert about this person."""
    with db.write() as session:
        cause = alerts.Cause(colour, "life", patient.id if patient else None)
        return alerts.raise_(session, cause, now=now)


def says(patient: Patient, text: str, now: datetime, *, to_worker: bool = True) -> Message:
    """The person writes in their chat."""
    with db.write() as session:
        chat = people.addresses(session, patient.id)[0]
        message = conversations.said(session, chat, Said("text", text, new_id(), now), now=now)
        message.is_for_worker = to_worker
        return message


def read_all(patient: Patient, by: Staff, now: datetime) -> None:
    """Everything this person wrote has been read."""
    with db.write() as session:
        messages.mark_read(session, patient.id, by=by.id, now=now)
