"""A loop that stopped is missed; one that ended as it should is not, nor one others run."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from waiting_room import beats, clock, db, process, settings

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


def missing(*required: str) -> list[str]:
    with db.read() as session:
        return beats.missing(session, required, wall=clock.wall())


def kept() -> set[str]:
    with db.read() as session:
        return set(beats.all_of(session))


def test_a_loop_that_beats_is_alive(any_room: Path) -> None:
    beat(timedelta())
    assert silent() == []


def test_a_loop_that_stopped_is_named(any_room: Path) -> None:
    beat(timedelta(seconds=90), "inbox")
    beat(timedelta(), "delivery")
    assert silent() == [f"inbox@{process.NAME}"]
    assert missing("inbox", "delivery") == ["inbox"]


def test_what_another_process_runs_is_not_missing(
    any_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat(timedelta(seconds=90), "inbox")
    beats.forget()
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(process, "NAME", "another:1")
        beat(timedelta(), "inbox")
    beats.forget()
    assert missing("inbox") == []
    assert silent() == [f"inbox@{process.NAME}"]


def test_a_loop_that_began_here_is_alive_before_it_is_stored(any_room: Path) -> None:
    assert missing("inbox") == ["inbox"]
    beats.note("inbox", wall=clock.wall())
    assert missing("inbox") == []


def test_a_room_needs_the_loops_of_what_is_set_up() -> None:
    token = "7000000001:AAsamplePatientsTokenForTests00"
    plain = {"ticks", "clock", "inbox", *beats.LANES}
    assert set(beats.required(settings.load())) == plain
    polling = settings.load(telegram_token=token)
    assert set(beats.required(polling)) == plain | {"poller patients"}
    webhook = polling.model_copy(update={"telegram_mode": "webhook"})
    assert set(beats.required(webhook)) == plain


def test_processes_long_gone_are_forgotten(any_room: Path) -> None:
    beat(timedelta(days=2), "inbox", beats.SCHEDULER)
    beat(timedelta(), "delivery")
    with db.write() as session:
        beats.retire(session, wall=clock.wall())
    assert kept() == {f"delivery@{process.NAME}", beats.SCHEDULER}


def test_an_older_beat_never_replaces_a_newer(any_room: Path) -> None:
    beat(timedelta(), "inbox")
    beat(timedelta(minutes=5), "inbox")
    assert silent() == []


def test_loops_that_end_as_they_should_are_not_missed(any_room: Path) -> None:
    beat(timedelta(seconds=90), beats.SCHEDULER, *NAMES)
    with db.write() as session:
        beats.leave(session)
    assert kept() == {beats.SCHEDULER}


def test_a_loop_nobody_runs_any_more_is_forgotten_in_a_day(any_room: Path) -> None:
    beat(timedelta(days=1, minutes=1), "poller patients")
    assert silent() == []


def test_the_proof_of_life_proves_and_is_not_a_loop(any_room: Path) -> None:
    beat(timedelta(minutes=9), beats.PROOF)
    assert silent() == []


def test_two_that_keep_the_first_beats_at_once_do_not_collide(any_room: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: beat(timedelta()), range(4)))
    assert kept() == {f"{name}@{process.NAME}" for name in NAMES}
