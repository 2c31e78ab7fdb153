"""The table of ticks: each stands alone, and APScheduler is a clock and nothing more."""

from __future__ import annotations

import os
import shutil
import threading
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from scheduler import anchor, app, ticks
from scheduler.words import Words
from tests import people
from tests.fakes.heartbeat import Heartbeat
from waiting_room import audit, beats, db, leases, library, settings
from waiting_room.care import alerts, danger, rule_files
from waiting_room.models import Alert
from waiting_room.settings import Settings

NEW = "---\ntitle: Sleeping well\n---\n\nGo to bed at the same time each night.\n"
BROKEN = "---\ntitle: [\n---\n\n<script>alert(1)</script>\n"
RULE = "self-care/sleep"


def chosen(**values: object) -> Settings:
    return settings.load(**{"env": "development", **values})


def test_a_tick_that_fails_stops_no_other(room: Path, now: datetime) -> None:
    turns: list[str] = []

    def fail(_: datetime) -> int:
        raise ZeroDivisionError

    def work(_: datetime) -> int:
        turns.append("worked")
        return 3

    broken, good = app.Tick("broken", 1, "", fail), app.Tick("good", 1, "", work)
    assert [app.run(broken), app.run(good), app.run(broken), app.run(good)] == [0, 3, 0, 3]
    assert turns == ["worked", "worked"]


