"""How are you? Each asking and its answer; silence is noticed, once, kindly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.orm import Session

from waiting_room import audit, library
from waiting_room.care import alerts, hours, messages, people, states, undelivered
from waiting_room.care.colours import Colour
from waiting_room.errors import Refused
from waiting_room.letters import Choice, Letter, Priority, Rows
from waiting_room.models import CheckIn, CheckInPlan, Patient, new_id
from waiting_room.savepoints import attempt

PLANNED, ASKED, NUDGED, ANSWERED = "planned", "asked", "nudged", "answered"
MISSED, SKIPPED = "missed", "skipped"
AWAY = "we were away"
WAITING = (PLANNED, ASKED, NUDGED)
MOVES = states.table(
    planned="asked skipped",
    asked="nudged answered skipped",
    nudged="nudged answered missed skipped",
    missed="answered",
)
NUDGE_AFTER, MISS_AFTER = timedelta(hours=24), timedelta(hours=24)
# A little longer than a week: somebody who was away for one can still answer.
ANSWER_LATE = timedelta(days=9)
SECOND_TAP = timedelta(minutes=1)
# Which answers reach a person. A fixed rule, on purpose not in the content.
REACHES = {"not-great": Colour.AMBER, "need-help": Colour.AMBER}


def plan_of(session: Session, patient_id: str) -> CheckInPlan | None:
    """The rhythm of this person, running or not."""
    return session.scalar(select(CheckInPlan).where(CheckInPlan.patient_id == patient_id))


def is_any_silent(session: Session, *, now: datetime) -> bool:
    """Whether `chase_silent` would find anything: a look that takes no lock."""
    late = (CheckIn.state.in_((ASKED, NUDGED)), CheckIn.answer_by <= now)
    return session.scalar(select(CheckIn.id).where(*late).limit(1)) is not None


def chase_silent(session: Session, *, now: datetime, limit: int = 25) -> int:
    """One kind nudge, then one GREEN alert for the person's worker; returns how many moved."""
    silent = select(CheckIn).where(CheckIn.state.in_((ASKED, NUDGED)), CheckIn.answer_by <= now)
    moved = 0
    for row in session.scalars(claimed(silent, limit)).all():
        before = row.state
        if not attempt(session, partial(_chase, session, row, now=now), what="chasing one"):
            # One that cannot be chased keeps no other waiting.
            move(row, SKIPPED, why="a fault of our own")
            row.answer_by = None
            messages.ask_to_phone(session, row.patient_id, now=now)
        moved += row.state != before
    return moved


def _chase(session: Session, row: CheckIn, *, now: datetime) -> None:
    patient = session.get_one(Patient, row.patient_id)
    zone, nation = patient.time_zone, patient.nation
    if row.state == NUDGED:
        _miss(session, row, now=now)
    elif hours.may_write(now, zone=zone, nation=nation):
        _nudge(session, row, patient, now=now)
    else:
        # A nudge at night would wake somebody who has done nothing wrong.
        row.answer_by = hours.next_writing_time(now, zone=zone, nation=nation)


def allow_for_outage(session: Session, *, away: timedelta, now: datetime) -> int:
    """Time the room was away is not silence: give every open asking that time back, and mark it for
    `tell_of_outage`. Returns how many got time back."""
    waiting = (CheckIn.state.in_((ASKED, NUDGED)), CheckIn.answer_by.is_not(None))
    query = select(CheckIn.id, CheckIn.answer_by).where(*waiting, CheckIn.asked_at <= now - away)
    # By their ids and in one statement: however many there are, the lock is held for a moment.
    rows = [
        {"id": found, "answer_by": (by or now) + away, "why": AWAY}
        for found, by in session.execute(query.with_for_update())
    ]
    if rows:
        session.execute(update(CheckIn), rows)
    return len(rows)


def is_any_to_tell(session: Session) -> bool:
    """Whether `tell_of_outage` would find anybody: a look that takes no lock."""
    return session.scalar(select(CheckIn.id).where(*_marked()).limit(1)) is not None


