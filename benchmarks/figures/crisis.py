"""A cry for help while 5,000 routine letters wait at Telegram's 30 a second: how long until the
help lines reach the person, and the first notice their case worker, by Telegram and by mail."""

from __future__ import annotations

import statistics
import time
from typing import Any

from sqlalchemy import select, update

from benchmarks import bots
from benchmarks.bench import Bench, Room
from benchmarks.peers.chats import FIRST_CHAT
from benchmarks.results import Row, Sample, most, row
from benchmarks.telegram.client import STAFF_TOKEN, Telegram
from tests.fakes.smtp import MailServer
from waiting_room import db, outbox, settings
from waiting_room.care import conversations, providers
from waiting_room.models import LetterRow, Staff, StaffChannel
from waiting_room.opening import opened

PATIENTS, ROUTINE, EACH = 10_000, 5_000, 0.5
WORKER_CHAT = 8_000_000_000
WORDS = "I want to kill myself"
WAYS = ("to the person", "to the worker's Telegram", "to the worker's mailbox")
ALL_DAY = [{"days": list(range(7)), "from": "00:00", "to": "23:59"}]


def run(bench: Bench) -> list[Row]:
    """Every cry of every round counts by itself: the slowest one is somebody."""
    cries = 100 if bench.full else 30
    rounds = [_round(bench, cries) for _ in range(bench.rounds)]
    rows = []
    for way in WAYS:
        name = f"crisis {way}, {ROUTINE:,} letters waiting"
        taken = [sorted(one[way]) for one in rounds]
        p50 = [Sample(statistics.median(one)) for one in taken]
        rows.append(row(f"{name}, p50", "ms", p50, target=most(100)))
        last = Sample(max(one[-1] for one in taken))
        rows.append(
            row(f"{name}, slowest of {cries * bench.rounds}", "ms", [last], target=most(2_000))
        )
    return rows


def _round(bench: Bench, cries: int) -> dict[str, list[float]]:
    room = bench.room(PATIENTS)
    # People whose workers differ from one to the next; their numbers are known from the seed.
    people = [5 + 20 * n for n in range(cries)]
    _prepare(room, {number % 200 for number in people})
    with MailServer() as mail, Telegram(limit=31) as telegram:
        slow = {"WAITING_ROOM_TELEGRAM_PER_SECOND": "30", "WAITING_ROOM_SMTP_URL": mail.url}
        with bots.ours(bench, room, telegram, **slow):
            telegram.ask("sent", count=30, seconds=30)
            for number in people:
                telegram.ask("offer", first=FIRST_CHAT + number, count=1, text=WORDS)
                time.sleep(EACH)
            telegram.wait_answered(cries, seconds=20)
            time.sleep(2)
            seen = telegram.ask("moments"), telegram.ask("moments", token=STAFF_TOKEN)
            mails = [(one.to[0], one.at) for one in mail.mails]
    bench.drop(room)
    return _taken(people, *seen, mails)


def _taken(
    people: list[int], heard: dict[str, Any], told: dict[str, Any], mails: list[tuple[str, float]]
) -> dict[str, list[float]]:
    """Milliseconds from each cry to the first send of each way after it; no send at all is an
    error, not a figure."""
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    for number in people:
        cried = heard["offered"][str(FIRST_CHAT + number)]
        worker = number % 200
        mailed = [at for to, at in mails if to == f"worker{worker}@example.org"]
        sends = (
            heard["sends"].get(str(FIRST_CHAT + number), []),
            told["sends"].get(str(WORKER_CHAT + worker), []),
            mailed,
        )
        for way, moments in zip(WAYS, sends, strict=True):
            first = min(at for at in moments if at >= cried)
            found[way].append((first - cried) * 1_000)
    return found


def _prepare(room: Room, workers: set[int]) -> None:
    """Staffed round the clock, each worker on Telegram too, and routine letters in the queue."""
    with opened(settings.load(data=room.folder, log_level="ERROR")), db.write() as session:
        providers.here(session).staffed_hours = ALL_DAY
        for worker in workers:
            email = f"worker{worker}@example.org"
            person = session.scalars(select(Staff).where(Staff.email == email)).one()
            place = str(WORKER_CHAT + worker)
            hashed = conversations.chat_hash("staff_telegram", place)
            kind = {"kind": "staff_telegram", "place": place, "place_hash": hashed}
            session.add(StaffChannel(staff_id=person.id, proved_at=person.made_at, **kind))
        some = select(LetterRow.id).order_by(LetterRow.id.desc()).limit(ROUTINE)
        again = {"state": outbox.QUEUED, "priority": 2, "settled_at": None}
        session.execute(update(LetterRow).where(LetterRow.id.in_(some)).values(again))
