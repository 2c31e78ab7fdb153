"""People of the network who help: who they are, how they sign in, where they are reached."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from waiting_room import keyring
from waiting_room.models.base import Row, Sealed

ADMINISTRATOR, COORDINATOR, CASE_WORKER, EDITOR = "administrator", "coordinator", "worker", "editor"
ROLES = (ADMINISTRATOR, COORDINATOR, CASE_WORKER, EDITOR)


class StaffRow(Row):
    """A row whose personal fields are sealed with the key of all staff."""

    __abstract__ = True

    @property
    def sealed_for(self) -> str:
        """Staff share one key: they are never erased with a patient."""
        return keyring.STAFF


class Staff(StaffRow):
    """A case worker, coordinator, administrator or editor."""

    __tablename__ = "staff"
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(200), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    # Empty lets nobody in: the welcome link was not used yet.
    password_hash: Mapped[str] = mapped_column(default="")
    totp_sealed: Mapped[bytes | None]
    totp = Sealed()
    # Of the last code that was used, so that whoever looked over a shoulder cannot use it again.
    totp_last_step: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    is_sample: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime]


class StaffSession(Row):
    """One signed-in browser. The cookie's token is kept as a hash."""

    __tablename__ = "staff_session"
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class SignInTry(Row):
    """A failed sign-in, by e-mail hash: tries are limited across processes."""

    __tablename__ = "sign_in_try"
    who: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[datetime]


class SignInLink(Row):
    """A one-time link that signs somebody in or lets them set a password and TOTP."""

    __tablename__ = "sign_in_link"
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(20))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class StaffChannel(StaffRow):
    """Where a staff member is reached: `email` or `staff_telegram`. Proved means it answered."""

    __tablename__ = "staff_channel"
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    place_sealed: Mapped[bytes | None]
    place = Sealed()
    place_hash: Mapped[str] = mapped_column(String(32))
    proved_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]
    dead_why: Mapped[str] = mapped_column(default="")

    __table_args__ = (Index("ix_staff_channel_place", "kind", "place_hash"),)


class StaffLinkCode(Row):
    """A short code that links a Telegram account to a staff member; lives ten minutes."""

    __tablename__ = "staff_link_code"
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
