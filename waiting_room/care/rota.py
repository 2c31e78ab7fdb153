"""Who is down for which rung, and who is away: lists for the desk, and taking things back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from waiting_room import audit
from waiting_room.care import duty, providers
from waiting_room.errors import BadInput, NotFound, Refused
from waiting_room.models import Absence, DutyTurn

# The rungs a person is put on. `worker` follows from who holds the patient.
STANDING = (duty.BACKUP, duty.LEAD, duty.ON_CALL)


def turns(session: Session, *, now: datetime) -> dict[str, list[DutyTurn]]:
    """Everybody's turns that run or are to come, by staff id, the earliest first."""
    coming = select(DutyTurn).where(or_(DutyTurn.until.is_(None), DutyTurn.until > now))
    found: dict[str, list[DutyTurn]] = {}
    for turn in session.scalars(coming.order_by(DutyTurn.since)):
        found.setdefault(turn.staff_id, []).append(turn)
    return found


def put_on(session: Session, staff_id: str, rung: str, *, by: str, now: datetime) -> None:
    """This person stands on this rung from now on; once is enough."""
    if rung not in STANDING:
        raise BadInput("rung", "Choose backup, duty lead or on call.")
    if any(turn.rung == rung for turn in turns(session, now=now).get(staff_id, [])):
        return
    duty.stand(session, staff_id, rung, since=now)
    audit.record(session, by=by, did="put on rung", to=("staff", staff_id), now=now)


def take_off(session: Session, turn_id: str, *, by: str, now: datetime) -> None:
    """This turn ends now. Raises NotFound; Refused when that would leave a rung empty."""
    turn = session.get(DutyTurn, turn_id)
    if turn is None:
        raise NotFound("There is no such turn.")
    on_it = {each.staff_id for each in _now_on(session, turn.rung, now=now)}
    if turn.rung in _climbed(session) and not on_it - {turn.staff_id}:
        raise Refused("Nobody else stands on this rung. Put somebody on it first.")
    # Ended, not deleted: who stood where at the time of an alert can be asked later.
    turn.until = now
    audit.record(session, by=by, did="took off rung", to=("staff", turn.staff_id), now=now)


def _now_on(session: Session, rung: str, *, now: datetime) -> list[DutyTurn]:
    runs = (DutyTurn.since <= now, or_(DutyTurn.until.is_(None), DutyTurn.until > now))
    return list(session.scalars(select(DutyTurn).where(DutyTurn.rung == rung, *runs)))


def _climbed(session: Session) -> set[str]:
    """The rungs of the provider's ladders: on call is beside them, and may be nobody."""
    return {step["rung"] for steps in providers.here(session).ladders.values() for step in steps}


def absences(session: Session, staff_id: str, *, now: datetime) -> list[Absence]:
    """When this person is away, from now on."""
    coming = select(Absence).where(Absence.staff_id == staff_id, Absence.until > now)
    return list(session.scalars(coming.order_by(Absence.since)))


def be_away(session: Session, staff_id: str, since: datetime, until: datetime) -> None:
    """Do not count on this person in this time. Raises BadInput when it ends before it starts."""
    if until <= since:
        raise BadInput("until", "The last day must not be before the first.")
    duty.away(session, staff_id, since=since, until=until)


def be_back(session: Session, staff_id: str, absence_id: str) -> None:
    """Take an absence of this person back. Raises NotFound."""
    absence = session.get(Absence, absence_id)
    if absence is None or absence.staff_id != staff_id:
        raise NotFound("There is no such absence.")
    session.delete(absence)
