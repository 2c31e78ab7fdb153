"""Say, don't send: a letter is queued in the transaction of its cause and leaves afterwards.

Sending is at least once. A letter being sent is held by a lease and a fence, so a sender that died
or woke too late changes nothing. States: queued → sending → sent / failed / uncertain / dropped.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from waiting_room import bell, db, library
from waiting_room.letters import Choice, Letter, Priority
from waiting_room.models import Address, Button, LetterRow, StaffChannel
from waiting_room.models.address import WEB_CHAT

QUEUED, SENDING, SENT = "queued", "sending", "sent"
FAILED, UNCERTAIN, DROPPED = "failed", "uncertain", "dropped"
LEASE = timedelta(seconds=30)
CALM = timedelta(seconds=3)
"""The same routine page goes to one chat at most once in this time."""
RETRY = (1, 2, 5, 10, 20, 40, 60)
"""Seconds before the next try after a passing failure; the last one repeats."""


@dataclass(frozen=True)
class Parcel:
    """A claimed letter with all a channel needs to send it, and no need of the database."""

    letter_id: str
    fence: int
    channel: str
    place: str
    page: library.Page
    values: dict[str, str]
    choices: list[list[dict[str, str]]]
    keys: str
    priority: int
    tries: int
    answers: str | None

    @property
    def is_crisis(self) -> bool:
        """Whether this letter may never be given up."""
        return self.priority == Priority.CRISIS


def say(
    session: Session,
    address: Address,
    letter: Letter,
    *,
    now: datetime,
    about: dict[str, Any] | None = None,
) -> LetterRow:
    """Queue a letter for one address. `about` sets further columns: alert_id, dedupe, stale_at…"""
    page = library.page(letter.page, address.language)
    row = LetterRow(
        owner=address.patient_id or address.sealed_for,
        address_id=address.id,
        patient_id=address.patient_id,
        channel=address.channel,
        place=address.chat_id,
        page=page.key,
        digest=page.digest,
        language=page.language,
        values=dict(letter.values),
        choices={"rows": _offer(session, address, letter, now=now), "keys": letter.keys},
        priority=int(letter.priority),
        state=QUEUED,
        made_at=now,
        due_at=now,
        **(about or {}),
    )
    return _post(session, row)


def notify(
    session: Session,
    channel: StaffChannel,
    letter: Letter,
    *,
    now: datetime,
    about: dict[str, Any] | None = None,
) -> LetterRow:
    """Queue a notice to one channel of a staff member: a reference and a link, nothing more."""
    page = library.page(letter.page)
    offered = [[_wire(choice, choice.value) for choice in row] for row in letter.choices]
    row = LetterRow(
        owner=channel.sealed_for,
        staff_id=channel.staff_id,
        staff_channel_id=channel.id,
        channel=channel.kind,
        place=channel.place,
        page=page.key,
        digest=page.digest,
        values=dict(letter.values),
        choices={"rows": offered, "keys": ""},
        priority=int(letter.priority),
        state=QUEUED,
        made_at=now,
        due_at=now,
        **(about or {}),
    )
    return _post(session, row)


def knock(session: Session, address: Address, email: str, *, link: str, now: datetime) -> LetterRow:
    """Queue a neutral mail to a person whose page is not open: "You have a message"."""
    page = library.page("staff/knock-mail", address.language)
    row = LetterRow(
        owner=address.patient_id or address.sealed_for,
        address_id=address.id,
        patient_id=address.patient_id,
        channel="email",
        place=email,
        page=page.key,
        digest=page.digest,
        language=page.language,
        values={"link": link},
        choices={"rows": [], "keys": ""},
        priority=int(Priority.REPLY),
        state=QUEUED,
        made_at=now,
        due_at=now,
    )
    return _post(session, row)


def claim(
    session: Session, channels: Sequence[str], *, now: datetime, wall: datetime, limit: int = 20
) -> list[Parcel]:
    """Take letters that are due, most urgent first. Leases run on wall time, due dates on care
    time, so that a jump of the demo clock sends nothing twice."""
    free = or_(LetterRow.state == QUEUED, LetterRow.lease_until < wall)
    due = (
        select(LetterRow)
        .where(LetterRow.state.in_((QUEUED, SENDING)), free, LetterRow.due_at <= now)
        .where(LetterRow.channel.in_(channels))
        .order_by(LetterRow.priority, LetterRow.due_at, LetterRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    parcels = []
    for row in session.scalars(due):
        if row.stale_at and row.stale_at <= now and row.priority != Priority.CRISIS:
            row.state, row.why, row.settled_at = DROPPED, "too late to make sense", now
            continue
        row.state, row.lease_until = SENDING, wall + LEASE
        row.fence += 1
        row.tries += 1
        parcels.append(_parcel(session, row))
    return parcels


def sent(session: Session, parcel: Parcel, message_id: str, *, now: datetime) -> bool:
    """It left. False when somebody else holds the letter now."""
    done = {"state": SENT, "settled_at": now, "channel_message_id": message_id, "lease_until": None}
    return _settle(session, parcel, done)


def later(session: Session, parcel: Parcel, *, now: datetime, seconds: float | None = None) -> bool:
    """It could not leave yet: try again after a pause that grows."""
    pause = seconds or RETRY[min(parcel.tries, len(RETRY)) - 1]
    again = {"state": QUEUED, "due_at": now + timedelta(seconds=pause), "lease_until": None}
    return _settle(session, parcel, again)


def failed(session: Session, parcel: Parcel, why: str, *, now: datetime) -> bool:
    """It will never leave by this address."""
    return _settle(session, parcel, {"state": FAILED, "why": why[:60], "settled_at": now})


def uncertain(session: Session, parcel: Parcel, *, now: datetime) -> bool:
    """It may have left: a routine letter is not sent a second time."""
    return _settle(session, parcel, {"state": UNCERTAIN, "settled_at": now})


def shown(session: Session, address: Address, *, now: datetime) -> int:
    """The person has the page open: what was waiting for them has now been shown."""
    waiting = (LetterRow.address_id == address.id, LetterRow.channel == WEB_CHAT)
    done = update(LetterRow).where(*waiting, LetterRow.state == QUEUED)
    result = session.execute(done.values(state=SENT, settled_at=now))
    return int(result.rowcount)  # type: ignore[attr-defined]


def just_said(session: Session, address: Address, page: str, *, since: datetime) -> bool:
    """Whether this chat was sent this page since then."""
    sent_there = (LetterRow.address_id == address.id, LetterRow.page == page)
    query = select(LetterRow.id).where(*sent_there, LetterRow.made_at > since).limit(1)
    return session.scalar(query) is not None


def drop_for(
    session: Session,
    patient_id: str,
    *,
    why: str,
    now: datetime,
    least: Priority = Priority.CHECK_IN,
) -> int:
    """The person said stop: routine letters that have not left are dropped in the same breath.
    `least` names the most urgent kind that is dropped; a crisis letter never is."""
    waiting = (LetterRow.patient_id == patient_id, LetterRow.state == QUEUED)
    routine = update(LetterRow).where(*waiting, LetterRow.priority >= max(least, Priority.REPLY))
    result = session.execute(routine.values(state=DROPPED, why=why, settled_at=now))
    return int(result.rowcount)  # type: ignore[attr-defined]


def _settle(session: Session, parcel: Parcel, values: dict[str, Any]) -> bool:
    mine = (LetterRow.id == parcel.letter_id, LetterRow.fence == parcel.fence)
    result = session.execute(
        update(LetterRow).where(*mine, LetterRow.state == SENDING).values(values)
    )
    return bool(result.rowcount == 1)  # type: ignore[attr-defined]


def _post(session: Session, row: LetterRow) -> LetterRow:
    session.add(row)
    session.flush()
    db.after_commit(session, _wake)
    return row


def _wake() -> None:
    bell.ring(bell.LETTERS)


def _offer(
    session: Session, address: Address, letter: Letter, *, now: datetime
) -> list[list[dict[str, str]]]:
    """Turn choices into buttons whose wire value says nothing, or into keys matched by label."""
    if letter.keys:
        rows = [[_wire(c, "", address.language) for c in row] for row in letter.choices]
        labels = [wire["label"] for row in rows for wire in row]
        values = [choice.value for row in letter.choices for choice in row]
        pairs = zip(labels, values, strict=True)
        address.keys = {library.normalise_label(label): value for label, value in pairs}
        return rows
    rows = []
    for row in letter.choices:
        rows.append([_press(session, address, choice, now=now) for choice in row])
    return rows


def _press(session: Session, address: Address, choice: Choice, *, now: datetime) -> dict[str, str]:
    if choice.url:
        return _wire(choice, "", address.language)
    token = secrets.token_urlsafe(16)
    session.add(Button(id=token, address_id=address.id, value=choice.value, made_at=now))
    return _wire(choice, token, address.language)


def _wire(choice: Choice, token: str, language: str = "en") -> dict[str, str]:
    words = choice.text or library.label(choice.label, language)
    return {"label": words, "token": token, "url": choice.url}


def _parcel(session: Session, row: LetterRow) -> Parcel:
    offered = row.choices or {"rows": [], "keys": ""}
    return Parcel(
        letter_id=row.id,
        fence=row.fence,
        channel=row.channel,
        place=str(row.place or ""),
        page=library.by_digest(session, row.digest),
        values=row.values or {},
        choices=offered["rows"],
        keys=offered["keys"],
        priority=row.priority,
        tries=row.tries,
        answers=row.answers,
    )
