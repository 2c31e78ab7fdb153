"""Who is signed in, and every way to become so. All times here are wall time: a demo that jumps
ahead must not sign anybody out, nor open a code twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from waiting_room import audit, crypto, keyring
from waiting_room.care import one_time_codes
from waiting_room.errors import NotFound, Refused
from waiting_room.models import SignInLink, SignInTry, Staff, StaffSession, new_id

# A shift at most (ASVS 7.3.1, 7.3.2): the desk of a surgery is not a private room.
IDLE, ABSOLUTE = timedelta(minutes=30), timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)
TRIES, TRIES_IN = 10, timedelta(minutes=15)
WELCOME, SIGN_IN, CODE = "welcome", "sign in", "code"
LASTS = {
    WELCOME: timedelta(hours=24),
    SIGN_IN: timedelta(minutes=30),
    CODE: timedelta(minutes=5),
}
LINKS_KEPT = timedelta(days=7)


class TooManyTries(Refused):
    """Ten failures in a quarter of an hour, for this account or from this place."""

    status = 429
    code = "too_many_tries"


@dataclass(frozen=True)
class Seat:
    """A person signed in at one browser."""

    staff: Staff
    session_id: str
    seen_at: datetime

    def is_stale(self, *, wall: datetime) -> bool:
        """Whether it is time to write down that they are still there."""
        return wall - self.seen_at >= TOUCH_EVERY


def who(session: Session, token: str, *, wall: datetime) -> Seat | None:
    """Whose session this is; None when it ended, stood idle too long, or they were disabled."""
    query = select(Staff, StaffSession).join(StaffSession, StaffSession.staff_id == Staff.id)
    # Asked anew for each page: whoever was disabled a second ago is out now.
    query = query.where(StaffSession.token_hash == crypto.token_hash(token), Staff.is_active)
    lives = (StaffSession.seen_at > wall - IDLE, StaffSession.made_at > wall - ABSOLUTE)
    found = session.execute(query.where(*lives)).one_or_none()
    return Seat(found[0], found[1].id, found[1].seen_at) if found else None


def touch(session: Session, token: str, *, wall: datetime) -> None:
    """The person is still there: the half hour starts again."""
    mine = StaffSession.token_hash == crypto.token_hash(token)
    session.execute(update(StaffSession).where(mine).values(seen_at=wall))


def end(session: Session, token: str) -> None:
    """Sign out here."""
    mine = StaffSession.token_hash == crypto.token_hash(token)
    session.execute(delete(StaffSession).where(mine))


def end_all(session: Session, staff_id: str, *, but: str = "") -> None:
    """Sign out everywhere, except perhaps in the browser that holds the token `but`."""
    theirs = delete(StaffSession).where(StaffSession.staff_id == staff_id)
    if but:
        theirs = theirs.where(StaffSession.token_hash != crypto.token_hash(but))
    session.execute(theirs)


def sweep(session: Session, *, wall: datetime) -> int:
    """Drop what can never be used again; returns how many rows."""
    done = [
        session.execute(delete(StaffSession).where(StaffSession.made_at <= wall - ABSOLUTE)),
        session.execute(delete(SignInTry).where(SignInTry.at <= wall - TRIES_IN)),
        session.execute(delete(SignInLink).where(SignInLink.expires_at <= wall - LINKS_KEPT)),
    ]
    return sum(result.rowcount for result in done)  # type: ignore[attr-defined]


def try_once(session: Session, account: str, peer: str, *, wall: datetime) -> None:
    """Count a try before it is made, so that a hundred at once cannot slip past the limit.

    Raises TooManyTries. `account` is what was typed, whether or not anybody has it.
    """
    _alone(session, account, peer)
    for who_tries in _triers(account, peer):
        # By account and by place: many accounts from one place is guessing too.
        recent = select(func.count()).where(SignInTry.who == who_tries)
        if (session.scalar(recent.where(SignInTry.at > wall - TRIES_IN)) or 0) >= TRIES:
            raise TooManyTries("Too many tries. Wait 15 minutes, or ask for a sign-in link.")
    for who_tries in _triers(account, peer):
        session.add(SignInTry(id=new_id(), who=who_tries, at=wall))
    session.flush()


def forgive(session: Session, account: str, peer: str, *, whole: bool) -> None:
    """A try succeeded: take back this one, or (the sign-in is complete) all of the account."""
    for who_tries in _triers(account, peer):
        newest = select(SignInTry.id).where(SignInTry.who == who_tries)
        newest = newest.order_by(SignInTry.at.desc(), SignInTry.id.desc()).limit(1)
        session.execute(delete(SignInTry).where(SignInTry.id == newest.scalar_subquery()))
    if whole:
        session.execute(delete(SignInTry).where(SignInTry.who == _triers(account, peer)[0]))


def make_link(session: Session, staff_id: str, purpose: str, *, wall: datetime) -> str:
    """A one-time token for this purpose. Older ones for the same purpose end."""
    older = (SignInLink.staff_id == staff_id, SignInLink.purpose == purpose)
    # Two sign-ins may wait for their code at once, in two browsers; links are one at a time.
    open_ones = update(SignInLink).where(*older, SignInLink.used_at.is_(None))
    if purpose != CODE:
        session.execute(open_ones.values(used_at=wall))
    token = crypto.new_token()
    row = SignInLink(id=new_id(), staff_id=staff_id, purpose=purpose)
    row.token_hash, row.expires_at = crypto.token_hash(token), wall + LASTS[purpose]
    session.add(row)
    session.flush()
    return token


def holder(session: Session, token: str, purpose: str, *, wall: datetime) -> Staff:
    """Whose open link this is. Looking does not use it up. Raises NotFound."""
    query = select(Staff).join(SignInLink, SignInLink.staff_id == Staff.id)
    found = session.scalar(query.where(*_open(token, purpose, wall), Staff.is_active))
    if found is None:
        raise NotFound("This link was used or is too old.")
    return found


def use_link(session: Session, token: str, purpose: str, *, wall: datetime) -> Staff:
    """Use a link up: of two at the same moment only one succeeds. Raises NotFound."""
    found = holder(session, token, purpose, wall=wall)
    spent = update(SignInLink).where(*_open(token, purpose, wall)).values(used_at=wall)
    if session.execute(spent).rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound("This link was used or is too old.")
    return found


def end_links(session: Session, staff_id: str, *, wall: datetime) -> None:
    """Every open link of this person ends."""
    theirs = (SignInLink.staff_id == staff_id, SignInLink.used_at.is_(None))
    session.execute(update(SignInLink).where(*theirs).values(used_at=wall))


def with_code(
    session: Session, step: str, code: str, *, peer: str, now: datetime, wall: datetime
) -> str:
    """The second step of a sign-in: a session's token, or "" for a wrong or used code.

    Raises NotFound when the first step is too long ago, TooManyTries when it was guessed at.
    """
    staff = holder(session, step, CODE, wall=wall)
    # Counted before it is looked at; a wrong code returns, so that the count is stored.
    try_once(session, staff.email, peer, wall=wall)
    if not use_code(session, staff.id, code, wall=wall):
        return ""
    use_link(session, step, CODE, wall=wall)
    forgive(session, staff.email, peer, whole=True)
    return begin(session, staff, now=now, wall=wall)


def with_link(session: Session, token: str, *, now: datetime, wall: datetime) -> str:
    """Sign in by a one-time link, which is used up; a session's token. Raises NotFound."""
    return begin(session, use_link(session, token, SIGN_IN, wall=wall), now=now, wall=wall)


