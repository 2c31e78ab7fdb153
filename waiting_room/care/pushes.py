"""Words nobody asked for just now. A phone may be lying on a table for others to read.

Every such letter passes here. To somebody whom it is not safe to message none is sent, nor the
announcement of one: `push` says so, and whoever called it tells a person instead.

Until the person says that words may show on their lock screen, such a letter is held and only "You
have a message" goes to their Telegram. Whatever they say or press next brings the letter. The web
chat needs none of this: its page shows nothing by itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from waiting_room import foresight, letter_queue, outbox
from waiting_room.letters import Choice, Letter, one_each
from waiting_room.models import Address, LetterRow, Patient
from waiting_room.models.address import TELEGRAM

ANNOUNCEMENT = "conversation/new-message"
# So long after their last word a person counts as looking at the chat.
LOOKING = timedelta(minutes=2)
# A phone that buzzes for each held letter says more than the words it keeps back.
ANNOUNCE_AGAIN = timedelta(hours=1)


def push(
    session: Session,
    address: Address,
    letter: Letter,
    *,
    now: datetime,
    about: dict[str, Any] | None = None,
) -> LetterRow | None:
    """Say something unasked, or hold it and say only that a message is there. None: it is not
    safe to message this person, and nothing was said."""
    patient = session.get(Patient, address.patient_id) if address.patient_id else None
    if patient is not None and not patient.safe_to_message:
        return None
    row = outbox.say(session, address, letter, now=now, about=about)
    # Said before, it may be on its way already: then there is nothing to hold back.
    if row.state != outbox.QUEUED or _may_show(address, patient, now):
        return row
    # Held in the transaction that queued it: delivery never sees it in between.
    row.state = outbox.HELD
    foresight.holds(session, address.id)
    since = now - ANNOUNCE_AGAIN
    if not outbox.just_said(session, address, ANNOUNCEMENT, since=since):
        key = one_each(Choice("show", "home.shown"))
        letter = Letter(ANNOUNCEMENT, {}, key, keys="answers", priority=letter.priority)
        outbox.say(session, address, letter, now=now)
    return row


def release(session: Session, address: Address, *, now: datetime) -> int:
    """The person is here: what was held goes to them now; returns how many letters."""
    if foresight.holds_nothing(session, address.id):
        return 0
    # What has a reason waits for a person to decide, not for the one it is written to.
    held = (
        LetterRow.address_id == address.id,
        letter_queue.in_state(outbox.HELD),
        LetterRow.why == "",
    )
    if session.scalar(select(LetterRow.id).where(*held).limit(1)) is None:
        return 0
    fresh = or_(LetterRow.stale_at.is_(None), LetterRow.stale_at > now)
    go = update(LetterRow).where(*held, fresh).values(state=outbox.QUEUED, due_at=now)
    released = session.execute(go).rowcount  # type: ignore[attr-defined]
    late = {"state": outbox.DROPPED, "why": outbox.TOO_LATE, "settled_at": now}
    session.execute(update(LetterRow).where(*held).values(late))
    outbox.wake(session)
    return int(released)


def _may_show(address: Address, patient: Patient | None, now: datetime) -> bool:
    if address.channel != TELEGRAM:
        return True
    if patient is not None and patient.lock_screen_words:
        return True
    return address.heard_at is not None and now - address.heard_at < LOOKING
