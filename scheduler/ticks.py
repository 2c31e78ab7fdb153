"""One function a tick. Each reads what is due from the tables and says how much it did.

Every tick may run twice at once, or not at all for a while: the next one finds the same rows.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from waiting_room import audit, beats, clock, db
from waiting_room.care import (
    alerts,
    asking,
    check_ins,
    duty,
    erasure,
    messages,
    retention,
    rhythms,
    rule_files,
    unread,
)
from waiting_room.care.colours import Colour
from waiting_room.community import groups
from waiting_room.editing import drafts
from waiting_room.kill_points import reached

log = logging.getLogger(__name__)

# A silence of the scheduler longer than this is an outage: it does not count as a person's.
OUTAGE = timedelta(minutes=10)
# What one turn of a tick leaves, the next one finds.
MOST_SLICES = 500
BREATH_SECONDS = 0.005


def climb(now: datetime) -> int:
    """Move every alert whose time has come one step up its ladder."""
    done, moved = 0, 1
    # After an outage there are more than one transaction may hold, and none waits for a next tick.
    while moved:
        with db.write(alone="climb") as session:
            moved = alerts.climb(session, now=now)
            reached("climb not stored", moved)
        reached("climb stored", moved)
        done += moved
    return done


def fill_check_ins(now: datetime) -> int:
    """Write the check-ins of the next 48 hours, some in each transaction."""
    done = 0
    for _ in _slices(partial(rhythms.is_any_to_fill, now=now)):
        with db.write(alone="fill_check_ins") as session:
            planned = rhythms.fill(session, now=now)
            reached("check-ins planned", planned)
        done += planned
    return done


def ask_check_ins(now: datetime) -> int:
    """Ask everybody whose check-in is due, some in each transaction."""
    done = 0
    for _ in _slices(partial(asking.is_any_due, now=now)):
        with db.write(alone="ask_check_ins") as session:
            asked = asking.ask_due(session, now=now)
            reached("check-ins asked", asked)
        reached("asking stored", asked)
        done += asked
    return done


def chase_silence(now: datetime) -> int:
    """One kind nudge, then a task for a person; some in each transaction. First of all, who waited
    while we were away is told so."""
    done = 0
    for _ in _slices(check_ins.is_any_to_tell):
        with db.write(alone="chase_silence") as session:
            told = check_ins.tell_of_outage(session, now=now)
            reached("outage told", told)
    for _ in _slices(partial(check_ins.is_any_silent, now=now)):
        with db.write(alone="chase_silence") as session:
            # After a sleep of the machine all ticks wake together: time away is given back first.
            if _away(session, clock.wall()) >= OUTAGE:
                return done
            chased = check_ins.chase_silent(session, now=now)
            reached("silence chased", chased)
        done += chased
    return done


def chase_unread(now: datetime) -> int:
    """Words for a worker that nobody read in the promised time raise an alert."""
    done = 0
    for _ in _slices(partial(unread.is_any_overdue, now=now)):
        with db.write(alone="chase_unread") as session:
            done += unread.chase(session, now=now)
    return done


def _slices(is_any_left: Callable[[Session], bool]) -> Iterator[None]:
    """As many short transactions as it takes, with a breath between them, in which whoever waits to
    write goes first; none at all when there is nothing to do."""
    for _ in range(MOST_SLICES):
        with db.read() as session:
            if not is_any_left(session):
                return
        yield
        time.sleep(BREATH_SECONDS)


def knock(now: datetime) -> int:
    """Tell people whose page is not open that a message waits for them."""
    with db.write(alone="knock") as session:
        pages = messages.unseen_pages(session, now=now)
        for address in pages:
            messages.knock(session, address, now=now)
        reached("knock not stored", len(pages))
    reached("knock stored", len(pages))
    return len(pages)


def watch_rota(now: datetime) -> int:
    """A staffed hour of the next 14 days without two people who can be reached is an alert."""
    with db.write(alone="watch_rota") as session:
        if duty.gap(session, now=now) is None:
            return 0
        alerts.raise_once(session, alerts.Cause(Colour.AMBER, "gap in the rota"), now=now)
        return 1


def watch_danger_words(now: datetime) -> int:
    """Broken files of danger words in this process are an alert for as long as they are broken."""
    if not rule_files.is_broken():
        return 0
    with db.write(alone="watch_danger_words") as session:
        rule_files.watch(session, now=now)
    return 1


def seal_audit(now: datetime) -> int:
    """Chain the audit rows that are not chained yet."""
    with db.write(alone="seal_audit") as session:
        sealed = audit.seal(session, now=now)
        reached("audit sealed", sealed)
        return sealed


def forget_expired(now: datetime) -> int:
    """Referrals nobody accepted within 30 days go, with what they held."""
    with db.write(alone="forget_expired") as session:
        # Two transactions: a key is destroyed only once the rows it opened are surely gone.
        done = erasure.forget_overdue(session, now=now)
    with db.write(alone="forget_expired") as session:
        erasure.finish(session, now=now)
    return done


def retire(now: datetime) -> int:
    """Inbox bodies after 7 days, dead sessions, old buttons, strangers silent for 30 days: what has
    no more use goes."""
    with db.write(alone="retire") as session:
        beats.retire(session, wall=clock.wall())
    done, dropped = 0, 1
    # In small pieces: after a flood there are thousands, and nobody may wait behind them.
    while dropped:
        with db.write(alone="retire") as session:
            dropped = retention.retire(session, now=now, wall=clock.wall())
            dropped += retention.forget_strangers(session, now=now)
        done += dropped
        time.sleep(BREATH_SECONDS)
    return done


def roll_groups(now: datetime) -> int:
    """Groups that have met are listed with their next time."""
    with db.write(alone="roll_groups") as session:
        return groups.roll_on(session, now=now)


def keep_beats(now: datetime) -> int:
    """Store the last sign of life of each loop, and notice after an outage that there was one."""
    wall = clock.wall()
    with db.write(alone="keep_beats") as session:
        # Asked before our own beat is kept: how long we were away is the gap between the two.
        away = _away(session, wall)
        beats.note(beats.SCHEDULER, wall=wall)
        beats.keep(session)
        return check_ins.allow_for_outage(session, away=away, now=now) if away >= OUTAGE else 0


def _away(session: Session, wall: datetime) -> timedelta:
    """How long nothing has ticked."""
    return wall - beats.all_of(session).get(beats.SCHEDULER, wall)


def store_beats(now: datetime) -> int:
    """Store the last sign of life of each loop of this process."""
    with db.write(alone="keep_beats") as session:
        beats.keep(session)
    return 0


def watch_corrections(now: datetime) -> int:
    """A help line that was put right by one person must be read by a second within a day."""
    with db.write(alone="watch_corrections") as session:
        if not drafts.overdue(session, now=now):
            return 0
        alerts.raise_once(session, alerts.Cause(Colour.GREEN, "correction not read"), now=now)
        return 1
