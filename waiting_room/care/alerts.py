"""Something a person must look at. It climbs until somebody takes it, and only a person closes it.

While an alert is open its `due_at` is set. The ladder and its waits are copied into the alert when
it is raised; who stands on a rung is looked up at each step.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from waiting_room import audit, kill_points, outbox, permissions
from waiting_room.care import alert_replies, ladder, references, states
from waiting_room.care.alert_causes import Cause as Cause
from waiting_room.care.alert_causes import open_alert
from waiting_room.care.colours import Colour
from waiting_room.errors import BadInput, Refused
from waiting_room.models import Alert, AlertEvent, Staff, new_id
from waiting_room.models.alert import DRILL
from waiting_room.savepoints import attempt

RAISED, NOTIFYING, ACKNOWLEDGED = "raised", "notifying", "acknowledged"
CONTACTED, CLOSED = "contacted", "closed"
MOVES = states.table(
    raised="notifying acknowledged contacted closed",
    notifying="notifying acknowledged contacted closed",
    acknowledged="notifying contacted closed",
    contacted="notifying contacted closed",
)
# All but closed, and each of them has a next step: none is a state to be forgotten in.
OPEN = (RAISED, NOTIFYING, ACKNOWLEDGED, CONTACTED)
REACHED = ("spoke", "met", "wrote and they answered", "emergency services called")
# Trying is not reaching. These send the alert on to the next person.
NOT_REACHED = ("no answer", "left a message")
OUTCOMES = REACHED + NOT_REACHED
CLOSE_REASONS = ("person is safe", "help arranged", "handed over", "false alarm", "done")
# Minutes after which a taken alert without an outcome climbs again (P10).
OUTCOME_WITHIN = {Colour.RED: 30, Colour.AMBER: 30, Colour.GREEN: 480}
# Contact was made: a day to settle things before whoever has it is asked how it stands.
STILL_OPEN = timedelta(hours=24)
# Somebody in distress may write ten lines in a minute; ten rings would make workers mute us.
QUIET_AFTER_NOTICE = timedelta(minutes=1)
ORDER = (Colour.GREEN, Colour.AMBER, Colour.RED)


def raise_(session: Session, cause: Cause, *, now: datetime) -> Alert:
    """Raise an alert, or let this cause join the person's open one, and tell people at once."""
    # One open alert a person: two would send two workers, each of whom believes the other has it.
    alert = open_alert(session, cause, OPEN)
    if alert is None:
        alert = _new(session, cause, now)
        _event(session, alert, "raised", cause=cause, by=audit.SYSTEM, now=now)
        _climb_from_the_start(session, alert, now=now)
        return alert
    _event(session, alert, "joined", cause=cause, by=audit.SYSTEM, now=now)
    urgency, known = (ORDER.index(Colour(colour)) for colour in (cause.colour, alert.colour))
    # Worse than before: everybody is told from the first rung, also when somebody had taken it.
    if urgency > known:
        alert.colour, alert.kind = cause.colour, cause.kind
        alert.ladder = ladder.of(session, cause.colour, cause.kind)
        _climb_from_the_start(session, alert, now=now)
    # It happened again after somebody spoke to them: that talk does not answer this.
    elif alert.state == CONTACTED and urgency == known:
        _climb_from_the_start(session, alert, now=now)
    elif cause.colour != Colour.GREEN or alert.state == CONTACTED:
        _tell_of_joining(session, alert, now=now)
    return alert


def raise_once(session: Session, cause: Cause, *, now: datetime) -> Alert:
    """Like `raise_`, for a tick that sees the same trouble each minute: it joins nothing twice."""
    return open_alert(session, cause, OPEN) or raise_(session, cause, now=now)


def add_words(session: Session, alert: Alert, message_id: str, *, now: datetime) -> None:
    """More words of whoever an open alert is about: while somebody is called for, those who were
    told hear of it again. A task, or an alert after contact, only keeps them."""
    cause = Cause(Colour(alert.colour), alert.kind, what="message", what_id=message_id)
    _event(session, alert, "joined", cause=cause, by=audit.SYSTEM, now=now)
    if alert.colour != Colour.GREEN and alert.state != CONTACTED:
        _tell_of_joining(session, alert, now=now)


