"""Who stands on a rung now, and what we may honestly promise about when somebody reads this."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from waiting_room import library, permissions
from waiting_room.care import providers, referrals
from waiting_room.care.colours import Colour
from waiting_room.models import Absence, DutyTurn, Kinship, Provider, Staff, StaffChannel, new_id

WORKER, BACKUP, LEAD, ON_CALL, EVERYBODY = providers.RUNGS
# Phones are lost and bots are blocked in silence; a test a month old proves nothing (P9).
PROOF_LASTS = timedelta(days=30)
LOOK_AHEAD_DAYS = 14
PEOPLE_NEEDED = 2
# Minutes of work in a day: what takes longer is promised in days.
A_DAY = 8 * 60


def stand(
    session: Session, staff_id: str, rung: str, *, since: datetime, until: datetime | None = None
) -> DutyTurn:
    """Put a person on a rung from now on, or for a time."""
    turn = DutyTurn(id=new_id(), staff_id=staff_id, rung=rung, since=since, until=until)
    session.add(turn)
    session.flush()
    return turn


def away(session: Session, staff_id: str, *, since: datetime, until: datetime) -> Absence:
    """Do not count on this person in this time."""
    row = Absence(id=new_id(), staff_id=staff_id, since=since, until=until)
    session.add(row)
    session.flush()
    return row


def on_rung(session: Session, rung: str, patient_id: str | None, *, now: datetime) -> list[Staff]:
    """The people on this rung now who are at work, can be reached, and may see the patient (nobody
    is told of themself or a relative); may be nobody."""
    if rung == WORKER:
        worker = referrals.worker_of(session, patient_id, now=now) if patient_id else None
        people = [worker] if worker else []
    elif rung == EVERYBODY:
        people = _team(session)
    else:
        turns = select(DutyTurn.staff_id).where(DutyTurn.rung == rung, DutyTurn.since <= now)
        turns = turns.where(or_(DutyTurn.until.is_(None), DutyTurn.until > now))
        people = list(session.scalars(select(Staff).where(Staff.id.in_(turns)).order_by(Staff.id)))
    return reachable(session, people, patient_id, now=now)


def reachable(
    session: Session, people: Sequence[Staff], patient_id: str | None, *, now: datetime
) -> list[Staff]:
    """Those of them who are at work, have a living channel, and may see this patient."""
    absent = select(Absence.staff_id).where(Absence.since <= now, Absence.until > now)
    # Nobody learns by a notice that their sister is in danger.
    related = select(Kinship.staff_id).where(Kinship.patient_id == patient_id)
    out = set(session.scalars(absent)) | set(session.scalars(related))
    living = select(StaffChannel.staff_id).where(StaffChannel.dead_at.is_(None))
    able = set(session.scalars(living)) - out
    return [p for p in people if p.id in able and permissions.can(p, "see patients")]


def channels_of(session: Session, staff_id: str) -> list[StaffChannel]:
    """The living channels of a staff member."""
    living = (StaffChannel.staff_id == staff_id, StaffChannel.dead_at.is_(None))
    return list(session.scalars(select(StaffChannel).where(*living).order_by(StaffChannel.kind)))


def prove(session: Session, channel: StaffChannel, *, now: datetime) -> None:
    """This channel has just been shown to reach its person."""
    channel.proved_at, channel.dead_at, channel.dead_why = now, None, ""


def bury(session: Session, channel_id: str, why: str, *, now: datetime) -> StaffChannel | None:
    """This channel is dead: blocked, unknown, refused. Nobody counts on it any more."""
    channel = session.get(StaffChannel, channel_id)
    if channel is not None and channel.dead_at is None:
        channel.dead_at, channel.dead_why = now, why[:60]
    return channel


def gap(session: Session, *, now: datetime) -> datetime | None:
    """The first staffed hour of the next 14 days with fewer than two people who can be reached."""
    provider = providers.here(session)
    proved = select(StaffChannel.staff_id).where(
        StaffChannel.dead_at.is_(None), StaffChannel.proved_at > now - PROOF_LASTS
    )
    able = set(session.scalars(proved)) & {person.id for person in _team(session)}
    coming = Absence.since < now + timedelta(days=LOOK_AHEAD_DAYS)
    absences = session.scalars(select(Absence).where(Absence.until > now, coming)).all()
    for hour in range(LOOK_AHEAD_DAYS * 24):
        moment = now + timedelta(hours=hour)
        here = able - {a.staff_id for a in absences if a.since <= moment < a.until}
        if len(here) < PEOPLE_NEEDED and providers.is_staffed(provider, now=moment):
            return moment
    return None


def when_read(session: Session, colour: str, *, now: datetime) -> str:
    """When a person will see an alert of this colour, in words we can keep."""
    provider = providers.here(session)
    on_call = colour != Colour.GREEN and on_rung(session, ON_CALL, None, now=now)
    minutes = _promised(provider, colour)
    # A ladder that would still be climbing when we close promises nothing before the next opening.
    until = now + timedelta(minutes=minutes if minutes < A_DAY else 0)
    if not on_call and not all(providers.is_staffed(provider, now=at) for at in (now, until)):
        return library.phrase("read_from", opening=providers.opening_words(provider, now=now))
    if minutes >= A_DAY:
        return library.phrase("read_working_days")
    if minutes <= 90:
        return library.phrase("read_within_minutes", number=str(minutes))
    # Rounded up: a promise that is too long is kept, one that is too short is broken.
    return library.phrase("read_within_hours", number=str(-(-minutes // 60)))


def read_by(session: Session, colour: str, *, now: datetime) -> datetime:
    """The moment by which what `when_read` promises must be true, in UTC. "The next working days"
    are two."""
    provider = providers.here(session)
    worked = timedelta(minutes=min(_promised(provider, colour), 2 * A_DAY))
    return providers.after_staffed(provider, worked, now=now)


def _promised(provider: Provider, colour: str) -> int:
    """Minutes until the last rung of this ladder was waited for."""
    ladder = provider.ladders.get(colour) or providers.LADDERS[colour]
    return sum(int(step["minutes"]) for step in ladder)


def _team(session: Session) -> list[Staff]:
    """Everybody of the provider who may look after patients."""
    ours = Staff.organisation_id == providers.here(session).organisation_id
    people = session.scalars(select(Staff).where(ours).order_by(Staff.id))
    return [person for person in people if permissions.can(person, "see patients")]
