"""What must be true at every moment, each promise one question to the tables.

The heartbeat asks them three times a minute, and somebody outside hears from us only while all
are kept. The model test asks the same questions after each of its steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from waiting_room import letter_queue, outbox, sending
from waiting_room.care import alerts, check_ins, duty, providers
from waiting_room.letters import Priority
from waiting_room.models import (
    Alert,
    AlertEvent,
    AuditRow,
    CheckIn,
    InboxUpdate,
    LetterRow,
    Message,
    Provider,
    StaffChannel,
)
from waiting_room.models.alert import DRILL
from waiting_room.models.inbox import DEAD, HELD, WAITING

SOON, LATE = timedelta(seconds=60), timedelta(minutes=5)
# Longer than several rounds: what one round broke off is seen by the next.
LOOK_BACK = timedelta(minutes=10)
LONGEST_RUNG = timedelta(minutes=providers.LONGEST_STEP)
# The first few say enough; a thousand would only make the look slow.
FEW = 5
MOST_STEPS = 10_000


@dataclass(frozen=True)
class Moment:
    """When we look: what is due runs on care time, leases and ids on the wall's."""

    now: datetime
    wall: datetime

    @property
    def recent(self) -> str:
        """Ids made lately are larger than this: the key itself is the index by time."""
        begins = f"{int((self.wall - LOOK_BACK).timestamp() * 1000):012x}"
        return f"{begins[:8]}-{begins[8:]}"


@dataclass(frozen=True)
class Promise:
    """A promise by its name, and the rows that break it."""

    name: str
    broken: Callable[[Session, Moment], Select[str]]


def audit(session: Session, at: Moment) -> dict[str, list[str]]:
    """The promises that are broken, each with the ids of a few rows; empty when all are kept."""
    found = {
        promise.name: list(session.scalars(promise.broken(session, at).limit(FEW)))
        for promise in PROMISES
    }
    return {name: ids for name, ids in found.items() if ids}


def _cries(session: Session, at: Moment) -> Select[str]:
    cry = or_(
        Message.details["alert"].as_string().is_not(None),
        and_(Message.kind == "voice", Message.patient_id.is_not(None)),
    )
    return select(Message.id).where(Message.id > at.recent, cry, _alerts_of(Message.id) != 1)


def _dead_letters(session: Session, at: Moment) -> Select[str]:
    dead = (InboxUpdate.state == DEAD, InboxUpdate.due_at > at.now - LOOK_BACK)
    return select(InboxUpdate.id).where(*dead, _alerts_of(InboxUpdate.id) != 1)


def _one_each(session: Session, at: Moment) -> Select[str]:
    # The room's own alerts are of nobody: each kind of them stands alone.
    of_whom = func.coalesce(Alert.patient_id, Alert.address_id)
    each = select(func.min(Alert.id)).where(Alert.state.in_(alerts.OPEN), of_whom.is_not(None))
    return each.group_by(of_whom).having(func.count() > 1)


def _next_steps(session: Session, at: Moment) -> Select[str]:
    opening = providers.next_opening(providers.here(session), now=at.now)
    far = Alert.due_at > max(opening, at.now + LONGEST_RUNG)
    return _open().where(or_(Alert.due_at.is_(None), far))


def _steps(session: Session, at: Moment) -> Select[str]:
    return _open().where(Alert.due_at < at.now - SOON)


def _told(session: Session, at: Moment) -> Select[str]:
    left = func.max(case((LetterRow.state == outbox.SENT, 1), else_=0))
    # Asked alert by alert: of the many letters only those of open alerts are looked at.
    notices = select(func.count()).where(LetterRow.alert_id == Alert.id)
    in_vain = notices.having(func.min(LetterRow.made_at) < at.now - LATE, left == 0)
    # Whoever has taken it knows of it, by whatever way.
    free = Alert.state.in_((alerts.RAISED, alerts.NOTIFYING))
    return select(Alert.id).where(free, in_vain.exists())


