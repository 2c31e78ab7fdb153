"""May this person? Every page about patients starts here.

Sight comes from share rows and from nothing else: assignment, the intake team until somebody is
assigned, the provider's coordinators throughout, partners when the person agreed, a rung of an
alert while it is open. Nobody sees their own record or a relative's.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    false,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from waiting_room.errors import Forbidden, NotFound, Refused
from waiting_room.models import Alert, Kinship, Organisation, Patient, Share, Staff
from waiting_room.models.alert import DRILL
from waiting_room.models.staff import ADMINISTRATOR, CASE_WORKER, COORDINATOR, EDITOR

LEAD, ADVISER, BEFRIENDER = "lead", "adviser", "befriender"
INTAKE, RUNG, COORDINATION = "intake", "rung", "coordination"

# An administrator may do all of it: a small charity has one person for everything.
ACTS = {
    "see patients": {COORDINATOR, CASE_WORKER, ADMINISTRATOR},
    "refer": {COORDINATOR, CASE_WORKER, ADMINISTRATOR},
    "assign": {COORDINATOR, ADMINISTRATOR},
    "look after staff": {COORDINATOR, ADMINISTRATOR},
    "set up": {ADMINISTRATOR},
    "edit words": {EDITOR, COORDINATOR, ADMINISTRATOR},
}


def can(staff: Staff, act: str) -> bool:
    """Whether this role may do this act at all."""
    return staff.is_active and staff.role in ACTS[act]


def check(staff: Staff, act: str) -> None:
    """The same question as `can`, for a door: refuses by name."""
    if not can(staff, act):
        raise Forbidden(f"Your role does not let you {act}. Ask an administrator.")


def sees(
    staff: Staff, patient_id: InstrumentedAttribute[Any], *, now: datetime
) -> ColumnElement[bool]:
    """The condition that this person may see the patient of a row now. Asked of each row by
    itself: a list of everybody they may see grows with the room."""
    related = select(Kinship.patient_id).where(Kinship.staff_id == staff.id)
    # An editor sees nobody, whatever shares an earlier role has left behind.
    if not can(staff, "see patients"):
        return false()
    shared = exists().where(Share.patient_id == patient_id, _holds(staff), _runs(now))
    return and_(patient_id.is_not(None), patient_id.not_in(related), shared)


def patients_for(staff: Staff, *, now: datetime) -> Select[Patient]:
    """The patients this person may see now: where every page about patients starts."""
    return select(Patient).where(sees(staff, Patient.id, now=now))


def patient_for(session: Session, staff: Staff, patient_id: str, *, now: datetime) -> Patient:
    """One patient this person may see; NotFound, the same as absent, when they may not."""
    found = session.scalar(patients_for(staff, now=now).where(Patient.id == patient_id))
    if found is None:
        raise NotFound("There is no such page.")
    return found


def alerts_for(staff: Staff, *, now: datetime) -> Select[Alert]:
    """The alerts this person may see: of their patients, and of strangers for the provider. A drill
    is nobody's: it stands in no list and no count."""
    ours = select(Organisation.id).where(Organisation.is_provider)
    nobodys = (Alert.patient_id.is_(None), Alert.kind != DRILL)
    strangers = and_(*nobodys, literal(staff.organisation_id).in_(ours))
    query = select(Alert).where(or_(sees(staff, Alert.patient_id, now=now), strangers))
    return query if can(staff, "see patients") else query.where(Alert.id.is_(None))


def alert_for(session: Session, staff: Staff, alert_id: str, *, now: datetime) -> Alert:
    """One alert this person may see, else NotFound."""
    found = session.scalar(alerts_for(staff, now=now).where(Alert.id == alert_id))
    if found is None:
        raise NotFound("There is no such page.")
    return found


def check_lead(session: Session, patient_id: str, staff: Staff) -> None:
    """May this person be this patient's case worker? Raises Refused."""
    kin = (Kinship.staff_id == staff.id, Kinship.patient_id == patient_id)
    if session.scalar(select(Kinship.id).where(*kin)) or not can(staff, "see patients"):
        raise Refused("This person cannot be their case worker.")


def share(
    session: Session,
    patient_id: str,
    *,
    role: str,
    why: str,
    now: datetime,
    holder: Staff | str,
) -> None:
    """Let a staff member, or (by its id) an organisation, see a patient, from now on."""
    staff_id = holder.id if isinstance(holder, Staff) else None
    organisation_id = holder if isinstance(holder, str) else None
    same = (Share.patient_id == patient_id, Share.role == role, Share.until.is_(None))
    whose = Share.staff_id == staff_id if staff_id else Share.organisation_id == organisation_id
    if session.scalar(select(Share.id).where(*same, whose)):
        return
    row = Share(patient_id=patient_id, role=role, why=why, since=now)
    row.staff_id, row.organisation_id = staff_id, organisation_id
    session.add(row)


def end_share(
    session: Session, patient_id: str, *, role: str, now: datetime, why: str | None = None
) -> None:
    """End every share of this role (and this reason, when one is given) for a patient."""
    where = [Share.patient_id == patient_id, Share.role == role, Share.until.is_(None)]
    where += [Share.why == why] if why else []
    session.execute(update(Share).where(*where).values(until=now))


def _holds(staff: Staff) -> ColumnElement[bool]:
    """A share is held in person or by an organisation. One for coordination is held by those of the
    organisation who assign: when a case worker falls ill, somebody must see the person."""
    ours = Share.organisation_id == staff.organisation_id
    if not can(staff, "assign"):
        ours = and_(ours, Share.role != COORDINATION)
    return or_(Share.staff_id == staff.id, ours)


def _runs(now: datetime) -> ColumnElement[bool]:
    return and_(Share.since <= now, or_(Share.until.is_(None), Share.until > now))
