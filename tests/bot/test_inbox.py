"""Stored first, then each takes effect once, in order, and a bad one stops nobody else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from bot import hearing, inbox
from bot.effects import Hearer
from tests import people
from tests.bot.raw_updates import ALEX, BEA, message, update
from waiting_room import bell, db, keyring, leases
from waiting_room.care import conversations
from waiting_room.models import Address, Alert, InboxUpdate, LetterRow, Message

pytestmark = pytest.mark.usefixtures("any_room")
SECOND = timedelta(seconds=1)


def store(*updates: bytes, now: datetime, next_offset: int | None = None) -> int:
    return inbox.store("patients", updates, next_offset=next_offset, now=now)


def work(now: datetime) -> int:
    done = 0
    # Where several write, few are taken chat by chat.
    while some := hearing.work_once(now=now):
        done += some
    return done


def heard(chat: int = ALEX) -> list[str]:
    """What was heard in a chat, in the order it took effect."""
    with db.read() as session:
        hashed = conversations.chat_hash("telegram", str(chat))
        rows = select(Message).where(Message.chat_hash == hashed).order_by(Message.id)
        return [row.text for row in session.scalars(rows)]


def states() -> dict[int, tuple[str, int]]:
    with db.read() as session:
        rows = session.scalars(select(InboxUpdate)).all()
        return {row.update_id: (row.state, row.tries) for row in rows}


def alerts() -> list[tuple[str, str]]:
    with db.read() as session:
        return [(alert.colour, alert.kind) for alert in session.scalars(select(Alert))]


def letters(chat: int = ALEX) -> list[str]:
    with db.read() as session:
        hashed = conversations.chat_hash("telegram", str(chat))
        mine = select(LetterRow.page).join(Address, LetterRow.address_id == Address.id)
        return list(session.scalars(mine.where(Address.chat_hash == hashed)))


@pytest.fixture
def poisoned(any_room: Path) -> Iterator[None]:
    """The database itself refuses every message of Alex's chat, and only those."""
    hashed = conversations.chat_hash("telegram", str(ALEX))
    with db.write() as session:
        for statement in poison(hashed, sqlite=db.current().is_sqlite):
            session.execute(text(statement))
    yield


def poison(hashed: str, *, sqlite: bool) -> list[str]:
    if sqlite:
        return [
            f"CREATE TRIGGER poison BEFORE INSERT ON message WHEN NEW.chat_hash = '{hashed}' "
            "BEGIN SELECT RAISE(ABORT, 'poison'); END"
        ]
    return [
        "CREATE FUNCTION refuse() RETURNS trigger AS "
        "$$ BEGIN RAISE EXCEPTION 'poison'; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER poison BEFORE INSERT ON message FOR EACH ROW "
        f"WHEN (NEW.chat_hash = '{hashed}') EXECUTE FUNCTION refuse()",
    ]


def test_an_update_takes_effect_once_however_often_it_comes(now: datetime) -> None:
    one = message(11, text="hello")
    assert store(one, one, now=now) == 1
    assert store(one, now=now) == 0
    assert work(now) == 1
    assert store(one, now=now) == 0
    assert work(now) == 0
    assert heard() == ["hello"]
    assert states() == {11: ("done", 0)}


def test_the_offset_is_stored_with_the_batch_and_may_go_down(now: datetime) -> None:
    assert inbox.next_offset("patients") is None
    store(message(900, text="a"), message(901, text="b"), now=now, next_offset=902)
    assert inbox.next_offset("patients") == 902
    store(message(5, text="after a week of silence"), now=now, next_offset=6)
    assert inbox.next_offset("patients") == 6
    assert inbox.next_offset("staff") is None