def begin(session: Session, staff: Staff, *, now: datetime, wall: datetime) -> str:
    """A new session with a new token, which only the browser keeps."""
    token = crypto.new_token()
    row = StaffSession(id=new_id(), staff_id=staff.id, made_at=wall, seen_at=wall)
    row.token_hash = crypto.token_hash(token)
    session.add(row)
    audit.record(session, by=staff.id, did="signed in", to=("staff", staff.id), now=now)
    session.flush()
    return token


def use_code(session: Session, staff_id: str, code: str, *, wall: datetime) -> bool:
    """Whether this is the person's code and was not used before; it is used up now."""
    staff = session.get(Staff, staff_id, populate_existing=True)
    if staff is None or not staff.totp:
        return False
    step = one_time_codes.step_of(staff.totp, code, wall=wall, after=staff.totp_last_step)
    if step is None:
        return False
    # Two browsers may send the same code at the same moment: the database lets one through.
    later = (Staff.id == staff_id, Staff.totp_last_step < step)
    done = session.execute(update(Staff).where(*later).values(totp_last_step=step))
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def _alone(session: Session, account: str, peer: str) -> None:
    # SQLite has one writer; on PostgreSQL tries of one account or place take turns to be counted.
    if session.get_bind().dialect.name == "postgresql":
        for who_tries in sorted(_triers(account, peer)):
            number = int(who_tries[:15], 16)
            session.execute(select(func.pg_advisory_xact_lock(number)))


def _open(token: str, purpose: str, wall: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        SignInLink.token_hash == crypto.token_hash(token),
        SignInLink.purpose == purpose,
        SignInLink.used_at.is_(None),
        SignInLink.expires_at > wall,
    )


def _triers(account: str, peer: str) -> tuple[str, str]:
    keys = keyring.current()
    return keys.fingerprint("tries of", account.casefold()), keys.fingerprint("tries from", peer)
