"""A start that breaks: half-way through an upgrade, on newer tables, or without what it needs
(F37, F40). It ends in one clear line, and the next start is a whole one."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from tests import conftest
from tests.faults.figures import Figures
from tests.journeys.live import free_port
from waiting_room import db, migrations
from waiting_room.errors import StartRefused

pytestmark = pytest.mark.faults
NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{head}"

def upgrade():
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("INSERT INTO later (id) SELECT 7")
    anew = "always" if op.get_bind().dialect.name == "sqlite" else "auto"
    with op.batch_alter_table("organisation", recreate=anew) as batch:
        batch.add_column(sa.Column("motto", sa.String(20), nullable=False, server_default="kind"))
"""
UPGRADES = """
import json, os, signal, sys
from pathlib import Path
from sqlalchemy import event, inspect
from waiting_room import db, migrations
url, folder = sys.argv[1], Path(sys.argv[2])

def in_a_process(act):
    child = os.fork()
    if not child:
        db.connect(url)
        os._exit(act() or 0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def upgrade(left):
    def count(*_):
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
    def act():
        for moment in ("before_cursor_execute", "commit"):
            event.listen(db.current().writing, moment, count)
        migrations.upgrade(folder)
    return act

def half():
    found = inspect(db.current().reading)
    motto = "motto" in {column["name"] for column in found.get_columns("organisation")}
    return 1 + int(motto) + int("later" in found.get_table_names())

kills, states = 0, []
while in_a_process(upgrade(kills + 1)) == -signal.SIGKILL:
    kills += 1
    states.append(in_a_process(half))
print(json.dumps({"kills": kills, "states": states, "after": in_a_process(half)}))
"""
WHOLE_BEFORE, HALF, WHOLE_AFTER = 1, 2, 3


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    make: Callable[..., str] = lambda: conftest.sqlite_url(tmp_path)  # noqa: E731
    if request.param == "postgresql":
        make = request.getfixturevalue("fresh_database")
    address = make()
    db.connect(address)
    migrations.upgrade()
    yield address
    db.close()


def a_release_later(folder: Path) -> Path:
    """The steps of this release, and one more."""
    steps = folder / "steps"
    shutil.copytree(migrations.FOLDER, steps, ignore=shutil.ignore_patterns("__pycache__"))
    with db.read() as session:
        head = session.scalar(text("SELECT version_num FROM alembic_version"))
    (steps / "versions" / "next_words.py").write_text(NEXT.replace("{head}", str(head)))
    return steps


