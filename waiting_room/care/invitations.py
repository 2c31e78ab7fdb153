"""The way in: a link and a PIN that travel apart. Opening the link uses nothing up."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from waiting_room import audit, crypto, keyring
from waiting_room.care import referrals
from waiting_room.errors import NotFound, Refused
from waiting_room.models import Address, Invitation, Referral, new_id

# Ten million against five tries; and few enough to be read out on the phone.
PIN_DIGITS, TRIES = 7, 5
LIFE, LIFE_BY_POST = timedelta(hours=72), timedelta(days=21)


@dataclass(frozen=True)
class Issued:
    """What is told once and never stored: the token of the link, and the PIN."""

    token: str
    pin: str
    expires_at: datetime


class WrongPin(Refused):
    """Not the PIN. Says how many tries are left, and nothing about whose link this is."""

    def __init__(self, tries_left: int) -> None:
        super().__init__("That is not the PIN.")
        self.tries_left = tries_left


def invite(
    session: Session, referral: Referral, *, by: str, now: datetime, by_post: bool = False
) -> Issued:
    """A fresh link and PIN. Earlier ones of this referral stop working."""
    # Two who invite at once: the second ends the link of the first.
    session.flush()
    session.refresh(referral, with_for_update=True)
    if referral.state not in referrals.OPEN:
        raise Refused(f"This referral is {referral.state}; nobody can be invited to it.")
    revoke(session, referral.id, now=now)
    token, pin = crypto.new_token(), f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}"
    expires = now + (LIFE_BY_POST if by_post else LIFE)
    row = Invitation(
        id=new_id(),
        referral_id=referral.id,
        patient_id=referral.patient_id,
        token_hash=crypto.token_hash(token),
        pin_hash="",
        made_at=now,
        expires_at=expires,
    )
    row.pin_hash = _pin_hash(row.id, pin)
    session.add(row)
    if referral.state == referrals.RECEIVED:
        referrals.move(session, referral, referrals.INVITED, by=by, now=now)
    audit.record(session, by=by, did="invited", to=("referral", referral.id), now=now)
    return Issued(token, pin, expires)


def revoke(session: Session, referral_id: str, *, now: datetime) -> None:
    """No link of this referral that was not used yet works any more."""
    unused = (Invitation.referral_id == referral_id, Invitation.used_at.is_(None))
    living = update(Invitation).where(*unused, Invitation.revoked_at.is_(None))
    session.execute(living.values(revoked_at=now))


def find(session: Session, token: str, *, now: datetime) -> Invitation:
    """A living invitation; raises NotFound, the same for every kind of bad link."""
    query = select(Invitation).where(Invitation.token_hash == crypto.token_hash(token))
    row = session.scalar(query)
    # One answer for all of them: a finder must not learn that a link was ever somebody's.
    if row is None or row.revoked_at or row.used_at or row.expires_at <= now or row.tries >= TRIES:
        raise NotFound("This link is not valid.")
    return row


def find_used(session: Session, token: str) -> Invitation | None:
    """The invitation behind a link that has been used, to tell its owner from a stranger."""
    used = (Invitation.token_hash == crypto.token_hash(token), Invitation.used_at.is_not(None))
    return session.scalar(select(Invitation).where(*used))


def join(
    session: Session, invitation_id: str, pin: str, address: Address, *, now: datetime
) -> Referral:
    """Pair this chat with the person; raises WrongPin (the try is counted) or NotFound.

    A wrong try must be stored, so the caller commits after WrongPin as well.
    """
    alive = (Invitation.id == invitation_id, Invitation.used_at.is_(None))
    fresh = (Invitation.revoked_at.is_(None), Invitation.expires_at > now)
    # Counted before the PIN is compared, so that a hundred guesses at once are five tries, not one.
    counted = update(Invitation).where(*alive, *fresh, Invitation.tries < TRIES)
    tried = session.execute(counted.values(tries=Invitation.tries + 1))
    if tried.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound("This link is not valid.")
    row = session.get_one(Invitation, invitation_id, populate_existing=True)
    if not crypto.same(_pin_hash(row.id, pin), row.pin_hash):
        raise WrongPin(TRIES - row.tries)
    row.used_at, row.used_by = now, address.id
    address.patient_id, address.proved_at = row.patient_id, now
    referral = session.get_one(Referral, row.referral_id)
    audit.record(session, by=row.patient_id, did="joined", to=("referral", referral.id), now=now)
    return referral


def patient_of(session: Session, invitation_id: str) -> str:
    """Whose invitation this is: for telling their worker, never for the screen."""
    return session.get_one(Invitation, invitation_id).patient_id


def _pin_hash(invitation_id: str, pin: str) -> str:
    # A PIN is short: without the key its hash could be guessed in a second, so it is a keyed one.
    return keyring.current().fingerprint("pin", invitation_id, pin)