def test_a_poller_that_woke_too_late_keeps_what_it_holds_and_moves_nothing(now: datetime) -> None:
    with db.write() as session:
        first = leases.take(session, "poller", owner="slow", seconds=-1)
    slow = leases.Held("poller", first or 0, 0)
    update = message(1, text="hello")
    assert inbox.store("patients", [update], next_offset=2, now=now, held=slow) == 1
    with db.write() as session:
        leases.take(session, "poller", owner="quick")
    late = message(9, text="late")
    assert inbox.store("patients", [late], next_offset=10, now=now, held=slow) == 1
    assert inbox.next_offset("patients") == 2


def test_nothing_is_readable_at_rest(now: datetime) -> None:
    store(message(11, text="my secret words"), now=now)
    with db.read() as session:
        row = session.scalars(select(InboxUpdate)).one()
    assert row.body_sealed is not None and b"secret" not in row.body_sealed
    assert "my secret words" in row.body


def test_every_byte_is_kept(now: datetime) -> None:
    odd = b'{"update_id": 7, "message": {"text": "\xff\xc3 \\ud83d", "chat": {"id": 5}}}'
    store(odd, now=now)
    with db.read() as session:
        row = session.scalars(select(InboxUpdate)).one()
    assert row.body.encode("utf-8", "surrogateescape") == odd
    assert row.update_id == 7


def test_words_take_effect_in_the_order_they_were_said(now: datetime) -> None:
    said = [message(20 + n, text=f"word {n}", at=now + n * SECOND) for n in range(9)]
    store(*[said[n] for n in (3, 1, 0, 2, 8, 7, 4, 6, 5)], now=now)
    work(now)
    assert heard() == [f"word {n}" for n in range(9)]


def test_numbers_that_begin_anew_change_no_order_and_lose_nothing(now: datetime) -> None:
    store(message(900, text="before", number=1, at=now - SECOND), now=now, next_offset=901)
    store(message(5, text="after", number=2, at=now), now=now, next_offset=6)
    work(now)
    assert heard() == ["before", "after"]


def test_a_number_used_again_long_after_is_a_new_update(now: datetime) -> None:
    store(message(11, text="in spring", number=1), now=now)
    work(now)
    later = now + timedelta(days=40)
    assert store(message(11, text="in summer", number=2), now=later) == 1
    work(later)
    assert heard() == ["in spring", "in summer"]


def test_the_same_message_under_a_new_number_has_no_second_effect(now: datetime) -> None:
    store(message(11, text="hello", number=4), now=now)
    work(now)
    store(message(3, text="hello", number=4), now=now)
    work(now)
    assert heard() == ["hello"]
    assert states()[3] == ("done", 0)


def test_a_poisoned_chat_stops_nobody_else(poisoned: None, now: datetime) -> None:
    store(
        message(1, text="poison"),
        message(2, text="behind it"),
        message(3, chat=BEA, text="hello"),
        now=now,
    )
    work(now)
    assert heard(BEA) == ["hello"]
    assert states() == {1: ("held", 1), 2: ("waiting", 0), 3: ("done", 0)}
    assert work(now) == 0


def test_an_update_that_ends_the_process_is_a_dead_letter_the_third_time(now: datetime) -> None:
    class Killed(BaseException):
        """Stands for a kill: nothing after it runs, nothing of the transaction stays."""

    def die(session: Session, update: dict[str, Any], *, now: datetime) -> None:
        if update["message"]["chat"]["id"] == ALEX:
            raise Killed
        hearing.hear_patient(session, update, now=now)

    store(message(1, text="deadly"), now=now - timedelta(seconds=1))
    store(message(2, chat=BEA, text="hello"), now=now)
    moment = now
    for ended_before in range(3):
        inbox.suspect(now=moment)
        # All others are served before what waited longest is tried.
        inbox.work_once({"patients": Hearer(die)}, now=moment)
        assert heard(BEA) == ["hello"], ended_before
        moment += timedelta(seconds=10)
        with pytest.raises(Killed):
            inbox.work_once({"patients": Hearer(die)}, now=moment)
    inbox.suspect(now=moment)
    moment += timedelta(seconds=10)
    while work(moment):
        pass
    assert states()[1] == ("dead", 4) and letters() == ["crisis/could-not-pass-on"]
    assert heard(BEA) == ["hello"]


