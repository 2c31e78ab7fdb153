"""The calendar: clocks that change or jump, quiet hours, holidays (F16 to F19).

Three schedulers turn at once, and care time is moved; what is counted are rows.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import func, select

from scheduler import drift, ticks
from tests import people
from tests.conftest import WEDNESDAY
from tests.faults.figures import Figures
from tests.journeys.live import LiveRoom
from waiting_room import beats, clock, db, sending
from waiting_room.care import alerts, check_ins, ladder, rhythms
from waiting_room.care.colours import Colour
from waiting_room.models import Alert, AlertEvent, CheckIn, LetterRow, Patient, Staff

pytestmark = pytest.mark.faults
LONDON = ZoneInfo("Europe/London")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WORKERS = 3


def at_once(act: Callable[[int], object]) -> None:
    """Three schedulers take the same turn."""
    with ThreadPoolExecutor(WORKERS) as threads:
        list(threads.map(act, range(WORKERS)))


def waiting(number: int, *, now: datetime, worker: Staff, first: date, at: time) -> None:
    """So many patients whose first asking is on this day at this time."""
    with db.write() as session:
        for n in range(number):
            who = {"name": f"Sample Person {n}", "phone": f"+4477009{n:05}"}
            chat = f"{first:%m%d}{n:04}"
            patient, _ = people.patient(session, now=now, chat_id=chat, worker=worker, **who)
            plan = rhythms.choose(session, patient, "weekly", now=now)
            plan.starts_on, plan.hour, plan.minute = first, at.hour, at.minute


def asked() -> list[CheckIn]:
    with db.read() as session:
        return list(session.scalars(select(CheckIn).where(CheckIn.asked_at.is_not(None))))


def asking_letters() -> int:
    with db.read() as session:
        asks = select(func.count()).select_from(LetterRow).where(LetterRow.dedupe.like("ask:%"))
        return session.scalar(asks) or 0


@pytest.mark.parametrize(
    ("fault", "change", "local"),
    [("F16", date(2027, 3, 28), time(2, 0)), ("F17", date(2026, 10, 25), time(1, 30))],
)
def test_an_hour_that_is_missing_or_comes_twice(
    any_room: Path, figures: Figures, fault: str, change: date, local: time
) -> None:
    start = datetime.combine(change, time(12), UTC) - 2 * DAY
    number = figures.size(short=8, long=200)
    with db.write() as session:
        worker = people.staff(session, now=start)
    waiting(number, now=start, worker=worker, first=change, at=time(1, 30))
    planned = set()
    for hours in range(24 * 3):
        now = start + hours * HOUR
        at_once(lambda _, now=now: (ticks.fill_check_ins(now), ticks.ask_check_ins(now)))  # type: ignore[misc]
        with db.read() as session:
            early = select(CheckIn.due_at).where(CheckIn.asked_at.is_(None))
            if now < datetime.combine(change, time(), UTC):
                planned |= set(session.scalars(early))
    rows = asked()
    slots = Counter((row.patient_id, row.local_date, row.slot) for row in rows)
    at = {moment.astimezone(LONDON).time() for moment in planned}
    nine = {row.asked_at.astimezone(LONDON).time() for row in rows if row.asked_at}
    passed = len(slots) == number == asking_letters() and set(slots.values()) == {1}
    passed = passed and at == {local} and nine == {time(9)}
    first = min(planned, default=start)
    figure = (
        f"{len(rows)} askings for {len(slots)} slots of {number} patients, planned for "
        f"{first.astimezone(LONDON):%H:%M} ({first:%H:%M} UTC), asked after quiet hours"
    )
    figures.note(fault, database=database(), figure=figure, passed=passed)
    assert passed, figure


def database() -> str:
    return "sqlite" if db.current().is_sqlite else "postgresql"


class Machine:
    """A machine with three workers, its clock and a stopwatch; both stand until the test turns
    them."""

    def __init__(self) -> None:
        self.passed, self.wrong = timedelta(), timedelta()
        self._start = WEDNESDAY - datetime.now(UTC)
        self.turn()
        self.watches = [drift.Drift(BackgroundScheduler()) for _ in range(WORKERS)]
        self.sent: Counter[str] = Counter()
        self.longest = timedelta()
        self._told: dict[str, tuple[int, timedelta]] = {}

    def turn(self, *, by: timedelta = timedelta(), jump: timedelta = timedelta()) -> None:
        self.passed += by
        self.wrong += jump
        clock.turned(self._start + self.passed + self.wrong, self.passed)

    def work(self) -> None:
        at_once(self._one)
        self._look_at_alerts()

    def _one(self, worker: int) -> None:
        self.watches[worker].look()
        now = clock.now()
        for tick in (ticks.climb, ticks.fill_check_ins, ticks.ask_check_ins):
            tick(now)
        for tick in (ticks.chase_silence, ticks.keep_beats):
            tick(now)
        self._send(now)

    def _send(self, now: datetime) -> None:
        for channel in ("telegram", "email"):
            with db.write() as session:
                due = sending.Due(channel, now=now, wall=clock.wall())
                parcels = sending.claim(session, due, limit=100)
            for parcel in parcels:
                self.sent[parcel.letter_id] += 1
                with db.write() as session:
                    sending.sent(session, parcel, "1", now=now)

    def _look_at_alerts(self) -> None:
        """How long, by the stopwatch, an alert waits for its next step."""
        with db.read() as session:
            steps = select(AlertEvent.alert_id, func.count()).where(AlertEvent.verb == ladder.TOLD)
            red = steps.join(Alert, Alert.id == AlertEvent.alert_id).where(Alert.colour == "red")
            counts = {who: n for who, n in session.execute(red.group_by(AlertEvent.alert_id))}
        for alert, count in counts.items():
            before, since = self._told.get(alert, (count, self.passed))
            self.longest = max(self.longest, self.passed - since)
            if count != before or alert not in self._told:
                self._told[alert] = (count, self.passed)


@pytest.fixture
def machine() -> Iterator[Machine]:
    clock.stand_still(None)
    beats.forget()
    yield Machine()
    clock.turned()
    beats.forget()


def jumped_alerts() -> int:
    with db.read() as session:
        return len(session.scalars(select(Alert.id).where(Alert.kind == drift.KIND)).all())


def test_a_clock_that_jumps(any_room: Path, machine: Machine, figures: Figures) -> None:
    minutes = figures.size(short=13, long=45)
    number = figures.size(short=5, long=40)
    with db.write() as session:
        team = people.team(session, now=WEDNESDAY)
    today = WEDNESDAY.date()
    begun = WEDNESDAY - 7 * DAY
    for first in (today, today + DAY):
        waiting(number, now=begun, worker=team["worker"], first=first, at=time(10, 5))
    raise_some(number)
    for _ in range(minutes):
        machine.turn(by=MINUTE, jump=timedelta(seconds=1))
        machine.work()
    drifted = jumped_alerts()
    for jump in (DAY, -DAY, HOUR, -HOUR):
        machine.turn(jump=jump)
        for _ in range(minutes):
            machine.work()
            machine.turn(by=MINUTE)
        assert jumped_alerts() == 1
    rows, copies = asked(), Counter(machine.sent.values())
    figure = (
        f"{len(rows)} askings of {2 * number} patients, {asking_letters()} letters; "
        f"{copies[1]} letters sent once, {len(machine.sent) - copies[1]} twice; longest wait of a "
        f"RED alert {machine.longest.total_seconds() / 60:.0f} min of 5; drift of {minutes} s: "
        f"{drifted} alerts, 4 jumps: {jumped_alerts()} open alert"
    )
    passed = len(rows) == asking_letters() == 2 * number and set(copies) == {1}
    passed = passed and machine.longest <= 6 * MINUTE and drifted == 0
    passed = passed and {row.state for row in rows} == {check_ins.ASKED} and in_order()
    figures.note("F18", database=database(), figure=figure, passed=passed)
    assert passed, figure


def raise_some(number: int) -> None:
    with db.write() as session:
        for patient in session.scalars(select(Patient).limit(number)):
            alerts.raise_(session, alerts.Cause(Colour.RED, "life", patient.id), now=WEDNESDAY)


def in_order() -> bool:
    """No rung of any ladder was passed by, and each was told but once before the last."""
    with db.read() as session:
        told = select(AlertEvent).where(AlertEvent.verb == ladder.TOLD).order_by(AlertEvent.id)
        rungs: dict[str, list[int]] = {}
        for event in session.scalars(told):
            rungs.setdefault(event.alert_id, []).append(event.rung)
        red = set(session.scalars(select(Alert.id).where(Alert.colour == "red")))
    return all(
        found[:3] == [0, 1, 2] and set(found[3:]) <= {2}
        for who, found in rungs.items()
        if who in red
    )


WRONG_CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *t) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int answer = real(id, t);
    FILE *file = id == CLOCK_REALTIME ? fopen(getenv("WRONG_CLOCK"), "r") : 0;
    long ahead = 0;
    if (file && fscanf(file, "%ld", &ahead) == 1) t->tv_sec += ahead;
    if (file) fclose(file);
    return answer;
}
"""


