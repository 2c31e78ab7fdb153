"""Say, don't send: a letter is queued in the transaction of its cause and leaves afterwards.

`sending` takes it from here. States: queued → sending → sent / failed / uncertain / dropped.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from waiting_room import bell, db, foresight, keyring, library
from waiting_room.letters import Choice, Letter, Priority
from waiting_room.models import Address, Button, LetterRow, StaffChannel
from waiting_room.models.letter import HELD as HELD

QUEUED, SENDING, SENT = "queued", "sending", "sent"
FAILED, UNCERTAIN, DROPPED = "failed", "uncertain", "dropped"
NOWHERE = "nowhere"
# Why a letter was dropped that nobody needs any more.
TOO_LATE = "too late to make sense"
# The same routine page goes to one chat at most once in this time.
CALM = timedelta(seconds=3)
# Queued goes straight to sent in the web chat, which shows a letter instead of sending it.
MOVES = {
    QUEUED: frozenset({SENDING, SENT, HELD, DROPPED}),
    HELD: frozenset({QUEUED, DROPPED}),
    SENDING: frozenset({SENT, QUEUED, FAILED, UNCERTAIN}),
}


def say(
    session: Session,
    address: Address,
    letter: Letter,
    *,
    now: datetime,
    about: dict[str, Any] | None = None,
) -> LetterRow:
    """Queue a letter for one address. `about` sets further columns: alert_id, dedupe, stale_at…

    With a `dedupe` that was used before, nothing is said and the first letter comes back.
    """
    mark = (about or {}).get("dedupe")
    unsaid = mark is None or foresight.is_unsaid(session, mark)
    said = None if unsaid else _said_before(session, mark)
    if said is not None:
        return said
    page = library.page(letter.page, address.language)
    row = _letter(
        page,
        letter,
        _offer(session, address, letter, now=now),
        now=now,
        owner=address.patient_id or address.sealed_for,
        address_id=address.id,
        line=address.id,
        patient_id=address.patient_id,
        channel=address.channel,
        place=address.chat_id,
        **(about or {}),
    )
    return _put(session, row) if unsaid else _post(session, row)


def notify(
    session: Session,
    channel: StaffChannel,
    letter: Letter,
    *,
    now: datetime,
    about: dict[str, Any] | None = None,
) -> LetterRow:
    """Queue a notice to one channel of a staff member: a reference and a link, nothing more."""
    row = _letter(
        library.page(letter.page),
        letter,
        [[_wire(choice, choice.value) for choice in row] for row in letter.choices],
        now=now,
        owner=channel.sealed_for,
        staff_id=channel.staff_id,
        staff_channel_id=channel.id,
        line=channel.id,
        channel=channel.kind,
        place=channel.place,
        **(about or {}),
    )
    return _post(session, row)


def tell(session: Session, place: str, letter: Letter, *, now: datetime) -> LetterRow:
    """Queue an answer to a chat of the staff bot, be it of somebody we know or not."""
    page = library.page(letter.page)
    offered = [[_wire(choice, choice.value) for choice in row] for row in letter.choices]
    whose = {"owner": keyring.STAFF, "channel": "staff_telegram", "place": place}
    whose["line"] = keyring.current().fingerprint("line", place)
    return _post(session, _letter(page, letter, offered, now=now, **whose))


def drill(
    session: Session, channel: str, place: str, letter: Letter, *, now: datetime, **about: Any
) -> LetterRow:
    """Queue the letter of a drill: to an address for drills, or NOWHERE, where its channel only
    shows that it would take it."""
    whose = {"owner": keyring.STAFF, "channel": channel, "place": place}
    whose["line"] = keyring.current().fingerprint("line", f"drill {channel}")
    return _post(session, _letter(library.page(letter.page), letter, [], now=now, **whose, **about))


def knock(session: Session, address: Address, email: str, *, link: str, now: datetime) -> LetterRow:
    """Queue a neutral mail to a person whose page is not open: "You have a message"."""
    row = _letter(
        library.page("staff/knock-mail", address.language),
        Letter("staff/knock-mail", {"link": link}),
        [],
        now=now,
        owner=address.patient_id or address.sealed_for,
        address_id=address.id,
        line=address.id,
        patient_id=address.patient_id,
        channel="email",
        place=email,
    )
    return _post(session, row)


def just_said(session: Session, address: Address, page: str, *, since: datetime) -> bool:
    """Whether this chat was sent this page since then."""
    foreseen = foresight.told_since(session, address.id, since)
    if foreseen is not None:
        return page in foreseen
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
    waiting = (LetterRow.patient_id == patient_id, LetterRow.state.in_((QUEUED, HELD)))
    routine = update(LetterRow).where(*waiting, LetterRow.priority >= max(least, Priority.REPLY))
    result = session.execute(routine.values(state=DROPPED, why=why, settled_at=now))
    return int(result.rowcount)  # type: ignore[attr-defined]


def drop_notices(session: Session, alert_id: str, *, why: str, now: datetime) -> None:
    """The alert is settled: notices that have not left call nobody any more."""
    waiting = (LetterRow.alert_id == alert_id, LetterRow.address_id.is_(None))
    unsent = update(LetterRow).where(*waiting, LetterRow.state == QUEUED)
    session.execute(unsent.values(state=DROPPED, why=why, settled_at=now))


def _letter(
    page: library.Page,
    letter: Letter,
    offered: list[list[dict[str, str]]],
    *,
    now: datetime,
    **whose: Any,
) -> LetterRow:
    return LetterRow(
        page=page.key,
        digest=page.digest,
        language=page.language,
        values=dict(letter.values),
        choices={"rows": offered, "keys": letter.keys},
        priority=int(letter.priority),
        state=QUEUED,
        made_at=now,
        due_at=now,
        **whose,
    )


def _said_before(session: Session, mark: str | None) -> LetterRow | None:
    return session.scalar(select(LetterRow).where(LetterRow.dedupe == mark))


def _post(session: Session, row: LetterRow) -> LetterRow:
    return _post_once(session, row) if row.dedupe else _put(session, row)


def _put(session: Session, row: LetterRow) -> LetterRow:
    session.add(row)
    foresight.told(session, row)
    wake(session)
    return row


def _post_once(session: Session, row: LetterRow) -> LetterRow:
    mark = row.dedupe
    try:
        # Alone in a savepoint: another process may say the same in this very moment, and what
        # this transaction did before must not be lost over it.
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        said = _said_before(session, mark)
        if said is None:
            raise
        return said
    foresight.told(session, row)
    wake(session)
    return row


def wake(session: Session) -> None:
    """Let delivery look as soon as this transaction is stored."""
    db.ring(session, bell.LETTERS)


def _offer(
    session: Session, address: Address, letter: Letter, *, now: datetime
) -> list[list[dict[str, str]]]:
    """Turn choices into buttons whose wire value says nothing, or into keys matched by label."""
    if letter.keys:
        rows = [[_wire(c, "", address.language) for c in row] for row in letter.choices]
        labels = [wire["label"] for row in rows for wire in row]
        values = [choice.value for row in letter.choices for choice in row]
        pairs = zip(labels, values, strict=True)
        # A press of these comes back as text: what each label means in this chat is kept beside it.
        address.keys = {library.normalise_label(label): value for label, value in pairs}
        return rows
    rows = []
    for row in letter.choices:
        rows.append([_press(session, address, choice, now=now) for choice in row])
    return rows


def _press(session: Session, address: Address, choice: Choice, *, now: datetime) -> dict[str, str]:
    if choice.url:
        return _wire(choice, "", address.language)
    # Telegram gives a button 64 bytes, and a phone can send any: a random name tells nothing and
    # cannot be made by hand.
    token = secrets.token_urlsafe(16)
    session.add(Button(id=token, address_id=address.id, value=choice.value, made_at=now))
    return _wire(choice, token, address.language)


def _wire(choice: Choice, token: str, language: str = "en") -> dict[str, str]:
    words = choice.text or library.label(choice.label, language)
    return {"label": words, "token": token, "url": choice.url}