def _on_their_way(session: Session, at: Moment) -> Select[str]:
    stuck = (letter_queue.in_state(outbox.SENDING), LetterRow.lease_until < at.wall - SOON)
    return select(LetterRow.id).where(*stuck, LetterRow.channel.in_(sending.CARRIERS))


def _urgent(session: Session, at: Moment) -> Select[str]:
    waiting = (letter_queue.in_state(outbox.QUEUED), LetterRow.due_at < at.now - SOON)
    carried = LetterRow.channel.in_(sending.CARRIERS)
    urgent = LetterRow.priority == Priority.CRISIS
    return select(LetterRow.id).where(*waiting, urgent, carried)


def _closings(session: Session, at: Moment) -> Select[str]:
    by_nobody = (Alert.state == alerts.CLOSED, Alert.closed_by.is_(None))
    return select(Alert.id).where(*by_nobody, Alert.kind != DRILL)


def _rungs(session: Session, at: Moment) -> Select[str]:
    # Limited, so that no planner walks through all events for their order.
    recent = select(AlertEvent).where(AlertEvent.id > at.recent).order_by(AlertEvent.id)
    step = aliased(AlertEvent, recent.limit(MOST_STEPS).subquery())
    before, after = (
        func.lag(column).over(partition_by=step.alert_id, order_by=step.id).label(name)
        for column, name in ((step.rung, "before"), (step.verb, "after"))
    )
    found = select(step.alert_id, step.rung, before, after).subquery()
    fell = found.c.rung < found.c.before
    # Something worse may start it anew, and that is written down first.
    return select(found.c.alert_id).where(fell, found.c.after != "joined")


def _ready(session: Session, at: Moment) -> Select[str]:
    here = providers.here(session)
    people = duty.on_rung(session, duty.EVERYBODY, None, now=at.now)
    living = (StaffChannel.dead_at.is_(None), StaffChannel.proved_at > at.now - duty.PROOF_LASTS)
    nobody = ~exists().where(StaffChannel.staff_id.in_([one.id for one in people]), *living)
    open_now = true() if providers.is_staffed(here, now=at.now) else false()
    return select(Provider.organisation_id).where(Provider.ready_at.is_not(None), open_now, nobody)


def _heard(session: Session, at: Moment) -> Select[str]:
    waiting = InboxUpdate.state.in_((WAITING, HELD))
    return select(InboxUpdate.id).where(waiting, InboxUpdate.due_at < at.now - SOON)


def _askings(session: Session, at: Moment) -> Select[str]:
    due = (CheckIn.state == check_ins.PLANNED, CheckIn.due_at < at.now - LATE)
    return select(CheckIn.id).where(*due)


def _chain(session: Session, at: Moment) -> Select[str]:
    return select(AuditRow.id).where(AuditRow.place.is_(None), AuditRow.at < at.now - LATE)


def _open() -> Select[str]:
    return select(Alert.id).where(Alert.state.in_(alerts.OPEN))


def _alerts_of(cause: ColumnElement[str] | InstrumentedAttribute[str]) -> ScalarSelect[int]:
    """How many alerts this one thing raised or joined."""
    count = select(func.count()).select_from(AlertEvent)
    return count.where(AlertEvent.cause_id == cause).scalar_subquery()


# Two more hold by construction: a lease is one row of its name, and a reference one column.
PROMISES = (
    Promise("every cry has one alert", _cries),
    Promise("every dead letter has one alert", _dead_letters),
    Promise("one open alert a person", _one_each),
    Promise("every open alert has a next step", _next_steps),
    Promise("steps are taken on time", _steps),
    Promise("somebody was told of every alert", _told),
    Promise("no letter is stuck on its way", _on_their_way),
    Promise("crisis letters leave at once", _urgent),
    Promise("only a person closes", _closings),
    Promise("rungs only go up", _rungs),
    Promise("somebody stands ready", _ready),
    Promise("what was heard takes effect", _heard),
    Promise("check-ins are asked on time", _askings),
    Promise("the audit is chained", _chain),
)
