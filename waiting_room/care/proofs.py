"""A channel of a worker counts only when it was seen to work: a test goes out, they answer it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room import audit, crypto, outbox
from waiting_room.care import duty
from waiting_room.errors import NotFound
from waiting_room.letters import Choice, Letter, one_each
from waiting_room.models import LetterRow, StaffChannel, new_reference

PAGES = {"staff_telegram": "staff/test-alert", "email": "staff/test-alert-mail"}
GOOD_FOR = timedelta(hours=24)


def send_test(session: Session, staff_id: str, *, now: datetime) -> list[LetterRow]:
    """A test notice to every channel of this person; to dead ones too, they may live again."""
    query = select(StaffChannel).where(StaffChannel.staff_id == staff_id)
    channels = session.scalars(query.order_by(StaffChannel.kind)).all()
    audit.record(session, by=staff_id, did="tested channels", to=("staff", staff_id), now=now)
    return [_test(session, channel, now=now) for channel in channels]


def tested(session: Session, staff_id: str, token: str, *, now: datetime) -> StaffChannel:
    """The channel of this person that a test with this token went to. Raises NotFound."""
    query = select(StaffChannel).join(LetterRow, LetterRow.staff_channel_id == StaffChannel.id)
    mine = (LetterRow.dedupe == _mark(token), LetterRow.staff_id == staff_id)
    # Only by the person it went to: a forwarded test proves a forwarding.
    found = session.scalar(query.where(*mine, LetterRow.made_at > now - GOOD_FOR))
    if found is None:
        raise NotFound("This test is too old, or it went to somebody else.")
    return found


def confirm(session: Session, staff_id: str, token: str, *, now: datetime) -> StaffChannel:
    """The person answered the test: the channel is proved. Raises NotFound."""
    channel = tested(session, staff_id, token, now=now)
    duty.prove(session, channel, now=now)
    audit.record(session, by=staff_id, did="proved channel", to=("channel", channel.id), now=now)
    return channel


def _test(session: Session, channel: StaffChannel, *, now: datetime) -> LetterRow:
    token = crypto.new_token()
    # The letter itself remembers the test, so there is no second table to keep in step.
    values = {"ref": new_reference(), "link": f"/desk/me/proof/{token}"}
    pressing = one_each(Choice("", f"works:{token}", text="It works"))
    choices = pressing if channel.kind == "staff_telegram" else ()
    letter = Letter(PAGES[channel.kind], values, choices)
    return outbox.notify(session, channel, letter, now=now, about={"dedupe": _mark(token)})


def _mark(token: str) -> str:
    return f"test:{crypto.token_hash(token)}"