def tell_of_outage(session: Session, *, now: datetime, limit: int = 25) -> int:
    """Say that we were away to those whose answer may have been lost; returns how many marks are
    gone."""
    rows = session.scalars(claimed(select(CheckIn).where(*_marked()), limit)).all()
    for row in rows:
        row.why = ""
        if not _newer_due(session, row, now):
            say = partial(_say_we_were_away, session, row, now=now)
            attempt(session, say, what="telling one that we were away")
    return len(rows)


def _marked() -> tuple[ColumnElement[bool], ...]:
    return CheckIn.state.in_((ASKED, NUDGED)), CheckIn.why == AWAY


def answer(session: Session, row: CheckIn, value: str, *, now: datetime) -> Colour | None:
    """Store an answer; tells which colour of alert it raised, if any.

    Raises Refused when this check-in has closed. The same answer twice is stored once.
    """
    # A thumb hits twice. The second hit is thanked like the first and raises nobody again.
    if row.state == ANSWERED and row.answer == value:
        return REACHES.get(value)
    asked_at = row.asked_at or row.due_at
    if row.state not in (ASKED, NUDGED, MISSED) or asked_at + ANSWER_LATE < now:
        raise Refused("That check-in has closed.")
    move(row, ANSWERED)
    row.answer, row.answered_at, row.answer_by = value, now, None
    did = ("check-in", row.id)
    # That they answered, never what: the audit stays when the person is forgotten.
    audit.record(session, by=row.patient_id, did="answered", to=did, now=now)
    colour = REACHES.get(value)
    if colour is not None:
        what = {"what": "check-in", "what_id": row.id}
        cause = alerts.Cause(colour, f"check-in: {value}", row.patient_id, **what)
        alerts.raise_(session, cause, now=now)
    return colour


def comment(row: CheckIn, text: str) -> None:
    """What the person wanted to add to their answer."""
    row.comment = text


def open_one(session: Session, patient_id: str, *, now: datetime) -> CheckIn | None:
    """The newest asking that can still be answered."""
    query = select(CheckIn).where(CheckIn.patient_id == patient_id)
    query = query.where(CheckIn.state.in_((ASKED, NUDGED, MISSED)))
    query = query.where(CheckIn.asked_at >= now - ANSWER_LATE)
    return session.scalars(query.order_by(CheckIn.asked_at.desc()).limit(1)).first()


def meant(session: Session, patient: Patient, value: str, *, now: datetime) -> CheckIn:
    """The asking that an answer without a question belongs to: the open one, else the one that was
    answered so a moment ago, because a second tap is no second answer; else one of its own."""
    answered = (CheckIn.patient_id == patient.id, CheckIn.answered_at > now - SECOND_TAP)
    newest = select(CheckIn).where(*answered).order_by(CheckIn.answered_at.desc()).limit(1)
    row = open_one(session, patient.id, now=now) or session.scalar(newest)
    again = row is not None and row.state == ANSWERED and row.answer != value
    return ask_now(session, patient, now=now) if row is None or again else row


def one_of(session: Session, patient_id: str, check_in_id: str) -> CheckIn | None:
    """This asking, if it is this person's."""
    mine = (CheckIn.id == check_in_id, CheckIn.patient_id == patient_id)
    return session.scalar(select(CheckIn).where(*mine))


def history(session: Session, patient_id: str, *, limit: int = 26) -> list[CheckIn]:
    """The last askings, oldest first: what the chart on the desk shows."""
    query = select(CheckIn).where(CheckIn.patient_id == patient_id, CheckIn.state != PLANNED)
    rows = session.scalars(query.order_by(CheckIn.due_at.desc()).limit(limit)).all()
    return list(reversed(rows))


