"""The folder and the desk change the same pages, and neither undoes the other in silence."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.library.conftest import WritePage
from waiting_room import db, library
from waiting_room.errors import NotFound
from waiting_room.library import folder as files
from waiting_room.library import versions
from waiting_room.models import Confirmation, PageVersion

pytestmark = pytest.mark.usefixtures("room")
NOW = datetime(2026, 11, 18, 10, tzinfo=UTC)
SLEEP, CRISIS = "en/self-care/sleep", "en/crisis/now"
DESK = "---\ntitle: Sleep\n---\n\nFrom the desk.\n"


def imported(folder: Path) -> None:
    with db.write() as session:
        library.publish(session, folder, now=NOW)
    with db.read() as session:
        library.follow(session)


def edited(name: str, text: str) -> None:
    with db.write() as session:
        library.put(session, {name: text}, by="a staff id", why="Better", now=NOW)
    with db.read() as session:
        library.follow(session)


def exported(folder: Path) -> list[str]:
    with db.write() as session:
        rows = versions.to_export(session)
        for row in rows:
            files.write(folder, row.name, versions.words(session, row.digest))
        versions.exported(session, rows, now=NOW)
        return [row.name for row in rows]


def body(key: str = "self-care/sleep") -> str:
    return library.page(key).body


def history(name: str = SLEEP) -> list[PageVersion]:
    with db.read() as session:
        return versions.of(session, name)


def test_an_edit_of_the_desk_outlives_a_restart(folder: Path) -> None:
    imported(folder)
    edited(SLEEP, DESK)
    imported(folder)
    assert body() == "From the desk."
    assert len(history()) == 2


def test_an_edit_of_the_desk_goes_into_the_folder_once(folder: Path) -> None:
    imported(folder)
    edited(SLEEP, DESK)
    assert exported(folder) == [SLEEP]
    assert (folder / f"{SLEEP}.md").read_text() == DESK
    assert exported(folder) == []
    imported(folder)
    assert len(history()) == 2


def test_after_that_the_folder_may_change_it_again(folder: Path, write: WritePage) -> None:
    imported(folder)
    edited(SLEEP, DESK)
    exported(folder)
    write(SLEEP, "From git.", "title: Sleep")
    imported(folder)
    assert body() == "From git."


def test_an_old_copy_of_the_folder_is_no_edit(folder: Path) -> None:
    imported(folder)
    old = (folder / f"{SLEEP}.md").read_text()
    edited(SLEEP, DESK)
    exported(folder)
    # A new release is unpacked over the folder.
    (folder / f"{SLEEP}.md").write_text(old)
    imported(folder)
    assert body() == "From the desk."


def test_both_changed_at_once_and_neither_is_lost(folder: Path, write: WritePage) -> None:
    imported(folder)
    edited(SLEEP, DESK)
    write(SLEEP, "From git.", "title: Sleep")
    imported(folder)
    imported(folder)
    assert body() == "From the desk."
    [aside] = [row for row in history() if not row.is_shown]
    assert aside.why == versions.NOT_IN_FOLDER
    with db.read() as session:
        assert "From git." in versions.words(session, aside.digest)


def test_a_page_the_desk_made_or_took_away_stays_so(folder: Path) -> None:
    imported(folder)
    edited("en/self-care/knitting", DESK)
    edited("en/self-care/worry", "")
    imported(folder)
    assert body("self-care/knitting") == "From the desk."
    with pytest.raises(NotFound):
        library.page("self-care/worry")
    exported(folder)
    assert not (folder / "en/self-care/worry.md").exists()


def test_a_crisis_page_that_was_read_waits_for_a_reader(folder: Path, write: WritePage) -> None:
    imported(folder)
    with db.write() as session:
        digest = library.page("crisis/now").digest
        session.add(Confirmation(key=CRISIS, digest=digest, by="Sample Ana", at=NOW))
    front = "title: Help for you now\nreviewers: [Sample Ana, Sample Ben]"
    write(CRISIS, "Other words.", front)
    imported(folder)
    assert body("crisis/now") == "Words about crisis/now."
    aside = history(CRISIS)[0]
    assert (aside.is_shown, aside.why) == (False, versions.UNREAD)
    with db.write() as session:
        assert library.confirm(session, by="Sample Ben", now=NOW) == 1
    with db.read() as session:
        library.follow(session)
        assert library.unconfirmed(session) == []
    assert body("crisis/now") == "Other words."
    imported(folder)
    assert body("crisis/now") == "Other words."


def test_a_page_of_the_time_before_versions_has_a_first_one(folder: Path) -> None:
    imported(folder)
    with db.write() as session:
        session.query(PageVersion).delete()
    edited(SLEEP, DESK)
    assert [row.by for row in history()] == ["a staff id", versions.FOLDER]
    imported(folder)
    assert body() == "From the desk."


def test_a_file_is_written_whole(folder: Path) -> None:
    files.write(folder, "pl/self-care/sen", DESK)
    assert (folder / "pl/self-care/sen.md").read_text() == DESK
    assert [path.name for path in (folder / "pl/self-care").iterdir()] == ["sen.md"]
    files.write(folder, "pl/self-care/sen", "")
    files.write(folder, "pl/self-care/sen", "")
    assert not (folder / "pl/self-care/sen.md").exists()
