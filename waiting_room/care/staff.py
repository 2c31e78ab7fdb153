"""The people of the network: taking them in, letting them back in, letting them go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room import audit
from waiting_room.care import conversations, one_time_codes, providers, sign_ins
from waiting_room.errors import BadForm, Forbidden, NotFound, Refused
from waiting_room.models import Staff, StaffChannel, new_id
from waiting_room.models.staff import ADMINISTRATOR, COORDINATOR, ROLES

EMAIL = "email"


@dataclass(frozen=True)
class Credentials:
    """What a new person chose: the password (hashed already), the app's secret, its first code."""

    password_hash: str
    secret: str
    code: str


def add(session: Session, *, name: str, email: str, role: str, by: str, now: datetime) -> Staff:
    """Take somebody in. They cannot sign in before they used a welcome link."""
    name, email = " ".join(name.split()), email.strip().casefold()
    problems = _problems(session, name, email, role)
    if problems:
        raise BadForm(problems)
    organisation = providers.found(session, now=now).organisation_id
    staff = Staff(id=new_id(), name=name, email=email, role=role, made_at=now)
    staff.organisation_id = organisation
    session.add(staff)
    session.flush()
    add_channel(session, staff.id, EMAIL, email)
    audit.record(session, by=by, did="added staff", to=("staff", staff.id), now=now)
    return staff


def add_channel(session: Session, staff_id: str, kind: str, place: str) -> StaffChannel:
    """A place where this person can be reached. Nobody counts on it before it is proved."""
    channel = StaffChannel(id=new_id(), staff_id=staff_id, kind=kind, place=place)
    channel.place_hash = conversations.chat_hash(kind, place)
    session.add(channel)
    session.flush()
    return channel


def welcome_link(session: Session, staff: Staff, *, wall: datetime) -> str:
    """A one-time token (24 hours) for `/desk/welcome/<token>`: sets password and code app."""
    return sign_ins.make_link(session, staff.id, sign_ins.WELCOME, wall=wall)


def one_time_sign_in(session: Session, staff: Staff, *, wall: datetime) -> str:
    """A one-time token (30 minutes) for `/desk/link/<token>`: signs in without a password."""
    return sign_ins.make_link(session, staff.id, sign_ins.SIGN_IN, wall=wall)


def reset(session: Session, staff: Staff, *, by: str, now: datetime, wall: datetime) -> str:
    """Forget password and code app, sign out everywhere; returns a new welcome token."""
    # The caller's copy may come from an earlier, closed transaction: only a fresh row is stored.
    staff = find(session, staff.id)
    staff.password_hash, staff.totp = "", None
    sign_ins.end_all(session, staff.id)
    sign_ins.end_links(session, staff.id, wall=wall)
    audit.record(session, by=by, did="reset staff", to=("staff", staff.id), now=now)
    return welcome_link(session, staff, wall=wall)


def welcome(
    session: Session,
    token: str,
    chosen: Credentials,
    *,
    now: datetime,
    wall: datetime,
) -> Staff:
    """Use a welcome link up: password and code app are set. Raises BadForm for a wrong code."""
    # Looked at first, so that a slip of the thumb does not use the link up.
    step = one_time_codes.step_of(chosen.secret, chosen.code, wall=wall)
    if step is None:
        raise BadForm({"code": "This code is not right. Enter the newest one your app shows."})
    staff = sign_ins.use_link(session, token, sign_ins.WELCOME, wall=wall)
    staff.password_hash, staff.totp = chosen.password_hash, chosen.secret
    staff.totp_last_step = step
    sign_ins.end_all(session, staff.id)
    audit.record(session, by=staff.id, did="set password", to=("staff", staff.id), now=now)
    return staff


def change_password(
    session: Session, staff: Staff, *, password_hash: str, token: str, now: datetime
) -> None:
    """A new password; every other browser is signed out."""
    find(session, staff.id).password_hash = password_hash
    sign_ins.end_all(session, staff.id, but=token)
    audit.record(session, by=staff.id, did="set password", to=("staff", staff.id), now=now)


def disable(session: Session, staff: Staff, *, by: str, now: datetime, wall: datetime) -> None:
    """They are out at once, and nobody counts on them. The last administrator stays."""
    staff = find(session, staff.id)
    if staff.id == by:
        raise Refused("You cannot disable your own account. Ask another administrator.")
    if staff.role == ADMINISTRATOR and len(_administrators(session)) < 2:
        raise Refused("This is the only administrator. Add another one first.")
    # Their record stays, because what they did to patients must stay known.
    staff.is_active = False
    sign_ins.end_all(session, staff.id)
    sign_ins.end_links(session, staff.id, wall=wall)
    audit.record(session, by=by, did="disabled staff", to=("staff", staff.id), now=now)


def enable(session: Session, staff: Staff, *, by: str, now: datetime) -> None:
    """They may sign in again."""
    find(session, staff.id).is_active = True
    audit.record(session, by=by, did="enabled staff", to=("staff", staff.id), now=now)


def reaches(actor: Staff, role: str) -> bool:
    """Whether this person may make, reset or disable somebody of this role."""
    return actor.role == ADMINISTRATOR or (actor.role == COORDINATOR and role != ADMINISTRATOR)


def check_reach(actor: Staff, role: str) -> None:
    """The same for a door: a coordinator must not become an administrator by a reset."""
    if not reaches(actor, role):
        raise Forbidden("Only an administrator may do that.")


def find(session: Session, staff_id: str) -> Staff:
    """One person by id, as they are now. Raises NotFound."""
    found = session.get(Staff, staff_id)
    if found is None:
        raise NotFound("There is no such person.")
    return found


def by_email(session: Session, email: str) -> Staff | None:
    """The person with this e-mail address, if there is one."""
    return session.scalar(select(Staff).where(Staff.email == email.strip().casefold()))


def everybody(session: Session) -> list[Staff]:
    """All staff by name, those who left last."""
    return list(session.scalars(select(Staff).order_by(Staff.is_active.desc(), Staff.name)))


def channels(session: Session) -> dict[str, list[StaffChannel]]:
    """Everybody's channels by staff id, the dead ones too."""
    found: dict[str, list[StaffChannel]] = {}
    for channel in session.scalars(select(StaffChannel).order_by(StaffChannel.kind)):
        found.setdefault(channel.staff_id, []).append(channel)
    return found


def _administrators(session: Session) -> list[Staff]:
    # Held: two who disable each other at the same moment must not leave a room without any.
    active = select(Staff).where(Staff.role == ADMINISTRATOR, Staff.is_active).order_by(Staff.id)
    return list(session.scalars(active.with_for_update()))


def _problems(session: Session, name: str, email: str, role: str) -> dict[str, str]:
    problems: dict[str, str] = {}
    if not name or len(name) > 200:
        problems["name"] = "Enter a name."
    before, _, after = email.rpartition("@")
    if not before or "." not in after or len(email) > 200 or len(email.split()) != 1:
        problems["email"] = "Enter an e-mail address, such as alex@example.org."
    elif by_email(session, email) is not None:
        problems["email"] = "Somebody has this e-mail address already."
    if role not in ROLES:
        problems["role"] = "Choose what this person does."
    return problems
