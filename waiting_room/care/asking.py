"""Asks everybody whose check-in is due: some in each transaction, and what must be known of them
found out for all of these at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from waiting_room import foresight
from waiting_room.care import hours, messages, people, pushes
from waiting_room.care.check_ins import (
    ASKED,
    NUDGE_AFTER,
    NUDGED,
    PLANNED,
    SKIPPED,
    choices_of,
    claimed,
    let_go,
    move,
)
from waiting_room.letters import Letter, Priority
from waiting_room.models import CheckIn, CheckInPlan, Patient
from waiting_room.savepoints import attempt

# A cry for help that comes meanwhile waits for the end of the transaction.
AT_ONCE = 100


def is_any_due(session: Session, *, now: datetime) -> bool:
    """Whether `ask_due` would find anything: a look that takes no lock."""
    due = (CheckIn.state == PLANNED, CheckIn.due_at <= now)
    return session.scalar(select(CheckIn.id).where(*due).limit(1)) is not None


def ask_due(session: Session, *, now: datetime, limit: int = AT_ONCE) -> int:
    """Ask those whose time has come and whose quiet hours are over, the longest due first; returns
    how many were asked. Whoever is not asked is not due any more afterwards."""
    due = select(CheckIn).where(CheckIn.state == PLANNED, CheckIn.due_at <= now)
    rows = session.scalars(claimed(due, limit)).all()
    if not attempt(session, partial(_ask_of, session, rows, now=now), what="asking many"):
        foresight.forget(session)
        # One that cannot be asked keeps no other waiting.
        for row in rows:
            if not attempt(session, partial(_ask_of, session, [row], now=now), what="asking one"):
                move(row, SKIPPED, why="a fault of our own")
                messages.ask_to_phone(session, row.patient_id, now=now)
    return sum(row.state == ASKED for row in rows)


def _ask_of(session: Session, rows: Sequence[CheckIn], *, now: datetime) -> None:
    known = _Known(session, rows, now) if rows else None
    ready = [row for row in rows if known and _may_ask(row, known, now=now)]
    if known and ready:
        _ask(session, ready, known, now=now)


class _Known:
    """What must be known of many askings, found out for all of them at once."""

    def __init__(self, session: Session, rows: Sequence[CheckIn], now: datetime) -> None:
        whose = {row.patient_id for row in rows}
        theirs = session.scalars(select(Patient).where(Patient.id.in_(whose)))
        self.people = {patient.id: patient for patient in theirs}
        ids = {row.plan_id for row in rows}
        plans = session.scalars(select(CheckInPlan).where(CheckInPlan.id.in_(ids)))
        self.plans = {plan.id: plan for plan in plans}
        # After an outage only the newest of several due askings is asked.
        newest = select(CheckIn.patient_id, func.max(CheckIn.due_at))
        due = (CheckIn.patient_id.in_(whose), CheckIn.state == PLANNED, CheckIn.due_at <= now)
        self.newest = {
            patient_id: at
            for patient_id, at in session.execute(newest.where(*due).group_by(CheckIn.patient_id))
        }


def _may_ask(row: CheckIn, known: _Known, *, now: datetime) -> bool:
    """Whether to ask now; what is not asked now is skipped, or due at a kinder hour."""
    patient, plan = known.people[row.patient_id], known.plans[row.plan_id]
    # Looked at again although stopping skips what is planned: the row may have been filled just
    # before.
    if plan.ended_at is not None or (plan.paused_until and plan.paused_until > now):
        move(row, SKIPPED, why="paused" if plan.ended_at is None else "left")
    elif row.due_at < known.newest[row.patient_id]:
        move(row, SKIPPED, why="a newer one is due")
    elif not hours.may_write(now, zone=patient.time_zone, nation=patient.nation):
        zone, nation = patient.time_zone, patient.nation
        row.due_at = hours.next_writing_time(now, zone=zone, nation=nation)
    else:
        return True
    return False


def _ask(session: Session, rows: Sequence[CheckIn], known: _Known, *, now: datetime) -> None:
    reached = people.addresses_of(session, [row.patient_id for row in rows])
    # One question at a time: an old one left open would turn into a "silence" although they
    # answered.
    let_go(session, list(reached), "a newer one was asked", states=(ASKED, NUDGED))
    marks = [_mark(row) for row in rows]
    since = now - pushes.ANNOUNCE_AGAIN
    foresight.look_at_addresses(session, list(reached.values()), marks, since=since)
    for row in rows:
        address = reached.get(row.patient_id)
        if address is None:
            move(row, SKIPPED, why="no address")
            messages.ask_to_phone(session, row.patient_id, now=now)
            continue
        page, routine = known.plans[row.plan_id].page, Priority.CHECK_IN
        letter = Letter(page, choices=choices_of(row), keys="answers", priority=routine)
        # The dedupe key is unique in the database: two processes can never ask twice.
        about = {"stale_at": now + NUDGE_AFTER, "dedupe": _mark(row)}
        if pushes.push(session, address, letter, now=now, about=about) is None:
            move(row, SKIPPED, why=messages.UNSENT)
            messages.tell_of_unsent(session, row.patient_id, now=now)
            continue
        move(row, ASKED)
        row.asked_at, row.answer_by = now, now + NUDGE_AFTER


def _mark(row: CheckIn) -> str:
    return f"ask:{row.id}"
