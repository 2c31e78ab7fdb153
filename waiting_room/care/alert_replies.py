"""What the person behind an alert hears of it: that somebody has taken it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from waiting_room.care import people, providers, pushes
from waiting_room.care.colours import Colour
from waiting_room.letters import Letter
from waiting_room.models import Address, Alert, Staff

PAGE = "conversation/alert-taken"
# Staff cannot write to a stranger: nobody "will contact you".
STRANGERS_PAGE = "conversation/alert-taken-stranger"


def taken(session: Session, alert: Alert, worker: Staff, *, now: datetime) -> None:
    """Somebody has this: say so where the words were written, unless it is not safe to write.

    A GREEN alert is a task (silence, a letter that did not arrive): nobody wrote, nobody is told.
    """
    if alert.colour == Colour.GREEN:
        return
    address = session.get(Address, alert.address_id) if alert.address_id else None
    # Where the words were written if that lives, else wherever the person was heard last.
    if (address is None or address.dead_at) and alert.patient_id:
        address = people.address_of(session, alert.patient_id)
    if address is not None and address.dead_at is None:
        letter = _letter(session, alert, worker)
        pushes.push(session, address, letter, now=now)


def _letter(session: Session, alert: Alert, worker: Staff) -> Letter:
    if alert.patient_id:
        return Letter(PAGE, {"worker": people.shown(worker.name)})
    return Letter(STRANGERS_PAGE, {"provider": providers.here(session).name})
