"""A loop that stopped is missed; one that ended as it should is not."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from waiting_room import beats, clock, db

NAMES = ("inbox", "delivery", "ticks")


@pytest.fixture(autouse=True)
def no_beats() -> Iterator[None]:
    beats.forget()
    yield
    beats.forget()


def beat(ago: timedelta, *names: str) -> None:
    for name in names or NAMES:
        beats.note(name, wall=clock.wall() - ago)
    with db.write(alone="keep_beats") as session:
        beats.keep(session)


def silent() -> list[str]:
    with db.read() as session:
        return beats.silent(session, wall=clock.wall())


def test_a_loop_that_beats_is_alive(any_room: Path) -> None:
    beat(timedelta())
    assert silent() == []


def test_a_loop_that_stopped_is_named(any_room: Path) -> None:
    beat(timedelta(seconds=90), "inbox")
    beat(timedelta(), "delivery")
    assert silent() == ["inbox"]


def test_an_older_beat_never_replaces_a_newer(any_room: Path) -> None:
    beat(timedelta(), "inbox")
    beat(timedelta(minutes=5), "inbox")
    assert silent() == []


def test_loops_that_end_as_they_should_are_not_missed(any_room: Path) -> None:
    beat(timedelta(seconds=90), beats.SCHEDULER, *NAMES)
    with db.write() as session:
        beats.leave(session)
    with db.read() as session:
        assert list(beats.all_of(session)) == [beats.SCHEDULER]


def test_a_loop_nobody_runs_any_more_is_forgotten_in_a_day(any_room: Path) -> None:
    beat(timedelta(days=1, minutes=1), "poller patients")
    assert silent() == []


def test_the_proof_of_life_proves_and_is_not_a_loop(any_room: Path) -> None:
    beat(timedelta(minutes=9), beats.PROOF)
    assert silent() == []


def test_two_that_keep_the_first_beats_at_once_do_not_collide(any_room: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: beat(timedelta()), range(4)))
    with db.read() as session:
        assert set(beats.all_of(session)) == set(NAMES)