@pytest.fixture
def wrong_clock(tmp_path: Path) -> dict[str, str]:
    """The environment of a process whose clock is ahead by the seconds in a file."""
    library = tmp_path / "wrong-clock.so"
    build = ["cc", "-shared", "-fPIC", "-xc", "-", "-o", str(library), "-ldl"]
    if not shutil.which("cc") or subprocess.run(build, input=WRONG_CLOCK.encode()).returncode:
        pytest.skip("needs a C compiler to give one process a wrong clock")
    return {"LD_PRELOAD": str(library), "WRONG_CLOCK": str(tmp_path / "ahead")}


def test_a_whole_process_whose_clock_is_put_back(
    served: tuple[LiveRoom, dict[str, Staff]], wrong_clock: dict[str, str], figures: Figures
) -> None:
    room, _ = served
    room.stop()
    room.extra = wrong_clock
    room.start()
    room.wait(lambda: {beats.SCHEDULER, beats.PROOF} <= set(known_beats()))
    with db.write() as session:
        alert = alerts.raise_(session, alerts.Cause(Colour.RED, "sample"), now=room.now())
    Path(wrong_clock["WRONG_CLOCK"]).write_text("-3600")
    begun = clock.monotonic()
    room.wait(jumped_alerts, seconds=60)
    noticed = clock.monotonic() - begun
    with db.write() as session:
        waits = session.get_one(Alert, alert.id)
        due = waits.due_at or WEDNESDAY
        left = due - (room.now() - HOUR)
        waits.due_at = room.now() - HOUR + timedelta(seconds=3)
    begun = clock.monotonic() + 3
    room.wait(lambda: steps_of(alert.id) > 1, seconds=60)
    late = clock.monotonic() - begun
    figure = (
        f"whole process, clock put back by 1 h: system alert after {noticed:.1f} s (≤ 60 s); a "
        f"step due in 5 min is due in {left.total_seconds() / 60:.0f}, "
        f"the next one {late:.1f} s late (≤ 10 s)"
    )
    passed = noticed <= 60 and late <= 10 and left <= 5 * MINUTE
    figures.note("F18", database="sqlite", figure=figure, passed=passed)
    assert passed, figure


def known_beats() -> dict[str, datetime]:
    with db.read() as session:
        return beats.all_of(session)


def steps_of(alert_id: str) -> int:
    with db.read() as session:
        told = (AlertEvent.alert_id == alert_id, AlertEvent.verb == ladder.TOLD)
        return session.scalar(select(func.count()).select_from(AlertEvent).where(*told)) or 0
