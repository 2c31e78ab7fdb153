"""The rhythm a person chose, and the askings it fills ahead. Rows are the schedule.

They are filled 48 hours ahead, unique by person, plan, local date and slot, so neither two
processes nor a clock change can ask twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from waiting_room import audit
from waiting_room.care import hours, messages
from waiting_room.care.asking import AT_ONCE
from waiting_room.care.check_ins import PLANNED, let_go, plan_of
from waiting_room.errors import BadInput
from waiting_room.models import CheckIn, CheckInPlan, Patient, new_id
from waiting_room.savepoints import attempt

# Far enough that a scheduler down for a weekend skips nobody, and near enough that a change of
# clocks, of the place or of the rhythm re-plans little.
AHEAD = timedelta(hours=48)
RHYTHMS = {"weekly": 7, "fortnightly": 14}
PAUSES = {"pause_1_week": 7, "pause_2_weeks": 14, "pause_4_weeks": 28}


def choose(session: Session, patient: Patient, rhythm: str, *, now: datetime) -> CheckInPlan:
    """Start, or change to, this rhythm. The first asking is one rhythm from today."""
    if rhythm not in RHYTHMS:
        raise BadInput("rhythm", "Choose every week or every two weeks.")
    plan = plan_of(session, patient.id)
    today = hours.local(now, patient.time_zone).date()
    if plan is None:
        plan = CheckInPlan(id=new_id(), patient_id=patient.id, every_days=0, starts_on=today)
        session.add(plan)
    else:
        let_go(session, patient.id, "rhythm changed")
    plan.every_days = RHYTHMS[rhythm]
    plan.starts_on = today + timedelta(days=plan.every_days)
    plan.paused_until = plan.ended_at = plan.next_on = None
    session.flush()
    audit.record(session, by=patient.id, did=f"chose {rhythm}", to=("plan", plan.id), now=now)
    return plan


def is_any_to_fill(session: Session, *, now: datetime) -> bool:
    """Whether `fill` would find anything: a look that takes no lock."""
    return session.scalar(_to_fill(now).limit(1)) is not None


def fill(session: Session, *, now: datetime, limit: int = AT_ONCE) -> int:
    """Write the rows of the next 48 hours, and the one an outage swallowed, for some of the plans
    that lack them; running it twice adds nothing."""
    # Always in the same order: two that fill at once wait for each other, and never in a circle.
    ids = session.scalars(_to_fill(now).order_by(CheckInPlan.id).limit(limit)).all()
    written: list[str] = []
    fill_of = partial(_fill_of, session, now=now, written=written)
    if not attempt(session, partial(fill_of, ids), what="filling many"):
        # One that cannot be filled keeps no other waiting.
        for plan_id in ids:
            if not attempt(session, partial(fill_of, [plan_id]), what="filling one"):
                plan = session.get_one(CheckInPlan, plan_id)
                plan.next_on = _after(plan, _last(now))
                messages.ask_to_phone(session, plan.patient_id, now=now)
    return len(written)


def _fill_of(session: Session, ids: Sequence[str], *, now: datetime, written: list[str]) -> None:
    live = select(CheckInPlan, Patient).join(Patient, Patient.id == CheckInPlan.patient_id)
    rows: list[dict[str, Any]] = []
    for plan, patient in session.execute(live.where(CheckInPlan.id.in_(ids))):
        days = _days(plan, patient.time_zone, now)
        rows += [_row(plan, patient, day) for day in days]
        plan.next_on = _after(plan, _last(now))
    written += _insert(session, rows)


def pause(
    session: Session, patient: Patient, until: datetime, *, now: datetime, by: str = ""
) -> None:
    """No asking until then. What was asked and not answered is let go. `by` is a staff id when a
    worker does it at the person's wish."""
    plan = plan_of(session, patient.id)
    if plan is not None:
        plan.paused_until, plan.next_on = until, None
    let_go(session, patient.id, "paused")
    who = by or patient.id
    audit.record(session, by=who, did="paused", to=("patient", patient.id), now=now)


def resume(session: Session, patient: Patient, *, now: datetime) -> None:
    """Start asking again, one rhythm from today."""
    plan = plan_of(session, patient.id)
    if plan is not None and plan.every_days:
        rhythm = next(name for name, days in RHYTHMS.items() if days == plan.every_days)
        choose(session, patient, rhythm, now=now)


def end(session: Session, patient_id: str, *, why: str, now: datetime) -> None:
    """No asking ever again, unless the person chooses a rhythm anew."""
    plan = plan_of(session, patient_id)
    if plan is not None:
        plan.ended_at = now
    let_go(session, patient_id, why)


def _days(plan: CheckInPlan, zone: str, now: datetime) -> list[date]:
    """The days this plan asks on: the last one up to today, and those of the next 48 hours."""
    every = timedelta(days=plan.every_days)
    today, last = hours.local(now, zone).date(), _last(now)
    first = max(plan.starts_on, today - every + timedelta(days=1))
    if plan.paused_until is not None:
        first = max(first, hours.local(plan.paused_until, zone).date())
    until_first = -((plan.starts_on - first) // every)
    count = (last - plan.starts_on) // every + 1
    return [plan.starts_on + n * every for n in range(until_first, count)]


def _to_fill(now: datetime) -> Select[str]:
    lacking = or_(CheckInPlan.next_on.is_(None), CheckInPlan.next_on <= _last(now))
    return select(CheckInPlan.id).where(CheckInPlan.ended_at.is_(None), lacking)


def _last(now: datetime) -> date:
    # One day for everybody, wherever they live: what was filled then surely lacks nothing now.
    return (now + AHEAD).astimezone(UTC).date()


def _after(plan: CheckInPlan, last: date) -> date:
    """The first day of this rhythm after that day."""
    every = timedelta(days=plan.every_days)
    if plan.starts_on > last:
        return plan.starts_on
    return plan.starts_on + ((last - plan.starts_on) // every + 1) * every


def _row(plan: CheckInPlan, patient: Patient, day: date) -> dict[str, Any]:
    return {
        "id": new_id(),
        "patient_id": patient.id,
        "plan_id": plan.id,
        "local_date": day,
        "slot": f"{plan.hour:02}:{plan.minute:02}",
        "state": PLANNED,
        "why": "",
        "due_at": hours.at_local(day, time(plan.hour, plan.minute), patient.time_zone),
    }


def _insert(session: Session, rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    # The unique key decides, not a look before: two schedulers may fill at the same moment.
    fresh = dialect.insert(CheckIn).on_conflict_do_nothing().returning(CheckIn.id)
    return list(session.scalars(fresh, rows))
