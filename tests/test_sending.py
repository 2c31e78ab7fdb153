"""A letter is held by one sender at a time, most urgent first, and settled by that sender alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from waiting_room import clock, db, keyring, letter_queue, outbox, sending
from waiting_room.care import conversations
from waiting_room.letters import Letter, Priority
from waiting_room.models import LetterRow
from waiting_room.sending import Due, Parcel

WALL = clock.wall()


def said(
    session: Session,
    *,
    now: datetime,
    urgent: bool = False,
    chat: str = "7234567890",
    priority: Priority = Priority.CHECK_IN,
) -> str:
    address = conversations.address(session, "telegram", chat, now=now)
    priority = Priority.CRISIS if urgent else priority
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
        first, second = said(session, now=now), said(session, now=now, chat="7234567891")
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
    for pause in (1, 2, 5, 10, 20, 45, 45):
        parcel = claimed(at)[0]
        with db.write() as session:
            sending.later(session, parcel, now=at)
        assert 0.75 * pause <= (row(number).due_at - at).total_seconds() <= pause
        at = row(number).due_at
    parcel = claimed(at)[0]
    with db.write() as session:
        sending.later(session, parcel, now=at, seconds=7)
    assert row(number).due_at - at == timedelta(seconds=7)


def test_waiting_for_others_spends_no_try(room: Path, now: datetime) -> None:
    with db.write() as session:
        number = said(session, now=now)
    parcel = claimed(now)[0]
    with db.write() as session:
        sending.later(session, parcel, now=now, seconds=1, tried=False)
    assert (row(number).tries, row(number).state) == (0, "queued")


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
    [
        ("place_sealed", None, "the place was erased"),
        ("place_sealed", b"x" * 60, "the place was erased"),
        ("digest", "0" * 32, "its page is gone"),
        ("owner", "another", "the place was erased"),
    ],
)
def test_a_letter_that_cannot_be_read_says_so_and_holds_up_no_other(
    room: Path, now: datetime, column: str, value: object, why: str
) -> None:
    with db.write() as session:
        broken, whole = said(session, now=now), said(session, now=now, chat="7234567891")
        setattr(session.get_one(LetterRow, broken), column, value)
    parcels = claimed(now)
    assert ids(parcels) == [broken, whole]
    assert [parcel.broken for parcel in parcels] == [why, ""]


def test_a_letter_that_was_tampered_with_fails_alone(room: Path, now: datetime) -> None:
    with db.write() as session:
        letter = session.get_one(LetterRow, said(session, now=now))
        said(session, now=now, chat="7234567891")
        letter.place_sealed = letter.place_sealed[:-1] + bytes([letter.place_sealed[-1] ^ 1])
    assert [parcel.broken for parcel in claimed(now)] == ["it cannot be opened", ""]


def test_a_possible_repeat_goes_again_and_says_so(room: Path, now: datetime) -> None:
    with db.write() as session:
        number = said(session, now=now, urgent=True)
    parcel = claimed(now)[0]
    with db.write() as session:
        assert sending.again(session, parcel, now=now)
    again = claimed(now + timedelta(seconds=1))[0]
    assert (again.letter_id, again.is_repeat, parcel.is_repeat) == (number, True, False)


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
    # The dead one may have sent it, so the copy says so.
    assert [parcel.is_repeat for parcel in dead + again] == [False, False, True]
    with db.write() as session:
        assert not sending.sent(session, dead[0], "76", now=now)


def test_letters_of_one_line_are_claimed_one_after_the_other(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        first, second = said(session, now=now), said(session, now=now)
        other = said(session, now=now, chat="7234567891")
        urgent = said(session, now=now, urgent=True)
    parcels = claimed(now)
    assert ids(parcels) == [urgent, first, other]
    # Not while it is on its way, and not while it waits for its retry.
    assert claimed(now) == []
    with db.write() as session:
        sending.later(session, parcels[1], now=now, seconds=60)
    assert claimed(now) == []
    parcels = claimed(now + timedelta(seconds=60))
    assert ids(parcels) == [first]
    with db.write() as session:
        sending.all_sent(session, [(parcels[0], "77")], now=now)
    assert ids(claimed(now)) == [second]


def test_a_reply_passes_a_broadcast_that_only_waits_but_not_one_that_was_tried(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        broadcast = said(session, now=now, priority=Priority.BROADCAST)
        reply = said(session, now=now, priority=Priority.REPLY)
    parcels = claimed(now)
    assert ids(parcels) == [reply, broadcast]
    with db.write() as session:
        sending.all_sent(session, [(parcels[0], "77")], now=now)
        sending.later(session, parcels[1], now=now, seconds=60)
        reply = said(session, now=now, priority=Priority.REPLY)
    assert claimed(now) == []
    assert ids(claimed(now + timedelta(seconds=60))) == [broadcast]


def test_a_letter_that_fails_and_fails_holds_up_its_chat_for_minutes_only(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        poison, whole = said(session, now=now), said(session, now=now)
    at = now
    for _ in range(letter_queue.STUCK):
        parcel = claimed(at)[0]
        assert parcel.letter_id == poison
        with db.write() as session:
            sending.later(session, parcel, now=at)
        at = row(poison).due_at
    assert timedelta(minutes=3) < at - now < timedelta(minutes=7)
    assert ids(claimed(now)) == [whole]


def test_a_day_of_own_failures_is_enough_and_waiting_is_none(room: Path, now: datetime) -> None:
    with db.write() as session:
        said(session, now=now)
    parcel, day = claimed(now)[0], now + timedelta(days=1)
    assert not sending.is_hopeless(parcel, now=day)
    tried = replace(parcel, tries=sending.GIVE_UP_TRIES)
    assert sending.is_hopeless(tried, now=day)
    assert not sending.is_hopeless(tried, now=day - timedelta(seconds=1))
    assert not sending.is_hopeless(replace(tried, priority=Priority.CRISIS), now=day)


def test_a_dead_senders_letter_is_taken_up_though_newer_ones_wait(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        first = said(session, now=now)
        said(session, now=now)
    claimed(now)
    assert ids(claimed(now, later=31)) == [first]


def test_keys_of_many_are_looked_up_at_once(
    any_room: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.write() as session:
        numbers = [said(session, now=now, chat=str(7_234_567_890 + n)) for n in range(5)]
    keyring.current()._forget()
    single: list[str] = []
    store, find = keyring.current()._store, keyring.current()._store.find
    monkeypatch.setattr(store, "find", lambda owner: [single.append(owner), find(owner)][1])
    assert ids(claimed(now)) == numbers
    assert single == []