def test_a_tick_notes_the_beat_only_when_it_worked(room: Path, now: datetime) -> None:
    beats.forget()
    app.run(app.Tick("broken", 1, "", lambda _: 1 // 0))
    with db.write() as session:
        assert beats.keep(session) == 0
    app.run(app.Tick("good", 1, "", lambda _: 0))
    with db.write() as session:
        assert beats.keep(session) == 1
    beats.forget()


def test_apscheduler_only_ticks(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran, table = threading.Event(), app.table(chosen())

    def once(_: datetime) -> int:
        ran.set()
        return 0

    quick = [app.Tick(tick.name, tick.every, tick.promise, once) for tick in table]
    monkeypatch.setattr(app, "table", lambda _: quick)
    scheduler = app.start(chosen())
    try:
        assert ran.wait(5)
        jobs = scheduler.get_jobs()
        assert {job.id for job in jobs} == {tick.name for tick in table}
        assert all(job.coalesce for job in jobs)
        assert {job.max_instances for job in jobs} == {1}
        assert {job.misfire_grace_time for job in jobs} == {None}
        assert type(scheduler._lookup_jobstore("default")).__name__ == "MemoryJobStore"
        for job, tick in zip(jobs, sorted(quick, key=lambda t: t.every), strict=False):
            assert job.trigger.interval.total_seconds() >= 2, tick
    finally:
        scheduler.shutdown()


def test_time_away_is_given_back_before_anybody_is_chased(
    room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    all_ran = threading.Event()

    def noting(name: str) -> app.Tick:
        def act(_: datetime) -> int:
            order.append(name)
            if len(set(order)) == len(names):
                all_ran.set()
            return 0

        return app.Tick(name, 60, "", act)

    names = [tick.name for tick in app.table(chosen())]
    table = [noting(name) for name in names]
    monkeypatch.setattr(app, "table", lambda _: table)
    scheduler = app.start(chosen())
    try:
        assert all_ran.wait(5)
        assert order[0] == "keep_beats"
        assert order.index("chase_silence") > 0
    finally:
        scheduler.shutdown()


def test_every_tick_of_the_table_runs_on_an_empty_room(any_room: Path, now: datetime) -> None:
    beats.forget()
    for tick in app.table(chosen(content="content")):
        assert tick.act(now) >= 0, tick.name
    beats.forget()


def folder(tmp_path: Path) -> Path:
    """A few pages: the others stay as they were published."""
    words = tmp_path / "words"
    for part in ("crisis", "self-care"):
        shutil.copytree(f"content/en/{part}", words / "en" / part)
    return words


def test_an_edit_is_published_and_a_broken_page_keeps_its_last_words(
    room: Path, now: datetime, tmp_path: Path
) -> None:
    words = folder(tmp_path)
    follower, page = Words(words), words / "en" / f"{RULE}.md"
    follower.follow(now)
    before = library.page(RULE).digest
    assert follower.follow(now) == 0
    page.write_text(NEW, encoding="utf-8")
    assert follower.follow(now) == 1
    assert library.page(RULE).title == "Sleeping well"
    good = library.page(RULE).digest
    assert good != before
    page.write_text(BROKEN, encoding="utf-8")
    follower.follow(now)
    assert library.page(RULE).digest == good
    shutil.rmtree(words / "en")
    follower.follow(now)
    assert library.page("crisis/now").body


@pytest.mark.postgres
def test_one_process_imports_the_folder_and_each_reads_its_own_danger_words(
    postgres_room: Path, now: datetime, tmp_path: Path
) -> None:
    words = folder(tmp_path)
    follower, page = Words(words), words / "en" / f"{RULE}.md"
    with db.write() as session:
        assert leases.take(session, "content", owner="another")
    follower.follow(now)
    page.write_text(NEW, encoding="utf-8")
    (words / "danger-words").mkdir()
    shutil.copy("content/danger-words/pl.md", words / "danger-words")
    before = danger.current()
    follower.follow(now)
    assert library.page(RULE).title != "Sleeping well"
    assert danger.current() is not before
    with db.write() as session:
        leases.release(session, "content", owner="another")
    follower.follow(now)
    assert library.page(RULE).title == "Sleeping well"


def test_an_edit_with_an_old_time_is_seen(room: Path, now: datetime, tmp_path: Path) -> None:
    words = folder(tmp_path)
    follower, page = Words(words), words / "en" / f"{RULE}.md"
    follower.follow(now)
    page.write_text(NEW, encoding="utf-8")
    os.utime(page, (1, 1))
    assert follower.follow(now) == 1


def test_danger_words_follow_an_edit_and_keep_the_last_good(
    room: Path, now: datetime, tmp_path: Path
) -> None:
    words = folder(tmp_path)
    (words / "danger-words").mkdir()
    shutil.copy("content/danger-words/pl.md", words / "danger-words")
    follower = Words(words)
    follower.follow(now)
    (words / "danger-words" / "en-broken.md").write_text("## \n- must: (((", encoding="utf-8")
    before = danger.current()
    follower.follow(now)
    assert danger.current() is before
    assert _tells_of_danger_words(now) == [rule_files.BROKEN]
    (words / "danger-words" / "en-broken.md").unlink()
    follower.follow(now)
    assert danger.current() is not before
    assert ticks.watch_danger_words(now) == 0


def _tells_of_danger_words(now: datetime) -> list[str]:
    """The open alerts about the rules, after two turns of the tick."""
    assert [ticks.watch_danger_words(now) for _ in range(2)] == [1, 1]
    with db.read() as session:
        return list(session.scalars(select(Alert.kind).order_by(Alert.id)))


def test_broken_danger_words_are_told_of_again_when_nobody_put_them_right(
    room: Path, now: datetime, tmp_path: Path
) -> None:
    assert not rule_files.follow(tmp_path)
    try:
        _tells_of_danger_words(now)
        with db.write() as session:
            alert = session.scalars(select(Alert)).one()
            worker = people.staff(session, now=now)
            alerts.close(session, alert, "done", by=worker, now=now)
        assert _tells_of_danger_words(now) == [rule_files.BROKEN] * 2
    finally:
        assert rule_files.follow(Path("content/danger-words"))


def test_a_start_with_broken_danger_words_goes_on_with_the_last_good_ones(
    room: Path, now: datetime, tmp_path: Path
) -> None:
    rules, kept = tmp_path / "rules", tmp_path / "kept"
    rules.mkdir()
    shutil.copy("content/danger-words/pl.md", rules)
    try:
        rule_files.begin(rules, kept)
        good = {rule.name for rule in danger.current().book.rules}
        (rules / "en-broken.md").write_text("## \n- must: (((", encoding="utf-8")
        rule_files.begin(rules, kept)
        assert {rule.name for rule in danger.current().book.rules} == good
        danger.use(danger.BUILT_IN)
        rule_files.begin(rules, tmp_path / "none")
        assert danger.current() is danger.BUILT_IN
        assert _tells_of_danger_words(now) == [rule_files.FEW]
        # What cannot be kept is in use all the same.
        (rules / "en-broken.md").unlink()
        (tmp_path / "file").write_text("")
        rule_files.begin(rules, tmp_path / "file" / "kept")
        assert not rule_files.is_broken() and danger.current() is not danger.BUILT_IN
    finally:
        rule_files.begin(Path("content/danger-words"), tmp_path / "after")


def test_the_head_of_the_chain_leaves_the_house(room: Path, now: datetime) -> None:
    with db.write() as session:
        audit.seal(session, now=now)
    with db.read() as session:
        place, link = audit.head(session)
    with Heartbeat() as outside_watcher:
        assert anchor.Anchor(chosen(anchor_url=outside_watcher.url)).drop(now) == 1
        (ping,) = outside_watcher.pings
    assert place > 0
    assert (ping.method, ping.body) == ("POST", f"{place}:{link}".encode())
    assert anchor.Anchor(chosen()).drop(now) == 0


def test_an_edit_of_the_desk_is_written_into_the_folder(
    room: Path, now: datetime, tmp_path: Path
) -> None:
    words = folder(tmp_path)
    follower, page = Words(words), words / "en" / f"{RULE}.md"
    follower.follow(now)
    with db.write() as session:
        library.put(session, {f"en/{RULE}": NEW}, by="a staff id", why="", now=now)
    follower.follow(now)
    assert page.read_text(encoding="utf-8") == NEW
    follower.follow(now)
    with db.read() as session:
        assert len(library.versions.of(session, f"en/{RULE}")) == 2


def test_a_folder_that_takes_no_words_loses_none(
    room: Path, now: datetime, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = folder(tmp_path)
    follower = Words(words)
    follower.follow(now)
    with db.write() as session:
        library.put(session, {f"en/{RULE}": NEW}, by="a staff id", why="", now=now)
    # A folder in the place of the file that is to be written: refused to root as well.
    (words / "en/self-care/.sleep.md.new").mkdir()
    follower.follow(now)
    follower.follow(now)
    assert library.page(RULE).title == "Sleeping well"
    assert caplog.text.count("the content folder cannot be written") == 1
    (words / "en/self-care/.sleep.md.new").rmdir()
    follower.follow(now)
    assert (words / "en" / f"{RULE}.md").read_text(encoding="utf-8") == NEW
