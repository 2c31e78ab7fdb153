"""A case worker's day: what waits for them, most urgent first, as far as they may see it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, case, func, select
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
    return [
        one_alert(session, row, now=now) for row in session.scalars(query.order_by(*urgent_first))
    ]


def one_alert(session: Session, alert: Alert, *, now: datetime) -> OpenAlert:
    """This alert with everybody it is about."""
    is_open = alert.state in alerts.OPEN
    overdue = alert.due_at is not None and alert.due_at < now
    return OpenAlert(
        alert=alert,
        patient=session.get(Patient, alert.patient_id) if alert.patient_id else None,
        address=session.get(Address, alert.address_id) if alert.address_id else None,
        holder=session.get(Staff, alert.acknowledged_by) if alert.acknowledged_by else None,
        is_late=is_open and (alert.breached_at is not None or overdue),
        said=_said(session, alert),
    )


def _said(session: Session, alert: Alert) -> Message | None:
    query = select(Message).join(AlertEvent, AlertEvent.cause_id == Message.id)
    causes = (AlertEvent.alert_id == alert.id, AlertEvent.cause_kind == "message")
    return session.scalars(query.where(*causes).order_by(AlertEvent.id.desc()).limit(1)).first()


def waiting(session: Session, staff: Staff, *, now: datetime) -> list[Waiting]:
    """Who waits for a first talk, longest first."""
    states = (referrals.RECEIVED, referrals.INVITED, referrals.WAITING)
    return _with_referral(session, staff, states, now=now)


def supported(session: Session, staff: Staff, *, now: datetime) -> list[Waiting]:
    """Who is being supported, longest first."""
    return _with_referral(session, staff, (referrals.SUPPORTED,), now=now)


def unread(session: Session, staff: Staff, *, now: datetime) -> list[Unread]:
    """Whose words nobody has read yet, oldest first."""
    query = select(
        Message.patient_id, func.count(), func.min(Message.at), func.max(Message.id)
    ).where(Message.is_for_worker, Message.read_at.is_(None))
    query = query.where(Message.patient_id.in_(_mine(staff, now))).group_by(Message.patient_id)
    rows = session.execute(query.order_by(func.min(Message.at)).limit(LIMIT)).all()
    return [
        Unread(session.get_one(Patient, who), count, since, session.get_one(Message, newest))
        for who, count, since, newest in rows
    ]


def version(session: Session, staff: Staff, *, now: datetime) -> str:
    """A few letters that change whenever the alerts or unread words of this person do."""
    seen = permissions.alerts_for(staff, now=now).where(Alert.state.in_(alerts.OPEN))
    ids = seen.with_only_columns(Alert.id)
    steps = select(func.max(AlertEvent.id), func.count()).where(AlertEvent.alert_id.in_(ids))
    last, count = session.execute(steps).one()
    words = select(func.count()).select_from(Message)
    words = words.where(Message.is_for_worker, Message.read_at.is_(None))
    unread_now = session.scalar(words.where(Message.patient_id.in_(_mine(staff, now))))
    return f"{last or 0}.{count}.{unread_now}"


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
    mine = set(session.scalars(_mine(staff, now)))
    seen = [other for other in found if other.id in mine]
    return seen, len(found) - len(seen)


def _with_referral(
    session: Session, staff: Staff, states: Iterable[str], *, now: datetime
) -> list[Waiting]:
    query = select(Referral, Patient).join(Patient, Patient.id == Referral.patient_id)
    query = query.where(Patient.id.in_(_mine(staff, now)), Referral.state.in_(tuple(states)))
    rows = session.execute(query.order_by(Referral.received_at, Referral.id)).all()
    ids = [patient.id for _, patient in rows]
    workers, heard = _workers(session, ids, now=now), _heard(session, ids)
    return [Waiting(p, r, workers.get(p.id), heard.get(p.id)) for r, p in rows]


def _mine(staff: Staff, now: datetime) -> Select[str]:
    seen = permissions.patients_for(staff, now=now).where(Patient.erased_at.is_(None))
    return seen.with_only_columns(Patient.id)


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
