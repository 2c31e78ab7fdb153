"""A letter is held by one sender at a time, most urgent first, and settled by that sender alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from waiting_room import clock, db, library, outbox, sending
from waiting_room.care import conversations
from waiting_room.letters import Letter, Priority
from waiting_room.models import LetterRow
from waiting_room.sending import Due, Parcel

WALL = clock.wall()


def said(session: Session, *, now: datetime, urgent: bool = False, chat: str = "7234567890") -> str:
    address = conversations.address(session, "telegram", chat, now=now)
    priority = Priority.CRISIS if urgent else Priority.CHECK_IN
    letter = Letter("conversation/goodbye", priority=priority)
    return outbox.say(session, address, letter, now=now).id


def claimed(now: datetime, *, later: float = 0, **changes: object) -> list[Parcel]:
    """What a sender gets, so many seconds later by the wall."""
    due = Due("telegram", now=now, wall=WALL + timedelta(seconds=later), **changes)  # type: ignore[arg-type]
    with db.write() as session:
        return sending.claim(session, due)


def row(letter_id: str) -> LetterRow:
    with db.read() as session:
        return session.get_one(LetterRow, letter_id)


def ids(parcels: Sequence[Parcel]) -> list[str]:
    return [parcel.letter_id for parcel in parcels]


def test_a_letter_is_held_by_one_sender(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        number = said(session, now=now)
    assert ids(claimed(now)) == [number]
    assert claimed(now) == []


def test_a_letter_is_marked_whatever_number_the_other_side_gave_it(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        number = said(session, now=now)
    (parcel,) = claimed(now)
    with db.write() as session:
        assert sending.sent(session, parcel, f"<{number}@{'a' * 60}.example.org>", now=now)
    assert row(number).state == "sent"


def test_a_sender_that_woke_too_late_changes_nothing(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        number = said(session, now=now)
    slow, quick = claimed(now)[0], claimed(now, later=31)[0]
    assert (slow.letter_id, quick.fence) == (quick.letter_id, slow.fence + 1)
    with db.write() as session:
        assert not sending.failed(session, slow, "blocked", now=now)
        assert sending.sent(session, quick, "77", now=now)
        assert not sending.sent(session, slow, "76", now=now)
    assert (row(number).state, row(number).channel_message_id) == ("sent", "77")


def test_a_jump_of_care_time_ends_no_lease(room: Path, now: datetime) -> None:
    with db.write() as session:
        said(session, now=now)
    assert claimed(now)
    assert claimed(now + timedelta(days=1)) == []


def test_the_urgent_come_first_and_the_others_in_the_order_they_were_said(
    room: Path, now: datetime
) -> None:
    with db.write() as session:
        first, second = said(session, now=now), said(session, now=now)
        urgent = said(session, now=now, urgent=True)
    assert ids(claimed(now, only_crisis=True)) == [urgent]
    assert ids(claimed(now)) == [first, second]


def test_a_look_sees_what_a_claim_would_take(room: Path, now: datetime) -> None:
    due = Due("telegram", now=now, wall=WALL)
    with db.read() as session:
        assert not sending.waiting(session, due)
    with db.write() as session:
        said(session, now=now)
    with db.read() as session:
        assert sending.waiting(session, due)
        assert not sending.waiting(session, Due("telegram", now=now, wall=WALL, only_crisis=True))
        assert not sending.waiting(session, Due("email", now=now, wall=WALL))


def test_pauses_grow_and_a_named_pause_is_kept(room: Path, now: datetime) -> None:
    with db.write() as session:
        number = said(session, now=now)
    at = now
    for pause in (1, 2, 5, 10, 20, 40, 60, 60):
        parcel = claimed(at)[0]
        with db.write() as session:
            sending.later(session, parcel, now=at)
        assert row(number).due_at - at == timedelta(seconds=pause)
        at = row(number).due_at
    parcel = claimed(at)[0]
    with db.write() as session:
        sending.later(session, parcel, now=at, seconds=7)
    assert row(number).due_at - at == timedelta(seconds=7)


def test_what_makes_no_sense_any_more_is_dropped_unless_it_is_a_crisis(
    room: Path, now: datetime
) -> None:
    with db.write() as session:
        numbers = [said(session, now=now), said(session, now=now, urgent=True)]
        for number in numbers:
            session.get_one(LetterRow, number).stale_at = now
    assert ids(claimed(now)) == [numbers[1]]
    assert row(numbers[0]).state == "dropped"


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [("place_sealed", None, "the place was erased"), ("digest", "0" * 32, "its page is gone")],
)
def test_a_letter_that_cannot_be_read_fails_alone(
    room: Path, now: datetime, column: str, value: object, why: str
) -> None:
    with db.write() as session:
        broken, whole = said(session, now=now), said(session, now=now)
        setattr(session.get_one(LetterRow, broken), column, value)
    assert ids(claimed(now)) == [whole]
    assert (row(broken).state, row(broken).why) == ("failed", why)


def test_a_possible_repeat_goes_again_in_words_that_say_so(room: Path, now: datetime) -> None:
    with db.write() as session:
        number = said(session, now=now, urgent=True)
    parcel = claimed(now)[0]
    with db.write() as session:
        assert sending.again(session, parcel, now=now, page=library.page("staff/alert-again"))
    again = claimed(now + timedelta(seconds=1))[0]
    assert (again.letter_id, again.page.key) == (number, "staff/alert-again")
    assert row(number).page == "staff/alert-again"


def test_what_a_dead_sender_left_on_its_way_is_free_when_another_takes_over(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        number, other = said(session, now=now), said(session, now=now, chat="7234567891")
    dead = claimed(now)
    assert sorted(ids(dead)) == sorted([number, other])
    with db.write() as session:
        assert sending.sent(session, dead[1], "75", now=now)
        sending.take_over(session, "staff_telegram", wall=WALL + timedelta(seconds=1))
    assert claimed(now, later=2) == []
    with db.write() as session:
        sending.take_over(session, "telegram", wall=WALL + timedelta(seconds=1))
    again = claimed(now, later=2)
    assert ids(again) == [dead[0].letter_id]
    with db.write() as session:
        assert not sending.sent(session, dead[0], "76", now=now)
