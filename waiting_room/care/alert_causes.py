"""What raised an alert, and which open alert it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room.care.colours import Colour
from waiting_room.models import Address, Alert, Patient, Provider


@dataclass(frozen=True)
class Cause:
    """What raised an alert: ids only, never the words."""

    colour: Colour
    kind: str
    patient_id: str | None = None
    address_id: str | None = None
    what: str = ""
    what_id: str = ""


def open_alert(session: Session, cause: Cause, states: Sequence[str]) -> Alert | None:
    """The alert in one of these states that this cause joins: the person's, else the stranger's
    chat's, else the room's own of the same kind."""
    _lock_subject(session, cause)
    query = select(Alert).where(Alert.state.in_(states)).order_by(Alert.raised_at)
    if cause.patient_id:
        query = query.where(Alert.patient_id == cause.patient_id)
    elif cause.address_id:
        query = query.where(Alert.address_id == cause.address_id, Alert.patient_id.is_(None))
    else:
        system = (Alert.patient_id.is_(None), Alert.address_id.is_(None))
        query = query.where(Alert.kind == cause.kind, *system)
    return session.scalars(query.limit(1).with_for_update()).first()


def _lock_subject(session: Session, cause: Cause) -> None:
    """Of two causes that come at once one waits here, and then finds the alert of the other."""
    one: tuple[type[Patient | Address | Provider], Any] = (Provider, 1)
    if cause.patient_id or cause.address_id:
        one = (Patient, cause.patient_id) if cause.patient_id else (Address, cause.address_id)
    row = select(one[0].id).where(one[0].id == one[1])
    session.execute(row.with_for_update(key_share=True))
