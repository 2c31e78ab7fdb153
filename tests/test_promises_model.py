"""Whatever happens in whatever order, the room keeps its promises (a model test).

The model knows only what was brought in, who closed what, and which rung was reached. What must
be true is asked with the very questions of the live audit, after each step; and once the world
works again, every one of them must be answered well.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot import hearing, inbox
from bot.effects import Hearer
from scheduler import ticks
from tests import people as sample
from tests.bot.raw_updates import message
from tests.conftest import WEDNESDAY
from tests.faults.figures import Figures
from waiting_room import clock, db, outbox, sending
from waiting_room.care import alerts, duty, promises
from waiting_room.care.put_back import put_back
from waiting_room.channels import settling
from waiting_room.channels.contract import Later, Permanent, Unsure
from waiting_room.channels.settling import Outcome
from waiting_room.errors import Refused
from waiting_room.models import (
    Alert,
    AlertEvent,
    InboxUpdate,
    LetterRow,
    Message,
    Staff,
    StaffChannel,
    new_id,
)
from waiting_room.sending import Parcel

CAUSES = ("message", "inbox")
NAMES, LANES = ("worker", "backup", "lead"), ("telegram", "staff_telegram", "email")
CALM, CRY, POISON = "the garden was lovely", "I want to kill myself", "poison kill myself"
STEPS, CLAIM, TRY = [0], 50, timedelta(seconds=6)
TROUBLES = {
    "sent": None,
    "later": partial(Later, "sample"),
    "refused": partial(Permanent, "sample"),
    "gone": partial(Permanent, "sample", gone=True),
    "unsure": partial(Unsure, "sample"),
}
# The world's doing and not ours: every channel refuses. Asked again once the world works.
OF_THE_WORLD = {"somebody was told of every alert"}
chats, staff = st.sampled_from([0, 1, 2]), st.sampled_from(NAMES)
numbers, outcomes = st.integers(0, 10**6), st.sampled_from([*TROUBLES, "lost"])


class Crash(BaseException):
    """The process dies before the transaction is stored."""


@dataclass(frozen=True)
class Since(promises.Moment):
    """Everything since this example began, however long its clock ran."""

    began: str

    @property
    def recent(self) -> str:
        return self.began


def hearers(*, crash_at: str = "") -> inbox.Hearers:
    """The patients' bot, which fails at one text and lets the process die after another."""

    def hear(session: Session, update: dict[str, Any], *, now: datetime) -> None:
        text = update["message"].get("text")
        if text == POISON:
            raise ZeroDivisionError
        hearing.hear_patient(session, update, now=now)
        if crash_at and text == crash_at:
            raise Crash

    return {"patients": Hearer(hear, hearing.look_ahead)}


