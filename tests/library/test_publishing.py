"""Publishing: the last good words serve, whatever happens to the folder (F35)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from waiting_room import db, library
from waiting_room.errors import NotFound
from waiting_room.library.shelf import Shelf
from waiting_room.models import PageBody, PublishedSet

WritePage = Callable[..., Path]

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LINE = "title: x\nname: x\nnumber: '020 7946 0001'\nhours: always\nnation: uk\nsource: x"

pytestmark = pytest.mark.usefixtures("room")


def publish(folder: Path, *, now: datetime = NOW) -> dict[str, str] | None:
    """Publish as a door does, and follow; the pages of the new set, if there is one."""
    with db.write() as session:
        published = library.publish(session, folder, now=now)
        pages = dict(published.pages) if published else None
    follow()
    return pages


def follow() -> bool:
    """Follow as a process does."""
    with db.read() as session:
        return library.follow(session)


def count(table: type[PageBody] | type[PublishedSet]) -> int:
    """How many rows there are."""
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_good_pages_go_live(folder: Path) -> None:
    assert sorted(publish(folder) or {}) == [
        "en/crisis/now",
        "en/self-care/sleep",
        "en/self-care/worry",
    ]
    assert library.page("self-care/sleep").body == "Words about self-care/sleep."


def test_a_shelf_that_was_read_before_is_published_as_it_is(folder: Path) -> None:
    shelf = library.read(folder, today=NOW.date())
    shutil.rmtree(folder)
    with db.write() as session:
        assert library.publish(session, shelf, now=NOW)
    assert follow() is True
    assert library.page("crisis/now")


def test_nothing_changed_stores_nothing(folder: Path) -> None:
    publish(folder)
    assert publish(folder) is None
    assert (count(PublishedSet), count(PageBody)) == (1, 3)


def test_a_text_is_kept_once_and_old_texts_stay(folder: Path, write: WritePage) -> None:
    publish(folder)
    write("en/self-care/sleep", "New words.", front="title: Sleep")
    write("en/self-care/rest", "New words.", front="title: Sleep")
    publish(folder)
    assert count(PageBody) == 4


def test_an_edit_is_followed_by_another_process(folder: Path, write: WritePage) -> None:
    publish(folder)
    library.use(Shelf())
    assert follow() is True
    assert follow() is False
    assert library.page("crisis/now").title == "Help for you now"


def test_two_sets_at_one_moment_have_an_order(folder: Path, write: WritePage) -> None:
    for number in range(5):
        write("en/self-care/sleep", f"Words {number}.")
        publish(folder)
    assert library.page("self-care/sleep").body == "Words 4."


def test_a_set_published_after_the_clock_went_back_is_the_newest(
    folder: Path, write: WritePage
) -> None:
    publish(folder)
    write("en/self-care/sleep", "New words.")
    publish(folder, now=NOW - timedelta(days=3))
    assert library.page("self-care/sleep").body == "New words."


def test_a_page_of_self_care_may_be_taken_away(folder: Path) -> None:
    publish(folder)
    (folder / "en/self-care/worry.md").unlink()
    assert sorted(publish(folder) or {}) == ["en/crisis/now", "en/self-care/sleep"]
    with pytest.raises(NotFound):
        library.page("self-care/worry")


def test_an_old_letter_keeps_its_exact_words(folder: Path, write: WritePage) -> None:
    publish(folder)
    digest = library.page("self-care/sleep").digest
    write("en/self-care/sleep", "New words.")
    publish(folder)
    with db.read() as session:
        old = library.by_digest(session, digest)
        assert library.by_digest(session, digest) is old
    assert old.body == "Words about self-care/sleep."
    assert old.title == "Sleep"


def test_a_digest_nobody_knows_is_refused(folder: Path) -> None:
    with db.read() as session, pytest.raises(NotFound):
        library.by_digest(session, "0" * 32)


def test_the_stored_text_is_the_file_to_the_byte(folder: Path) -> None:
    raw = b"\xef\xbb\xbf---\r\ntitle: Sleep\r\n---\r\nCaf\xc3\xa9.\r\n"
    (folder / "en/self-care/sleep.md").write_bytes(raw)
    publish(folder)
    with db.read() as session:
        row = session.get_one(PageBody, library.page("self-care/sleep").digest)
        assert row.body.encode() == raw


def test_no_set_at_all_leaves_what_is_shown(folder: Path) -> None:
    library.use(library.read(folder, today=NOW.date()))
    assert follow() is False
    assert library.page("self-care/sleep")


def test_a_broken_page_keeps_its_last_good_words_and_others_move_on(
    folder: Path, write: WritePage
) -> None:
    publish(folder)
    write("en/self-care/sleep", "<script>alert(1)</script>")
    write("en/self-care/worry", "New words.")
    publish(folder)
    assert library.page("self-care/sleep").body == "Words about self-care/sleep."
    assert library.page("self-care/worry").body == "New words."


def test_a_page_that_was_never_good_is_not_shown(folder: Path, write: WritePage) -> None:
    write("en/self-care/sample", "<script>alert(1)</script>")
    publish(folder)
    with pytest.raises(NotFound):
        library.page("self-care/sample")


def text_for(name: str) -> Callable[[Path], object]:
    """Overwrites the crisis page and the help line with these characters."""

    def act(folder: Path) -> None:
        for path in (folder / "en/crisis/now.md", folder / "en/help-lines/sample.md"):
            path.write_bytes(name.encode("utf-8", "surrogateescape"))

    return act


def to_a_link(folder: Path) -> None:
    """The crisis folder becomes a link to somewhere else."""
    elsewhere = folder.parent / "elsewhere"
    shutil.move(folder / "en/crisis", elsewhere)
    (folder / "en/crisis").symlink_to(elsewhere, target_is_directory=True)


def to_a_file(folder: Path) -> None:
    """The language folder becomes a file."""
    shutil.rmtree(folder / "en")
    (folder / "en").write_text("not a folder")


BREAKAGES: dict[str, Callable[[Path], object]] = {
    "the folder is deleted": shutil.rmtree,
    "the folder is empty": lambda folder: shutil.rmtree(folder / "en"),
    "the crisis pages are deleted": lambda folder: shutil.rmtree(folder / "en/crisis"),
    "the help lines are deleted": lambda folder: shutil.rmtree(folder / "en/help-lines"),
    "files are empty": text_for(""),
    "files are cut in the middle": text_for("---\ntitle: Help"),
    "files are not UTF-8": text_for("---\ntitle: Caf\udce9\n---\nx\n"),
    "front matter is broken": text_for("---\ntitle: [\n---\nx\n"),
    "files hold a script": text_for("---\ntitle: x\n---\n<script>x</script>\n"),
    "files hold a merge conflict": text_for("<<<<<<< HEAD\n---\ntitle: x\n=======\n"),
    "files are full of zeros": text_for("\0" * 500),
    "the crisis folder leads elsewhere": to_a_link,
    "the language is a file": to_a_file,
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_f35_help_is_never_lost_however_the_folder_breaks(
    folder: Path, write: WritePage, breakage: str
) -> None:
    write("en/help-lines/sample", front=LINE)
    publish(folder)
    words = library.page("crisis/now").digest
    BREAKAGES[breakage](folder)
    library.check(folder, today=NOW.date())
    publish(folder)
    library.use(Shelf())
    follow()
    assert library.page("crisis/now").digest == words
    assert [line.number for line in library.help_lines_for(today=NOW.date())] == ["020 7946 0001"]


def test_f35_the_folder_that_comes_back_is_published_again(folder: Path, write: WritePage) -> None:
    publish(folder)
    shutil.move(folder, folder.with_name("away"))
    assert publish(folder) is None
    shutil.move(folder.with_name("away"), folder)
    write("en/self-care/sleep", "Back again.")
    publish(folder)
    assert library.page("self-care/sleep").body == "Back again."


def test_a_stored_text_that_cannot_be_read_does_not_hide_the_others(folder: Path) -> None:
    publish(folder)
    with db.write() as session:
        row = session.get_one(PageBody, library.page("self-care/sleep").digest)
        row.body = "damaged"
    library.use(Shelf())
    assert follow() is True
    assert library.page("crisis/now")
    with pytest.raises(NotFound):
        library.page("self-care/sleep")