def climb(session: Session, *, now: datetime, limit: int = 50) -> int:
    """Move every alert whose time has come one step; returns how many moved."""
    due = (Alert.due_at <= now, Alert.state.in_(OPEN))
    # A limit, so that after a long outage the first of many is told before the last is reckoned;
    # and tasks last, because danger must not wait behind them.
    query = select(Alert).where(*due).order_by(Alert.colour == Colour.GREEN, Alert.due_at)
    query = query.limit(limit)
    moved = 0
    for alert in session.scalars(query.with_for_update(skip_locked=True)).all():
        if ladder.waits_for_opening(session, alert, now=now):
            continue
        # One that cannot climb keeps no other down; the audit tells of it within a minute.
        step = partial(_climb_one, session, alert, now=now)
        moved += attempt(session, step, what=f"a step of alert {alert.id}")
    return moved


def acknowledge(session: Session, alert: Alert, staff: Staff, *, now: datetime) -> None:
    """ "I have this." The first person wins; the second is told who. Not the end: an outcome is."""
    due = now + timedelta(minutes=OUTCOME_WITHIN[Colour(alert.colour)])
    mine = {"state": ACKNOWLEDGED, "acknowledged_by": staff.id, "acknowledged_at": now}
    # By condition and not by a look before: of two who press together the database lets one win.
    free = (Alert.id == alert.id, Alert.state.in_((RAISED, NOTIFYING)))
    won = session.execute(update(Alert).where(*free).values(mine | {"due_at": due}))
    session.refresh(alert)
    if won.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(_who_has_it(session, alert, staff))
    _event(session, alert, "acknowledged", by=staff.id, now=now)
    _share_with(session, alert, staff, now=now)
    alert_replies.taken(session, alert, staff, now=now)
    audit.record(session, by=staff.id, did="took", to=("alert", alert.id), now=now)
    kill_points.reached("alert taken")


def record_outcome(
    session: Session, alert: Alert, outcome: str, *, by: Staff, now: datetime
) -> None:
    """What came of it. "No answer" is no outcome: the alert goes on to the next person."""
    if outcome not in OUTCOMES:
        raise BadInput("outcome", "Choose an outcome from the list.")
    reached = outcome in REACHED
    _lock(session, alert)
    _move(alert, CONTACTED if reached else NOTIFYING)
    alert.outcome = outcome
    if reached:
        alert.acknowledged_by = alert.acknowledged_by or by.id
        alert.due_at = now + STILL_OPEN
    _event(session, alert, f"outcome: {outcome}", by=by.id, now=now)
    if not reached:
        ladder.step(session, alert, now=now)
    audit.record(session, by=by.id, did="recorded an outcome", to=("alert", alert.id), now=now)
    kill_points.reached("outcome recorded")


def close(session: Session, alert: Alert, reason: str, *, by: Staff, now: datetime) -> None:
    """End it. Only a person can; a tick has no way here."""
    if reason not in CLOSE_REASONS:
        raise BadInput("reason", "Choose a reason from the list.")
    _lock(session, alert)
    _move(alert, CLOSED)
    alert.due_at, alert.closed_at, alert.closed_by, alert.reason = None, now, by.id, reason
    _event(session, alert, "closed", by=by.id, now=now)
    outbox.drop_notices(session, alert.id, why="the alert is closed", now=now)
    if alert.patient_id:
        why = alert.reference
        permissions.end_share(session, alert.patient_id, role=permissions.RUNG, now=now, why=why)
    audit.record(session, by=by.id, did="closed", to=("alert", alert.id), now=now)
    kill_points.reached("alert closed")


def end_drill(session: Session, alert: Alert, *, passed: bool, now: datetime) -> None:
    """The robot takes, answers and closes a drill, and no other alert: those a person closes."""
    if alert.kind != DRILL:
        raise Refused("Only a person closes an alert.")
    _lock(session, alert)
    steps = {ACKNOWLEDGED: "acknowledged", CONTACTED: "outcome: drill", CLOSED: "closed"}
    for state, verb in steps.items() if passed else ((CLOSED, "closed"),):
        _move(alert, state)
        _event(session, alert, verb, by=audit.SYSTEM, now=now)
    alert.due_at, alert.closed_at = None, now
    alert.reason = "drill passed" if passed else "drill failed"
    outbox.drop_notices(session, alert.id, why="the drill is over", now=now)
    audit.record(session, by=audit.SYSTEM, did="ended a drill", to=("alert", alert.id), now=now)