def test_after_three_tries_a_person_is_told_and_the_chat_flows_again(
    poisoned: None, now: datetime
) -> None:
    store(message(1, text="poison"), now=now)
    moment = now
    for _ in range(3):
        assert states()[1][0] != "dead"
        work(moment)
        moment += timedelta(seconds=10)
    assert states() == {1: ("dead", 3)}
    assert alerts() == [("amber", "unreadable message")]
    assert letters() == ["crisis/could-not-pass-on"]
    with db.write() as session:
        on = "" if db.current().is_sqlite else " ON message"
        session.execute(text(f"DROP TRIGGER poison{on}"))
    store(message(2, text="and now?"), now=moment)
    work(moment)
    assert heard() == ["and now?"]


def test_a_dead_letter_with_words_of_danger_is_red(poisoned: None, now: datetime) -> None:
    with db.write() as session:
        person, _ = people.patient(session, now=now, chat_id=str(ALEX))
    store(message(1, text="I want to kill myself"), now=now)
    for seconds in (0, 2, 10):
        work(now + seconds * SECOND)
    with db.read() as session:
        alert = session.scalars(select(Alert)).one()
        urgent = select(func.min(LetterRow.priority)).where(LetterRow.page.like("crisis/%"))
        assert (alert.colour, alert.patient_id) == ("red", person.id)
        assert session.scalar(urgent) == 0


def test_what_is_behind_a_held_update_keeps_waiting_also_when_it_comes_later(
    poisoned: None, now: datetime
) -> None:
    store(message(1, text="poison"), now=now)
    work(now)
    store(message(2, text="later"), now=now + SECOND / 2)
    assert work(now + SECOND / 2) == 0
    assert states()[2] == ("waiting", 0)


def test_a_clock_put_back_holds_nobody_for_ever(poisoned: None, now: datetime) -> None:
    store(message(1, text="poison"), message(2, chat=BEA, text="hello"), now=now)
    assert work(now - timedelta(days=1)) == 2
    assert heard(BEA) == ["hello"]
    assert work(now - timedelta(days=2)) == 1
    assert states()[1] == ("held", 2)


@pytest.mark.parametrize("junk", [b"", b"no json", b"[1, 2]", b'{"update_id": 4', b"\xff\xfe"])
def test_what_cannot_be_read_is_kept_and_a_person_is_told(junk: bytes, now: datetime) -> None:
    assert store(junk, now=now) == 1
    assert store(junk, now=now) == 0
    work(now)
    assert [state for state, _ in states().values()] == ["dead"]
    assert alerts() == [("amber", "unreadable message")]


def test_danger_is_seen_even_in_what_cannot_be_read(now: datetime) -> None:
    store(b'{"update_id": 4, "message": {"text": "I want to kill myself\\u0021"', now=now)
    work(now)
    assert alerts() == [("red", "unreadable message")]


def test_a_chat_whose_key_was_destroyed_is_passed_over(now: datetime) -> None:
    store(message(1, text="forget me"), now=now)
    hashed = conversations.chat_hash("telegram", str(ALEX))
    keyring.current().destroy(f"chat:{hashed}", now=now)
    assert work(now) == 1
    assert states() == {1: ("done", 0)} and heard() == [] and alerts() == []


