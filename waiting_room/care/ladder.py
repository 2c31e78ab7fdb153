"""The steps of an alert: who is told now, and when the next step is due.

In staffed hours it climbs rung by rung; the last rung repeats for ever. Outside them the on-call
rung is told if the provider has one; else each person of the ladder gets one notice and it goes on
at opening. A GREEN alert is a task and waits for opening in any case.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room import audit, outbox, permissions
from waiting_room.care import duty, providers
from waiting_room.care.colours import Colour
from waiting_room.letters import Choice, Letter, Priority, one_each
from waiting_room.models import Alert, AlertEvent, LetterRow, Provider, Staff, StaffChannel, new_id

TOLD, TOLD_AGAIN, TOLD_ON_CALL = "told", "told again", "told on call"
REMINDED = "reminded"
NOBODY, CLOSED_HOURS = "nobody on this rung", "out of hours"
PAGES = {"staff_telegram": "staff/alert-telegram", "email": "staff/alert-mail"}
PAGES_AGAIN = {"staff_telegram": "staff/alert-again", "email": "staff/alert-mail"}


def of(session: Session, colour: Colour) -> list[dict[str, Any]]:
    """The provider's ladder for this colour, to be copied into the alert."""
    return list(providers.here(session).ladders.get(colour) or providers.LADDERS[colour])


def start(session: Session, alert: Alert, *, now: datetime) -> None:
    """The first step, in the transaction of the cause."""
    alert.state = "notifying"
    provider = providers.here(session)
    if not providers.is_staffed(provider, now=now):
        _out_of_hours(session, alert, provider, now=now)
        return
    _tell_rung(session, alert, now=now)


def step(session: Session, alert: Alert, *, now: datetime) -> None:
    """The next step of an alert whose time has come."""
    provider = providers.here(session)
    if not providers.is_staffed(provider, now=now):
        _out_of_hours(session, alert, provider, now=now)
        return
    if _was_told(session, alert):
        last = len(alert.ladder) - 1
        alert.rounds += alert.rung >= last
        alert.rung = min(alert.rung + 1, last)
        alert.breached_at = alert.breached_at or now
    _tell_rung(session, alert, now=now)


def tell_again(session: Session, alert: Alert, *, now: datetime) -> None:
    """Something joined the alert: the same people hear of it again, the clock runs on."""
    holder = session.get(Staff, alert.acknowledged_by) if alert.state == "acknowledged" else None
    people = [holder] if holder else _people(session, alert, now=now)
    _tell(session, alert, people, now=now, again=True, verb=TOLD_AGAIN)


def remind(session: Session, alert: Alert, *, now: datetime) -> None:
    """Contact was made and nobody closed it: whoever took it hears of it once a day."""
    holder = session.get(Staff, alert.acknowledged_by) if alert.acknowledged_by else None
    people = [holder] if holder else _people(session, alert, now=now)
    _tell(session, alert, people, now=now, again=True, verb=REMINDED)


def told(session: Session, alert: Alert) -> list[LetterRow]:
    """Every notice of this alert."""
    return list(session.scalars(select(LetterRow).where(LetterRow.alert_id == alert.id)))


def _tell_rung(session: Session, alert: Alert, *, now: datetime) -> None:
    rung = alert.ladder[alert.rung]
    people = _people(session, alert, now=now)
    # Nobody to wait for on an empty rung: go straight on, the last one always finds somebody.
    while not people and alert.rung < len(alert.ladder) - 1:
        _event(session, alert, NOBODY, now=now)
        alert.rung += 1
        rung = alert.ladder[alert.rung]
        people = _people(session, alert, now=now)
    if not people:
        _event(session, alert, NOBODY, now=now)
        people = duty.on_rung(session, duty.EVERYBODY, alert.patient_id, now=now)
    _tell(session, alert, people, now=now, again=alert.rounds > 0)
    alert.due_at = now + timedelta(minutes=rung["minutes"])


def _out_of_hours(session: Session, alert: Alert, provider: Provider, *, now: datetime) -> None:
    opening = providers.next_opening(provider, now=now)
    alert.due_at = opening
    if alert.colour == Colour.GREEN:
        return
    on_call = duty.on_rung(session, duty.ON_CALL, alert.patient_id, now=now)
    if on_call:
        again = _was_told(session, alert, verb=TOLD_ON_CALL)
        _tell(session, alert, on_call, now=now, again=again, verb=TOLD_ON_CALL)
        alert.due_at = min(opening, now + timedelta(minutes=alert.ladder[0]["minutes"]))
        return
    if not _was_told(session, alert, verb=CLOSED_HOURS):
        everybody = _whole_ladder(session, alert, now=now)
        _tell(session, alert, everybody, now=now, again=False, verb=CLOSED_HOURS)


def _whole_ladder(session: Session, alert: Alert, *, now: datetime) -> list[Staff]:
    found: dict[str, Staff] = {}
    for rung in alert.ladder:
        for person in duty.on_rung(session, rung["rung"], alert.patient_id, now=now):
            found[person.id] = person
    everybody = duty.on_rung(session, duty.EVERYBODY, alert.patient_id, now=now)
    return list(found.values()) or everybody


def _people(session: Session, alert: Alert, *, now: datetime) -> list[Staff]:
    rung = alert.ladder[alert.rung]["rung"]
    return duty.on_rung(session, rung, alert.patient_id, now=now)


def _tell(
    session: Session,
    alert: Alert,
    people: Iterable[Staff],
    *,
    now: datetime,
    again: bool,
    verb: str = TOLD,
) -> None:
    for person in people:
        if alert.patient_id:
            why, role = alert.reference, permissions.RUNG
            permissions.share(session, alert.patient_id, role=role, why=why, now=now, holder=person)
        for channel in duty.channels_of(session, person.id):
            _notice(session, alert, channel, now=now, again=again)
    _event(session, alert, verb, now=now)


def _notice(
    session: Session, alert: Alert, channel: StaffChannel, *, now: datetime, again: bool
) -> None:
    page = (PAGES_AGAIN if again else PAGES)[channel.kind]
    values = {
        "ref": alert.reference,
        "colour": alert.colour.upper(),
        "link": f"/desk/alerts/{alert.id}",
    }
    taking = one_each(Choice("", f"take:{alert.id}", text="I have this"))
    choices = taking if channel.kind == "staff_telegram" else ()
    priority = Priority.REPLY if alert.colour == Colour.GREEN else Priority.CRISIS
    letter = Letter(page, values, choices, priority=priority)
    outbox.notify(session, channel, letter, now=now, about={"alert_id": alert.id})


def _was_told(session: Session, alert: Alert, *, verb: str = TOLD) -> bool:
    query = select(AlertEvent.id).where(AlertEvent.alert_id == alert.id, AlertEvent.verb == verb)
    return session.scalar(query.limit(1)) is not None


def _event(session: Session, alert: Alert, verb: str, *, now: datetime) -> None:
    by = audit.SYSTEM
    row = AlertEvent(id=new_id(), alert_id=alert.id, verb=verb, rung=alert.rung, by=by, at=now)
    session.add(row)
    session.flush()
