"""The folder of words is broken, or vanishes under an editor's hands (F35)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scheduler import app
from scheduler.words import Words
from tests.conftest import ROOT, TODAY
from tests.faults.figures import Figures
from tests.faults.test_calendar import database
from waiting_room import library
from waiting_room.care import danger

pytestmark = pytest.mark.faults
PAGE = Path("en/crisis/now.md")
LINE = Path("en/help-lines/samaritans.md")
NATIONS = ("england", "wales", "scotland", "northern-ireland", "")
DANGER = "I want to kill myself"


def torn(words: Path) -> None:
    """A file is half written."""
    text = (words / PAGE).read_text()
    (words / PAGE).write_text(text[: text.index("---", 4)])


def half_copied(words: Path) -> None:
    """A copy of the folder is under way: most of it is not there yet."""
    for folder in sorted((words / "en").iterdir())[1:]:
        shutil.rmtree(folder)


def every_line_empty(words: Path) -> None:
    for file in (words / "en" / "help-lines").glob("*.md"):
        file.write_text("")


def a_pipe(words: Path) -> None:
    (words / LINE).unlink()
    os.mkfifo(words / LINE)


def swapped(words: Path) -> None:
    """Where a file was there is a folder."""
    (words / PAGE).unlink()
    (words / PAGE).mkdir()


BREAKS: dict[str, Callable[[Path], object]] = {
    "half a page": torn,
    "no text encoding": lambda words: (words / PAGE).write_bytes(b"---\ntitle: \xe9\n---\n\xff"),
    "front matter that is no YAML": lambda words: (words / PAGE).write_text("---\ntitle: [\n---\n"),
    "a script": lambda words: (words / PAGE).write_text("---\ntitle: x\n---\n<script>1</script>"),
    "a page of 10 MB": lambda words: (words / PAGE).write_text("long " * 2_000_000),
    "empty help lines": every_line_empty,
    "help lines deleted": lambda words: shutil.rmtree(words / "en" / "help-lines"),
    "a pipe for a page": a_pipe,
    "a folder for a page": swapped,
    "an editor's lock file": lambda words: (words / "en/crisis/.#now.md").symlink_to("sam@desk.1"),
    "a link to nowhere": lambda words: (words / "en/crisis/gone.md").symlink_to("nowhere.md"),
    "danger words deleted": lambda words: shutil.rmtree(words / "danger-words"),
    "danger words broken": lambda words: (words / "danger-words/en.md").write_text("## \n- x: (("),
    "half a copy": half_copied,
    "the language deleted": lambda words: shutil.rmtree(words / "en"),
    "everything deleted": shutil.rmtree,
}


def put(words: Path) -> None:
    """A folder with a few of the shipped pages; the others stay as they were published."""
    for folder in ("en/crisis", "en/help-lines", "danger-words"):
        shutil.copytree(ROOT / "content" / folder, words / folder)
    (words / "en" / "self-care").mkdir()
    shutil.copy(ROOT / "content/en/self-care/sleep.md", words / "en/self-care")


def cards() -> dict[str, list[str]]:
    """The help lines somebody in each nation is shown."""
    return {
        nation: [line.name for line in library.help_lines_for(today=TODAY, nation=nation)]
        for nation in NATIONS
    }


def words_now() -> dict[str, str]:
    found = library.pages_in
    folders = ("crisis", "help-lines", "conversation", "check-ins", "staff", "web")
    return {page.name: page.digest for folder in folders for page in found(folder)}


def test_broken_words_never_reach_anybody(
    any_room: Path, tmp_path: Path, figures: Figures, now: datetime
) -> None:
    words = tmp_path / "words"
    put(words)
    follower = Words(words)
    tick = app.Tick("words", 5, "", follower.follow)
    app.run(tick, now)
    before, lines = words_now(), cards()
    assert all(len(found) >= 4 for found in lines.values())
    missing, wrong, deaf, stuck = 0, [], [], []
    for number, (how, break_it) in enumerate(BREAKS.items(), 1):
        break_it(words)
        app.run(tick, now + number * timedelta(minutes=1))
        missing += sum(len(set(lines[n]) - set(cards()[n])) for n in NATIONS)
        wrong += [how] if words_now() != before else []
        deaf += [] if danger.screen(DANGER, danger.current()) else [how]
        stuck += [] if still_follows(words, tick, now, number) else [how]
        shutil.rmtree(words, ignore_errors=True)
        put(words)
        app.run(tick, now + number * timedelta(minutes=1) + timedelta(seconds=10))
    passed = not missing and not wrong and not deaf and not stuck
    figure = (
        f"{len(BREAKS)} ways: last good version served in {len(BREAKS) - len(wrong)}, {missing} "
        f"missing help-line cards, danger heard in {len(BREAKS) - len(deaf)}, a good edit beside "
        f"it goes live in {len(BREAKS) - len(stuck)} {[*wrong, *deaf, *stuck] or ''}"
    )
    figures.note("F35", database=database(), figure=figure, passed=passed)
    assert passed, figure


def still_follows(words: Path, tick: app.Tick, now: datetime, number: int) -> bool:
    """A good edit of another page is live although something beside it is broken."""
    page = words / "en" / "self-care" / "sleep.md"
    if not page.exists():
        return True
    title = f"Sleeping well {number}"
    page.write_text(f"---\ntitle: {title}\n---\n\nGo to bed at the same time each night.\n")
    app.run(tick, now + number * timedelta(minutes=1) + timedelta(seconds=5))
    return library.page("self-care/sleep").title == title
