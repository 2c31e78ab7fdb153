"""The steps of an alert: who is told now, and when the next step is due.

In staffed hours it climbs rung by rung; the last rung repeats for ever. Outside them the on-call
rung is told if the provider has one; else everybody on the ladder gets one notice and it goes on
at opening. A GREEN alert is a task and waits for opening in any case.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room import audit, library, outbox, permissions
from waiting_room.care import duty, hours, providers
from waiting_room.care.colours import Colour
from waiting_room.letters import Choice, Letter, Priority, one_each
from waiting_room.models import Alert, AlertEvent, LetterRow, Staff, StaffChannel, new_id
from waiting_room.models.alert import DRILL

TOLD, TOLD_AGAIN, TOLD_ON_CALL = "told", "told again", "told on call"
REMINDED = "reminded"
NOBODY, CLOSED_HOURS = "nobody on this rung", "out of hours"
# So long after its time a step is late: the room was away, or stuck.
OVERDUE = timedelta(seconds=60)
# What a step leaves behind when somebody was told.
STEPS = (TOLD, TOLD_ON_CALL, CLOSED_HOURS)
DRILL_FAILED = "drill failed"
# Nobody stands on the rung of a drill: its letters go to no person.
OWN: dict[str, list[dict[str, Any]]] = {
    DRILL: [{"rung": "robot", "minutes": 10}],
    DRILL_FAILED: [{"rung": duty.LEAD, "minutes": 30}, {"rung": duty.EVERYBODY, "minutes": 30}],
}
PAGES = {"staff_telegram": "staff/alert-telegram", "email": "staff/alert-mail"}
PAGES_AGAIN = {"staff_telegram": "staff/alert-again", "email": "staff/alert-mail"}


def of(session: Session, colour: Colour, kind: str) -> list[dict[str, Any]]:
    """The ladder for an alert, to be copied into it: the kind's own, else the provider's."""
    if kind in OWN:
        return list(OWN[kind])
    return list(providers.here(session).ladders.get(colour) or providers.LADDERS[colour])


def start(session: Session, alert: Alert, *, now: datetime) -> None:
    """From the first rung, in the transaction of the cause, whoever was told before."""
    alert.rung = alert.rounds = 0
    _tell_now(session, alert, now=now)


def step(session: Session, alert: Alert, *, now: datetime) -> None:
    """The next step of an alert whose time has come. A rung that was only told out of hours, or
    had nobody on it, is not passed by."""
    last_told = _last_told(session, alert)
    ran_out = last_told in (TOLD, TOLD_ON_CALL)
    # Somebody was told and the time ran out, or nobody was told in time: this is what "late" means
    # on the desk, in notices and in reports.
    if ran_out or (alert.due_at is not None and alert.due_at <= now - OVERDUE):
        alert.breached_at = alert.breached_at or now
    if last_told == TOLD and _is_staffed(session, now):
        last = len(alert.ladder) - 1
        # The last rung repeats for ever, and from its second round the notice says that it is a
        # repeat.
        alert.rounds += alert.rung >= last
        alert.rung = min(alert.rung + 1, last)
    _tell_now(session, alert, now=now)


def waits_for_opening(session: Session, alert: Alert, *, now: datetime) -> bool:
    """A task moves in working hours only: out of them it is put off until opening."""
    if alert.colour != Colour.GREEN or _is_staffed(session, now):
        return False
    alert.due_at = _opening(session, now)
    return True


def tell_again(session: Session, alert: Alert, *, now: datetime) -> None:
    """Something joined the alert: whoever has it, or was told of it, hears of it again."""
    _tell(session, alert, _audience(session, alert, now=now), now=now, again=True, verb=TOLD_AGAIN)


def remind(session: Session, alert: Alert, *, now: datetime) -> None:
    """It was taken and is still open: whoever took it hears of it."""
    _tell(session, alert, _audience(session, alert, now=now), now=now, again=True, verb=REMINDED)


def put_back(session: Session, alert: Alert, *, by: timedelta, now: datetime) -> None:
    """The clock was put back by so much: the next step is no later for it."""
    if alert.due_at is None:
        return
    if _last_told(session, alert) != CLOSED_HOURS:
        alert.due_at -= by
    else:
        opening = now if _is_staffed(session, now) else _opening(session, now)
        alert.due_at = min(alert.due_at, opening)


def told(session: Session, alert: Alert) -> list[LetterRow]:
    """Every notice of this alert."""
    return list(session.scalars(select(LetterRow).where(LetterRow.alert_id == alert.id)))


def _tell_now(session: Session, alert: Alert, *, now: datetime) -> None:
    if waits_for_opening(session, alert, now=now):
        return
    if alert.kind == DRILL:
        _event(session, alert, TOLD, now=now)
        alert.due_at = now + timedelta(minutes=alert.ladder[0]["minutes"])
    elif _is_staffed(session, now):
        _tell_rung(session, alert, now=now)
    else:
        _tell_out_of_hours(session, alert, now=now)


def _tell_rung(session: Session, alert: Alert, *, now: datetime) -> None:
    people = _people(session, alert, now=now)
    # Nobody to wait for on an empty rung: go straight on, and from the last one to the whole team.
    while not people and alert.rung < len(alert.ladder) - 1:
        _event(session, alert, NOBODY, now=now)
        alert.rung += 1
        people = _people(session, alert, now=now)
    if not people:
        _event(session, alert, NOBODY, now=now)
        people = duty.on_rung(session, duty.EVERYBODY, alert.patient_id, now=now)
    _tell(session, alert, people, now=now, again=alert.rounds > 0, verb=TOLD)
    alert.due_at = now + timedelta(minutes=alert.ladder[alert.rung]["minutes"])


def _tell_out_of_hours(session: Session, alert: Alert, *, now: datetime) -> None:
    alert.due_at = _opening(session, now)
    on_call = duty.on_rung(session, duty.ON_CALL, alert.patient_id, now=now)
    if not on_call:
        everybody = _whole_ladder(session, alert, now=now)
        _tell(session, alert, everybody, now=now, again=False, verb=CLOSED_HOURS)
        return
    again = _last_told(session, alert) == TOLD_ON_CALL
    _tell(session, alert, on_call, now=now, again=again, verb=TOLD_ON_CALL)
    # Whoever is on call is asked again as soon as the first rung would be, or at opening.
    alert.due_at = min(alert.due_at, now + timedelta(minutes=alert.ladder[0]["minutes"]))


def _audience(session: Session, alert: Alert, *, now: datetime) -> list[Staff]:
    """Whoever took it; when nobody did, or they cannot be reached, whoever a step would tell."""
    holder = session.get(Staff, alert.acknowledged_by) if alert.acknowledged_by else None
    if holder and duty.reachable(session, [holder], alert.patient_id, now=now):
        return [holder]
    if _is_staffed(session, now):
        everybody = duty.on_rung(session, duty.EVERYBODY, alert.patient_id, now=now)
        return _people(session, alert, now=now) or everybody
    on_call = duty.on_rung(session, duty.ON_CALL, alert.patient_id, now=now)
    return on_call or _whole_ladder(session, alert, now=now)


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
    people: Sequence[Staff],
    *,
    now: datetime,
    again: bool,
    verb: str,
) -> None:
    for person in people:
        if alert.patient_id:
            why, role = alert.reference, permissions.RUNG
            permissions.share(session, alert.patient_id, role=role, why=why, now=now, holder=person)
        for channel in duty.channels_of(session, person.id):
            _notice(session, alert, channel, now=now, again=again)
    # Nobody told is no notice: the record must not say so.
    if people:
        _event(session, alert, verb, now=now)


def _notice(
    session: Session, alert: Alert, channel: StaffChannel, *, now: datetime, again: bool
) -> None:
    page = (PAGES_AGAIN if again else PAGES)[channel.kind]
    values = {
        "ref": alert.reference,
        "colour": alert.colour.upper(),
        "link": f"/desk/alerts/{alert.id}",
        "late": _late(session, alert, now=now),
    }
    taking = one_each(Choice("", f"take:{alert.id}", text="I have this"))
    choices = taking if channel.kind == "staff_telegram" else ()
    # A task can wait in a queue of letters. Danger cannot, and its notice is never given up.
    priority = Priority.REPLY if alert.colour == Colour.GREEN else Priority.CRISIS
    letter = Letter(page, values, choices, priority=priority)
    outbox.notify(session, channel, letter, now=now, about={"alert_id": alert.id})


def _late(session: Session, alert: Alert, *, now: datetime) -> str:
    """Whoever is told late must not take it for news."""
    if alert.breached_at is None:
        return ""
    zone = providers.here(session).time_zone
    return library.phrase("late", since=hours.in_words(alert.raised_at, now=now, zone=zone))


def _last_told(session: Session, alert: Alert) -> str | None:
    query = select(AlertEvent.verb).where(AlertEvent.alert_id == alert.id)
    query = query.where(AlertEvent.verb.in_(STEPS))
    return session.scalar(query.order_by(AlertEvent.at.desc(), AlertEvent.id.desc()).limit(1))


def _is_staffed(session: Session, now: datetime) -> bool:
    return providers.is_staffed(providers.here(session), now=now)


def _opening(session: Session, now: datetime) -> datetime:
    return providers.next_opening(providers.here(session), now=now)


def _event(session: Session, alert: Alert, verb: str, *, now: datetime) -> None:
    by = audit.SYSTEM
    row = AlertEvent(id=new_id(), alert_id=alert.id, verb=verb, rung=alert.rung, by=by, at=now)
    session.add(row)
    session.flush()