class Room(RuleBasedStateMachine):
    """Two patients and a stranger, a team of three, letters, workers, and a clock that jumps."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = WEDNESDAY
        self.ahead = timedelta()
        self.began = new_id()
        self.brought: list[tuple[bytes, datetime]] = []
        self.cries: set[str] = set()
        self.closings = self.poisons = 0
        self.in_flight: list[Parcel] = []
        self.holders: dict[str, Parcel] = {}
        # Numbers of Telegram's are its own: another example must not meet them again.
        self.base = int(self.began.replace("-", "")[:15], 16) % 10**15
        with db.write() as session:
            self.people = {name: self._person(session, name) for name in NAMES}
            worker = session.get_one(Staff, self.people["worker"])
            for rung, name in ((duty.BACKUP, "backup"), (duty.LEAD, "lead")):
                duty.stand(session, self.people[name], rung, since=self.now)
            for who in (0, 1):
                sample.patient(session, now=self.now, chat_id=str(self._chat(who)), worker=worker)

    @rule(who=chats, text=st.sampled_from([CALM, CRY, CRY, POISON]), voice=st.booleans())
    def something_is_said(self, who: int, text: str, voice: bool) -> None:
        self._say(who, text, voice=voice)

    @rule(which=numbers, shift=st.booleans())
    def a_copy_comes(self, which: int, shift: bool) -> None:
        # Telegram repeats for a day; the same number later is that of a new update.
        lately = [raw for raw, at in self.brought if abs(self.now - at) < timedelta(days=1)]
        if not lately:
            return
        raw = lately[which % len(lately)]
        # The same message under a new number, as after a long outage.
        anew = shift and b"poison" not in raw
        first = raw.replace(b'{"update_id": ', b'{"update_id": 9') if anew else raw
        self._store(*lately[-3:][::-1], first)

    @rule(text=st.sampled_from([CALM, CRY]), crash=st.booleans())
    def two_workers_work(self, text: str, crash: bool) -> None:
        if crash:
            with suppress(Crash):
                inbox.work_once(hearers(crash_at=text), now=self.now)
            return
        with ThreadPoolExecutor(2) as both:
            list(both.map(lambda _: inbox.work_once(hearers(), now=self.now), range(2)))

    @rule(lane=st.sampled_from(LANES), how=outcomes)
    def letters_leave(self, lane: str, how: str) -> None:
        self._deliver(lane, how)

    @rule(who=chats)
    def a_sender_wakes_too_late(self, who: int) -> None:
        self._say(who, CRY)
        self._live_on(timedelta(), "lost")
        self._live_on(timedelta(minutes=1), "lost")
        for parcel in self.in_flight:
            with db.write() as session:
                row = session.get_one(LetterRow, parcel.letter_id)
                mine = row.state == outbox.SENDING and self.holders[row.id] is parcel
                assert sending.sent(session, parcel, "late", now=self.now) == mine
        self.in_flight.clear()

    @rule(minutes=st.sampled_from([1, 5, 31, 8 * 60, 3 * 24 * 60]), how=outcomes)
    def time_passes(self, minutes: int, how: str) -> None:
        self._live_on(timedelta(minutes=minutes), how)

    @rule(hours=st.sampled_from([-24, -1, 1, 24]), how=outcomes)
    def the_clock_jumps(self, hours: int, how: str) -> None:
        self.now += timedelta(hours=hours)
        if hours < 0:
            with db.write() as session:
                put_back(session, by=timedelta(hours=-hours), now=self.now, wall=self._wall())
        # What stood behind a poisoned update needs a moment, as it would without a jump.
        self._live_on(timedelta(minutes=1), how)

    @rule(who=chats, name=staff)
    def acknowledge(self, who: int, name: str) -> None:
        def take(session: Session, alert: Alert, person: Staff) -> None:
            alerts.acknowledge(session, alert, person, now=self.now)
            assert alert.acknowledged_by == person.id

        self._act(who, name, take)

    @rule(who=chats, name=staff, outcome=st.sampled_from(alerts.OUTCOMES))
    def outcome(self, who: int, name: str, outcome: str) -> None:
        def record(session: Session, alert: Alert, person: Staff) -> None:
            alerts.record_outcome(session, alert, outcome, by=person, now=self.now)

        self._act(who, name, record)

    @rule(who=chats, name=staff, crash=st.booleans())
    def close(self, who: int, name: str, crash: bool) -> None:
        def end(session: Session, alert: Alert, person: Staff) -> None:
            alerts.close(session, alert, "done", by=person, now=self.now)
            if crash:
                raise Crash

        self.closings += self._act(who, name, end)

    @rule(name=staff, active=st.booleans(), dead=st.booleans())
    def rights_change_and_channels_die(self, name: str, active: bool, dead: bool) -> None:
        with db.write() as session:
            session.get_one(Staff, self.people[name]).is_active = active
            mine = StaffChannel.staff_id == self.people[name]
            dies = {"dead_at": self.now if dead else None}
            session.execute(update(StaffChannel).where(mine).values(dies))

    @invariant()
    def every_promise_is_kept(self) -> None:
        STEPS[0] += 1
        broken = self._broken()
        if broken.keys() - OF_THE_WORLD:
            self._leave_nothing_open()
        assert not broken.keys() - OF_THE_WORLD, broken

    @invariant()
    def every_cry_that_took_effect_raised_somebody_once(self) -> None:
        with db.read() as session:
            done = select(Message.channel_message_id).where(Message.id > self.began)
            heard = list(session.scalars(done))
            buried = (InboxUpdate.id > self.began, InboxUpdate.state == "dead")
            dead = list(session.scalars(select(InboxUpdate.id).where(*buried)))
            causes = select(AlertEvent.cause_id).where(AlertEvent.id > self.began)
            known = list(session.scalars(causes.where(AlertEvent.cause_kind.in_(CAUSES))))
        assert len(heard) == len(set(heard)), "said once, heard twice"
        assert len(known) == len(set(known)) == len(self.cries & set(heard)) + len(dead)

    @invariant()
    def what_was_closed_was_closed_by_people(self) -> None:
        with db.read() as session:
            closed = (Alert.id > self.began, Alert.state == alerts.CLOSED)
            count = session.scalar(select(func.count(Alert.id)).where(*closed))
            assert count == self.closings

    @invariant()
    def all_copies_carry_one_reference(self) -> None:
        with db.read() as session:
            copies = select(LetterRow, Alert.reference).join(Alert, Alert.id == LetterRow.alert_id)
            ours = (LetterRow.id > self.began, LetterRow.staff_id.is_not(None))
            for letter, reference in session.execute(copies.where(*ours)):
                assert letter.values["ref"] == reference

    def teardown(self) -> None:
        """The world works again: then every promise is kept, and nothing that came is lost."""
        with db.write() as session:
            session.execute(update(Staff).values(is_active=True))
            session.execute(update(StaffChannel).values(dead_at=None))
        # Longer than any step of any ladder, and over a weekend.
        for _ in range(9):
            self._live_on(timedelta(hours=9), "sent")
        broken = self._broken()
        self._leave_nothing_open()
        with db.read() as session:
            waiting = InboxUpdate.state.in_(("waiting", "held"))
            lost = list(session.scalars(select(InboxUpdate.id).where(waiting)))
        assert (broken, lost) == ({}, [])

    def _say(self, who: int, text: str, *, voice: bool = False) -> None:
        # Each holds its chat for some seconds; ten in a row would hold it longer than promised.
        self.poisons += text == POISON
        text = CRY if self.poisons > 3 else text
        number = self.base + len(self.brought)
        said: dict[str, Any] = {"text": text}
        if voice and text == CALM:
            said = {"voice": {"file_id": "x", "file_unique_id": "x", "duration": 3}}
        raw = message(number, chat=self._chat(who), at=self.now, **said)
        if text != CALM or (voice and who < 2):
            self.cries.add(str(number))
        self.brought.append((raw, self.now))
        self._store(raw)

    def _live_on(self, by: timedelta, how: str) -> None:
        """What a room does all the time, and first of all after an outage."""
        # A poisoned update is tried again every few seconds, not once a minute.
        for _ in range(min(10, int(by / TRY))):
            self.now, self.ahead, by = self.now + TRY, self.ahead + TRY, by - TRY
            inbox.work_once(hearers(), now=self.now)
            self.poisons = 0
        self.now, self.ahead = self.now + by, self.ahead + by
        while inbox.work_once(hearers(), now=self.now):
            pass
        for tick in (ticks.climb, ticks.seal_audit):
            tick(self.now)
        for lane in LANES:
            self._deliver(lane, how)

    def _broken(self) -> dict[str, list[str]]:
        with db.read() as session:
            return promises.audit(session, Since(self.now, self._wall(), self.began))

    def _store(self, *updates: bytes) -> None:
        inbox.store("patients", updates, next_offset=None, now=self.now)

    def _deliver(self, lane: str, how: str) -> None:
        with db.write() as session:
            due = sending.Due(lane, now=self.now, wall=self._wall())
            parcels = sending.claim(session, due, limit=CLAIM)
        self.holders |= {parcel.letter_id: parcel for parcel in parcels}
        if how == "lost":
            self.in_flight += parcels
            return
        trouble = TROUBLES[how]
        for parcel in parcels:
            outcome = Outcome(parcel, "1", trouble=trouble() if trouble else None)
            with db.write() as session:
                settling.write_all_down(session, [outcome], now=self.now)
        # As a lane does: it claims again until nothing is due.
        if len(parcels) == CLAIM:
            self._deliver(lane, how)

    def _wall(self) -> datetime:
        return clock.wall() + self.ahead

    def _chat(self, who: int) -> int:
        return self.base + who

    def _person(self, session: Session, name: str) -> str:
        return sample.staff(session, f"Sample {name}{new_id()}", now=self.now).id

    def _act(self, who: int, name: str, act: Callable[[Session, Alert, Staff], None]) -> bool:
        """Do it to an open alert, if there is one; a refusal is an answer, not a fault."""
        ours = select(Alert).where(Alert.id > self.began, Alert.state.in_(alerts.OPEN))
        with suppress(Crash, Refused), db.write() as session:
            found = session.scalars(ours.order_by(Alert.id)).all()
            if found:
                person = session.get_one(Staff, self.people[name])
                act(session, found[who % len(found)], person)
                return True
        return False

    def _leave_nothing_open(self) -> None:
        """The next example lives in the same room."""
        with db.write() as session:
            by = self.people["lead"]
            closed = {"state": alerts.CLOSED, "due_at": None, "closed_by": by}
            session.execute(update(Alert).where(Alert.state.in_(alerts.OPEN)).values(closed))
            unsent = LetterRow.state.in_((outbox.QUEUED, outbox.SENDING, outbox.HELD))
            session.execute(update(LetterRow).where(unsent).values(state=outbox.DROPPED))
            session.execute(update(Staff).values(is_active=False))


def test_the_room_keeps_its_promises_in_any_order(any_room: Path, figures: Figures) -> None:
    is_sqlite = db.current().is_sqlite
    examples = figures.size(short=6 if is_sqlite else 2, long=350 if is_sqlite else 40)
    steps = figures.size(short=20, long=60)
    many = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=not figures.is_long,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    STEPS[0] = 0
    try:
        run_state_machine_as_test(Room, settings=many)
    finally:
        database = "sqlite" if is_sqlite else "postgresql"
        kept = not sys.exc_info()[0]
        words = f"{STEPS[0]:,} steps of the model, every promise after each"
        figures.note("model", database=database, figure=words, passed=kept)