def events(session: Session, alert: Alert) -> list[AlertEvent]:
    """Everything that happened to an alert, oldest first."""
    query = select(AlertEvent).where(AlertEvent.alert_id == alert.id)
    return list(session.scalars(query.order_by(AlertEvent.at, AlertEvent.id)))


def open_for(session: Session, patient_id: str) -> Alert | None:
    """The open alert of this person, if there is one."""
    query = select(Alert).where(Alert.patient_id == patient_id, Alert.state.in_(OPEN))
    return session.scalars(query.limit(1)).first()


def awaiting(session: Session, patient_id: str) -> Alert | None:
    """The alert of this person for which somebody is still called: no task, and no contact yet."""
    alert = open_for(session, patient_id)
    calls = alert is not None and alert.colour != Colour.GREEN and alert.state != CONTACTED
    return alert if calls else None


def open_at(session: Session, address_id: str) -> Alert | None:
    """The open alert of a stranger's chat, if there is one."""
    theirs = (Alert.address_id == address_id, Alert.patient_id.is_(None))
    return session.scalars(select(Alert).where(*theirs, Alert.state.in_(OPEN)).limit(1)).first()


def _move(alert: Alert, state: str) -> None:
    """The one function that changes an alert's state."""
    states.check_move(MOVES, "alert", alert.state, state)
    alert.state = state
    if state == NOTIFYING:
        alert.acknowledged_by = None  # nobody has it now; the events keep who had it


def _lock(session: Session, alert: Alert) -> None:
    """Nobody else moves this alert until we are done, and we see what they did before."""
    session.refresh(alert, with_for_update=True)


def _climb_from_the_start(session: Session, alert: Alert, *, now: datetime) -> None:
    _move(alert, NOTIFYING)
    ladder.start(session, alert, now=now)


def _climb_one(session: Session, alert: Alert, *, now: datetime) -> None:
    if alert.state == CONTACTED:
        ladder.remind(session, alert, now=now)
        alert.due_at = now + STILL_OPEN
        return
    if alert.state == ACKNOWLEDGED:
        _event(session, alert, "fell back", by=audit.SYSTEM, now=now)
        ladder.remind(session, alert, now=now)
    _move(alert, NOTIFYING)
    ladder.step(session, alert, now=now)


def _tell_of_joining(session: Session, alert: Alert, *, now: datetime) -> None:
    """At most once a minute; whoever just took it was not told of this yet."""
    told = select(func.max(AlertEvent.at)).where(AlertEvent.alert_id == alert.id)
    notices = (ladder.TOLD_AGAIN,) if alert.acknowledged_by else (*ladder.STEPS, ladder.TOLD_AGAIN)
    last = session.scalar(told.where(AlertEvent.verb.in_(notices)))
    if last is None or last + QUIET_AFTER_NOTICE <= now:
        ladder.tell_again(session, alert, now=now)


def _new(session: Session, cause: Cause, now: datetime) -> Alert:
    alert = Alert(
        id=new_id(),
        reference=references.free(session, Alert.reference),
        colour=cause.colour,
        kind=cause.kind,
        state=RAISED,
        patient_id=cause.patient_id,
        address_id=cause.address_id,
        ladder=ladder.of(session, cause.colour, cause.kind),
        raised_at=now,
        due_at=now,
    )
    session.add(alert)
    session.flush()
    return alert


def _event(
    session: Session,
    alert: Alert,
    verb: str,
    *,
    by: str,
    now: datetime,
    cause: Cause | None = None,
) -> None:
    row = AlertEvent(id=new_id(), alert_id=alert.id, verb=verb, rung=alert.rung, by=by, at=now)
    if cause is not None:
        row.cause_kind, row.cause_id = cause.what, cause.what_id
        row.details = {"kind": cause.kind, "colour": cause.colour}
    session.add(row)
    session.flush()


def _who_has_it(session: Session, alert: Alert, staff: Staff) -> str:
    holder = session.get(Staff, alert.acknowledged_by) if alert.acknowledged_by else None
    if alert.state == CLOSED:
        return "This alert is closed."
    if holder is not None and holder.id == staff.id:
        return "You have this already."
    return f"{holder.name if holder else 'Somebody'} has this already."


def _share_with(session: Session, alert: Alert, staff: Staff, *, now: datetime) -> None:
    if alert.patient_id:
        why, role = alert.reference, permissions.RUNG
        permissions.share(session, alert.patient_id, role=role, why=why, now=now, holder=staff)