def test_an_upgrade_killed_at_each_statement(url: str, tmp_path: Path, figures: Figures) -> None:
    steps, kind = a_release_later(tmp_path), "sqlite" if db.current().is_sqlite else "postgresql"
    db.close()
    command = [sys.executable, "-c", UPGRADES, url, str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=conftest.ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    db.connect(url)
    refused = refuses_newer_tables()
    copies = list(tmp_path.glob("*.before-*.db"))
    copied = len(copies) == 1 if kind == "sqlite" else not copies
    halves = found["states"].count(HALF)
    passed = found["kills"] >= 5 and not halves and found["after"] == WHOLE_AFTER
    passed = passed and refused and copied
    figure = (
        f"upgrade killed at each of {found['kills']} statements: {halves} half-migrated, then "
        f"resumed whole; this release refuses the newer tables in one line"
        + (", and the file was copied aside first" if kind == "sqlite" else "")
    )
    figures.note("F37", database=kind, figure=figure, passed=passed)
    assert passed, (figure, found)


def refuses_newer_tables() -> bool:
    """Old code on a new schema."""
    before = set(inspect(db.current().reading).get_table_names())
    with pytest.raises(StartRefused, match=r"newer release.*update the software") as refusal:
        migrations.upgrade()
    same = set(inspect(db.current().reading).get_table_names()) == before
    return same and "\n" not in str(refusal.value)


@contextmanager
def taken() -> Iterator[int]:
    """A port somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def bad_key(folder: Path) -> None:
    (folder / conftest.KEY_FILE).write_text("this is no key\n")


def foreign_key(folder: Path) -> None:
    other = folder / "other"
    conftest.found_room(other, conftest.sqlite_url(other))
    shutil.copy(other / conftest.KEY_FILE, folder / conftest.KEY_FILE)


def no_database(folder: Path) -> None:
    (folder / conftest.DATABASE).write_bytes(b"not a database at all " * 500)


def nothing(folder: Path) -> None:
    """The files are as they should be."""


NO_RANDOMNESS = """
import os, random
def none(_):
    raise OSError("no randomness")
os.urandom = random._urandom = none
"""
BROKEN: dict[str, tuple[Callable[[Path], object], dict[str, str], str]] = {
    "port in use": (nothing, {"PORT": "{taken}"}, "PORT: {taken} cannot be used"),
    "port of words": (nothing, {"PORT": "eighty"}, "PORT: "),
    "key file of words": (bad_key, {}, "key file master.key"),
    "another room's key": (foreign_key, {}, "not the key the data was sealed with"),
    "key file gone": (lambda f: (f / conftest.KEY_FILE).unlink(), {}, "master.key: missing"),
    "keys gone": (lambda f: (f / conftest.KEYS).unlink(), {}, "database of keys is empty"),
    "no database": (no_database, {}, "the database does not answer"),
    "data folder is a file": (
        nothing, {"WAITING_ROOM_DATA": "{folder}/master.key/data"}, "Not a directory",
    ),
    "no words": (nothing, {"WAITING_ROOM_CONTENT": "/nowhere", "new": "1"}, "WAITING_ROOM_CONTENT"),
    "DNS": (
        nothing,
        {"WAITING_ROOM_DATABASE_URL": "postgresql://sample@nowhere.invalid/room"},
        "the database does not answer",
    ),
    "nobody at the address": (
        nothing,
        {"WAITING_ROOM_DATABASE_URL": "postgresql://sample@127.0.0.1:9/room"},
        "the database does not answer",
    ),
    "no randomness": (nothing, {"new": "1", "first": NO_RANDOMNESS}, "no randomness"),
}  # fmt: skip


def serve(folder: Path, chosen: dict[str, str], *, seconds: float) -> tuple[int | None, str]:
    """The exit code (None while it serves) and what an administrator sees on the screen."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WAITING_ROOM_", "PORT"))}
    words = folder.parent / "words"
    ours = {
        "WAITING_ROOM_DATA": str(folder),
        "WAITING_ROOM_CONTENT": str(words),
        "PORT": str(free_port()),
    }
    first = chosen.pop("first", "")
    code = f"from waiting_room.cli import app\n{first}\napp(['serve'])"
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(
        command, env=kept | ours | chosen, cwd=conftest.ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        _, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.communicate(timeout=20)
        return None, ""
    return process.returncode, errors


SHORT = ("port in use", "key file of words", "DNS", "no randomness")


def test_a_start_that_cannot_be_is_one_clear_line(
    founded: Path, tmp_path: Path, figures: Figures
) -> None:
    (tmp_path / "words" / "en" / "crisis").mkdir(parents=True)
    shutil.copy("content/en/crisis/now.md", tmp_path / "words" / "en" / "crisis")
    wrong, tried = [], figures.size(short=SHORT, long=tuple(BROKEN))
    with taken() as port:
        for how in tried:
            break_it, chosen, line = BROKEN[how]
            chosen, folder = dict(chosen), tmp_path / how
            fresh = chosen.pop("new", "")
            folder.mkdir() if fresh else shutil.copytree(founded, folder)
            break_it(folder)
            filled = {"{taken}": str(port), "{folder}": str(folder)}
            for name, value in filled.items():
                chosen = {key: words.replace(name, value) for key, words in chosen.items()}
                line = line.replace(name, value)
            code, errors = serve(folder, chosen, seconds=60)
            said = [words for words in errors.splitlines() if words.startswith("waiting-room:")]
            clear = code == 1 and len(said) == 1 and line in said[0] and "Traceback" not in errors
            wrong += [] if clear else [f"{how}: {code} {errors[-300:]}"]
    good = len(tried) - len(wrong)
    figure = f"{len(tried)} broken starts: {good} end in one clear line {wrong or ''}"
    figures.note("F40", database="both", figure=figure, passed=not wrong)
    assert not wrong, figure