def ask_now(session: Session, patient: Patient, *, now: datetime) -> CheckIn:
    """The person pressed "How I am": an asking of their own, or the open one."""
    row = open_one(session, patient.id, now=now)
    if row is not None:
        return row
    plan = plan_of(session, patient.id)
    if plan is None:
        # An asking needs a plan to stand under; this one is ended at once and never asks by itself.
        plan = CheckInPlan(id=new_id(), patient_id=patient.id, every_days=0, starts_on=now.date())
        plan.ended_at = now
        session.add(plan)
        session.flush()
    today = hours.local(now, patient.time_zone)
    row = CheckIn(id=new_id(), patient_id=patient.id, plan_id=plan.id, local_date=today.date())
    # A few random letters: two by the person's own wish never collide.
    row.slot, row.state, row.due_at, row.asked_at = row.id[-8:], ASKED, now, now
    session.add(row)
    session.flush()
    return row


def choices_of(row: CheckIn) -> Rows:
    """The answers to a check-in, as large keys, with help and the menu beside them."""
    page = library.page("check-ins/weekly")
    values = [str(choice["value"]) for choice in page.meta["choices"]]
    mark = f"check_in.answer:{row.id}"
    answers = [(Choice(value.replace("-", "_"), f"{mark}:{value}"),) for value in values]
    return (*answers, (Choice("help_now", "help_now.show"), Choice("menu", "home.show")))


def _nudge(session: Session, row: CheckIn, patient: Patient, *, now: datetime) -> None:
    move(row, NUDGED)
    row.answer_by = now + MISS_AFTER
    values, routine = {"first_name": people.first_name(patient)}, Priority.CHECK_IN
    page, choices = "conversation/check-in-nudge", choices_of(row)
    letter = Letter(page, values, choices, keys="answers", priority=routine)
    messages.write_to(session, patient, letter, now=now)


def _miss(session: Session, row: CheckIn, *, now: datetime) -> None:
    since = row.asked_at or row.due_at
    doubtful = undelivered.nothing_arrived(session, row.patient_id, since=since)
    move(row, MISSED, why="may not have arrived" if doubtful else "")
    row.answer_by = None
    if doubtful:
        messages.ask_to_phone(session, row.patient_id, now=now)
        return
    what = {"what": "check-in", "what_id": row.id}
    cause = alerts.Cause(Colour.GREEN, "silence", row.patient_id, **what)
    alerts.raise_(session, cause, now=now)


def move(row: CheckIn, state: str, *, why: str = "") -> None:
    """The one function that changes a check-in's state."""
    states.check_move(MOVES, "check-in", row.state, state)
    row.state, row.why = state, why


def let_go(
    session: Session, whose: str | Sequence[str], why: str, *, states: Sequence[str] = WAITING
) -> None:
    """Skip everything planned or asked for this person or these people, or what is in some of these
    states."""
    theirs = [whose] if isinstance(whose, str) else whose
    waiting = (CheckIn.patient_id.in_(theirs), CheckIn.state.in_(states))
    skipped = {"state": SKIPPED, "why": why[:30], "answer_by": None}
    session.execute(update(CheckIn).where(*waiting).values(skipped))


def _say_we_were_away(session: Session, row: CheckIn, *, now: datetime) -> None:
    """Never in quiet hours: the nudge asks again anyway."""
    patient = session.get_one(Patient, row.patient_id)
    if hours.may_write(now, zone=patient.time_zone, nation=patient.nation):
        page, routine = "conversation/check-in-away", Priority.CHECK_IN
        letter = Letter(page, choices=choices_of(row), keys="answers", priority=routine)
        messages.write_to(session, patient, letter, now=now)


def _newer_due(session: Session, row: CheckIn, now: datetime) -> bool:
    """After an outage only the newest of several due askings is asked."""
    newer = (CheckIn.patient_id == row.patient_id, CheckIn.due_at > row.due_at)
    query = select(CheckIn.id).where(*newer, CheckIn.due_at <= now, CheckIn.state == PLANNED)
    return session.scalar(query.limit(1)) is not None


def claimed(query: Select[CheckIn], limit: int) -> Select[CheckIn]:
    """The longest due of these, ours until this transaction ends."""
    return query.order_by(CheckIn.due_at).limit(limit).with_for_update(skip_locked=True)