def test_two_workers_keep_the_order_of_a_chat(now: datetime) -> None:
    chats = [ALEX + n for n in range(4)]
    said = [
        message(1 + 4 * n + c, chat=chat, text=f"word {n}", at=now + n * SECOND)
        for n in range(10)
        for c, chat in enumerate(chats)
    ]
    store(*said, now=now)
    with db.write() as session:
        for chat in chats:
            conversations.address(session, "telegram", str(chat), now=now)

    def drain() -> None:
        while set(states().values()) != {("done", 0)}:
            hearing.work_once(now=now, limit=3)

    workers = [threading.Thread(target=drain) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    for chat in chats:
        assert heard(chat) == [f"word {n}" for n in range(10)]


def test_the_worker_wakes_by_the_bell_and_stops_when_told(now: datetime) -> None:
    async def go() -> None:
        stop, beats = asyncio.Event(), []
        listener = bell.Listener(bell.LETTERS)
        worker = asyncio.create_task(hearing.run_worker(stop, beat=lambda: beats.append(1)))
        await asyncio.to_thread(store, message(1, text="hello"), now=now)
        assert await listener.wait(5)
        stop.set()
        await asyncio.wait_for(worker, 5)
        assert beats

    asyncio.run(go())
    assert heard() == ["hello"]


def test_nothing_that_was_said_reaches_the_log(
    poisoned: None, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    store(message(1, text="canary words"), now=now)
    work(now)
    assert "canary" not in caplog.text and str(ALEX) not in caplog.text
    assert "an update failed" in caplog.text


def test_of_two_workers_who_see_the_same_held_one_neither_counts_a_try_that_was_not_made(
    now: datetime,
) -> None:
    held = [message(number, chat=7_000_000_000 + number) for number in range(1, 21)]
    store(*held, now=now)
    inbox.suspect(now=now)
    later = now + inbox.OTHERS_FIRST
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda _: hearing.work_once(now=later), range(2)))
    assert set(states().values()) == {("done", 1)}


def test_an_update_of_no_chat_is_kept_and_ignored(now: datetime) -> None:
    store(update(8, something_new={"what": "ever"}), message(9, text="hello"), now=now)
    assert work(now) == 2
    assert states() == {8: ("done", 0), 9: ("done", 0)}
    assert heard() == ["hello"]


def test_a_patient_does_not_wait_behind_ten_strangers_and_then_all_are_heard(now: datetime) -> None:
    with db.write() as session:
        worker = people.staff(session, "Sample Worker", now=now)
        people.patient(session, now=now, chat_id=str(BEA), worker=worker)
    crowd = [message(number, chat=8_000_000_000 + number, text="hello") for number in range(1, 11)]
    store(*crowd, now=now)
    store(message(11, chat=BEA, text="the eleventh"), now=now)
    assert hearing.work_once(now=now, limit=1) == 1
    assert heard(BEA) == ["the eleventh"]
    assert work(now) == 10


def test_who_joins_is_heard_in_order_though_they_were_a_stranger_before(now: datetime) -> None:
    store(message(1, chat=BEA, text="first"), now=now)
    with db.write() as session:
        worker = people.staff(session, "Sample Worker", now=now)
        people.patient(session, now=now, chat_id=str(BEA), worker=worker)
    store(message(2, chat=BEA, text="second"), now=now)
    assert work(now) == 2
    assert heard(BEA) == ["first", "second"]
    store(message(3, chat=BEA, text="third"), message(4, text="a stranger"), now=now)
    assert hearing.work_once(now=now, limit=1) == 1
    assert heard(BEA)[-1] == "third"


def test_one_bad_update_spoils_nothing_of_a_batch_that_was_foreseen(now: datetime) -> None:
    with db.write() as session:
        worker = people.staff(session, "Sample Worker", now=now)
        people.patient(session, now=now, chat_id=str(BEA), worker=worker)
    store(message(1, chat=BEA, text="before"), update(2, message="no message"), now=now)
    store(message(3, chat=BEA, text="after"), message(4, text="I want to die"), now=now)
    work(now)
    assert heard(BEA) == ["before", "after"]
    assert ("amber", "unknown person") in alerts()


def test_the_same_message_twice_in_one_batch_takes_effect_once(now: datetime) -> None:
    once = message(1, chat=BEA, text="only once", number=77)
    again = message(2, chat=BEA, text="only once", number=77)
    store(once, again, now=now)
    assert work(now) == 2
    assert heard(BEA) == ["only once"]
