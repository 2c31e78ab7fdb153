"""A case worker's day: what waits for them, most urgent first, as far as they may see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, exists, func, select
from sqlalchemy.orm import Session

from waiting_room import permissions
from waiting_room.care import alerts, people, referrals
from waiting_room.care.colours import Colour
from waiting_room.models import (
    Address,
    Alert,
    AlertEvent,
    Message,
    Patient,
    Referral,
    SearchHash,
    Share,
    Staff,
)

LIMIT = 50
# Beyond this nobody wants to know how many exactly, and counting would take as long as they are.
MANY = 200
UNTALKED = (referrals.RECEIVED, referrals.INVITED, referrals.WAITING)
URGENCY = case(
    {Colour.RED.value: 0, Colour.AMBER.value: 1, Colour.GREEN.value: 2}, value=Alert.colour, else_=3
)
# The next step of a wait: a worker invites, the person joins, a coordinator assigns, they talk.
INVITE, JOIN, ASSIGN, TALK = "invite", "join", "assign", "talk"


@dataclass(frozen=True)
class OpenAlert:
    """An open alert with everybody it is about. `patient` is None for a stranger; `said` is the
    newest message that raised it, if one did."""

    alert: Alert
    patient: Patient | None
    address: Address | None
    holder: Staff | None
    is_late: bool
    said: Message | None = None


@dataclass(frozen=True)
class Waiting:
    """Somebody with an open referral, who has them, and when we last heard from them."""

    patient: Patient
    referral: Referral
    worker: Staff | None
    heard_at: datetime | None

    @property
    def step(self) -> str:
        """What moves this person on."""
        if self.referral.state == referrals.RECEIVED:
            return INVITE
        if self.referral.state == referrals.INVITED:
            return JOIN
        return TALK if self.worker else ASSIGN


@dataclass(frozen=True)
class Unread:
    """Words nobody has read yet: how many, since when, and the newest of them."""

    patient: Patient
    count: int
    since: datetime
    newest: Message


def open_alerts(session: Session, staff: Staff, *, now: datetime) -> list[OpenAlert]:
    """Every open alert this person may see: RED first, then late ones, then the oldest."""
    query = permissions.alerts_for(staff, now=now).where(Alert.state.in_(alerts.OPEN))
    urgent_first = (URGENCY, Alert.breached_at.is_(None), Alert.raised_at, Alert.id)
    return _with_everybody(session, session.scalars(query.order_by(*urgent_first)).all(), now=now)


def one_alert(session: Session, alert: Alert, *, now: datetime) -> OpenAlert:
    """This alert with everybody it is about."""
    return _with_everybody(session, [alert], now=now)[0]


def _with_everybody(session: Session, rows: Sequence[Alert], *, now: datetime) -> list[OpenAlert]:
    people = _by_id(session, Patient, [row.patient_id for row in rows])
    places = _by_id(session, Address, [row.address_id for row in rows])
    holders = _by_id(session, Staff, [row.acknowledged_by for row in rows])
    said = _said(session, [row.id for row in rows])
    return [
        OpenAlert(
            alert=row,
            patient=people.get(row.patient_id),
            address=places.get(row.address_id),
            holder=holders.get(row.acknowledged_by),
            is_late=_is_late(row, now),
            said=said.get(row.id),
        )
        for row in rows
    ]


def _by_id(session: Session, kind: type[Any], ids: Iterable[str | None]) -> dict[str | None, Any]:
    found = session.scalars(select(kind).where(kind.id.in_({one for one in ids if one})))
    return {row.id: row for row in found}


def _is_late(alert: Alert, now: datetime) -> bool:
    overdue = alert.due_at is not None and alert.due_at < now
    return alert.state in alerts.OPEN and (alert.breached_at is not None or overdue)


def _said(session: Session, alert_ids: list[str]) -> dict[str, Message]:
    query = select(AlertEvent.alert_id, Message).join(Message, AlertEvent.cause_id == Message.id)
    causes = (AlertEvent.alert_id.in_(alert_ids), AlertEvent.cause_kind == "message")
    # The newest comes last and counts.
    rows = session.execute(query.where(*causes).order_by(AlertEvent.id))
    return {alert_id: message for alert_id, message in rows}


def waiting(session: Session, staff: Staff, *, now: datetime) -> list[Waiting]:
    """Who waits for a first talk, longest first: at most LIMIT of them."""
    return _longest(session, staff, UNTALKED, now=now)


def supported(session: Session, staff: Staff, *, now: datetime) -> list[Waiting]:
    """Who is being supported, longest first: at most LIMIT of them. A case worker is shown their
    own people; whoever assigns is shown all."""
    return _longest(session, staff, (referrals.SUPPORTED,), now=now)


def how_many(
    session: Session, staff: Staff, states: Sequence[str], *, now: datetime, most: int = MANY
) -> int:
    """How many open referrals in these states this person may see, counted no further than that."""
    # In no order: then the database stops at the last one it counts.
    found = _referrals(staff, states, now=now).with_only_columns(Referral.id).order_by(None)
    found = found.limit(most)
    return session.scalar(select(func.count()).select_from(found.subquery())) or 0


def unread(session: Session, staff: Staff, *, now: datetime) -> list[Unread]:
    """Whose words nobody has read yet, oldest first."""
    query = select(
        Message.patient_id, func.count(), func.min(Message.at), func.max(Message.id)
    ).where(*_unread(staff, now))
    query = query.group_by(Message.patient_id).order_by(func.min(Message.at)).limit(LIMIT)
    rows = session.execute(query).all()
    people = _by_id(session, Patient, [row[0] for row in rows])
    newest = _by_id(session, Message, [row[3] for row in rows])
    return [Unread(people[who], count, since, newest[last]) for who, count, since, last in rows]


def version(session: Session, staff: Staff, *, now: datetime) -> str:
    """A few letters that change whenever the alerts or unread words of this person do."""
    seen = permissions.alerts_for(staff, now=now).where(Alert.state.in_(alerts.OPEN))
    ids = seen.with_only_columns(Alert.id)
    steps = select(func.max(AlertEvent.id), func.count()).where(AlertEvent.alert_id.in_(ids))
    last, count = session.execute(steps).one()
    words = select(func.count()).select_from(Message).where(*_unread(staff, now))
    return f"{last or 0}.{count}.{session.scalar(words)}"


def _unread(staff: Staff, now: datetime) -> tuple[Any, ...]:
    living = exists().where(Patient.id == Message.patient_id, Patient.erased_at.is_(None))
    seen = permissions.sees(staff, Message.patient_id, now=now)
    return Message.is_for_worker, Message.read_at.is_(None), living, seen


def find(session: Session, staff: Staff, query: str, *, now: datetime) -> list[Patient]:
    """The people this person may see who fit every word: name, birth date, phone, NHS number, or
    the reference of a referral."""
    seen = permissions.patients_for(staff, now=now).where(Patient.erased_at.is_(None))
    referred = select(Referral.patient_id).where(Referral.reference == query.strip().upper())
    by_reference = session.scalars(seen.where(Patient.id.in_(referred))).all()
    hashes = people.search(query)
    if by_reference or not hashes:
        return list(by_reference)
    for kind, hashed in hashes:
        fits = (SearchHash.kind == kind, SearchHash.hash == hashed)
        seen = seen.where(Patient.id.in_(select(SearchHash.patient_id).where(*fits)))
    return list(session.scalars(seen.order_by(Patient.made_at.desc()).limit(LIMIT)))


def look_alikes(
    session: Session, staff: Staff, patient: Patient, *, now: datetime
) -> tuple[list[Patient], int]:
    """Records that may be the same person: those this worker may see, and how many more."""
    found = people.look_alikes(session, patient)
    alike = permissions.patients_for(staff, now=now).where(Patient.id.in_([p.id for p in found]))
    mine = set(session.scalars(alike.with_only_columns(Patient.id)))
    seen = [other for other in found if other.id in mine]
    return seen, len(found) - len(seen)


def _longest(
    session: Session, staff: Staff, states: Sequence[str], *, now: datetime
) -> list[Waiting]:
    # State by state, so that each is read from its index in order, no further than it is shown.
    found = [
        row
        for state in states
        for row in session.execute(_referrals(staff, (state,), now=now).limit(LIMIT))
    ]
    found.sort(key=lambda row: (row[0].received_at, row[0].id))
    rows = found[:LIMIT]
    ids = [patient.id for _, patient in rows]
    workers, heard = _workers(session, ids, now=now), _heard(session, ids)
    return [Waiting(p, r, workers.get(p.id), heard.get(p.id)) for r, p in rows]


def _referrals(staff: Staff, states: Sequence[str], *, now: datetime) -> Select[Referral, Patient]:
    query = select(Referral, Patient).join(Patient, Patient.id == Referral.patient_id)
    query = query.where(Referral.state.in_(states), Patient.erased_at.is_(None))
    query = query.where(permissions.sees(staff, Referral.patient_id, now=now))
    if tuple(states) == (referrals.SUPPORTED,) and not permissions.can(staff, "assign"):
        # From their own few shares, and not from everybody who is supported by somebody.
        theirs = select(Share.patient_id).where(Share.staff_id == staff.id, Share.until.is_(None))
        query = query.where(Referral.patient_id.in_(theirs))
    return query.order_by(Referral.received_at, Referral.id)


def _workers(session: Session, patient_ids: list[str], *, now: datetime) -> dict[str, Staff]:
    held = (Share.role == permissions.LEAD, Share.since <= now, Share.until.is_(None))
    query = select(Share.patient_id, Staff).join(Staff, Staff.id == Share.staff_id).where(*held)
    return {
        who: worker
        for who, worker in session.execute(query.where(Share.patient_id.in_(patient_ids)))
    }


def _heard(session: Session, patient_ids: list[str]) -> dict[str, datetime]:
    query = select(Address.patient_id, func.max(Address.heard_at))
    query = query.where(Address.patient_id.in_(patient_ids), Address.heard_at.is_not(None))
    rows = session.execute(query.group_by(Address.patient_id))
    return {str(who): at for who, at in rows if at is not None}
