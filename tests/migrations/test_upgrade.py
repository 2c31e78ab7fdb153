"""Tables are made once, all or nothing, the same on both databases as the models say."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from waiting_room import db, migrations
from waiting_room.care import providers
from waiting_room.errors import StartRefused
from waiting_room.models import Base, Beat, Organisation

NOW = datetime(2026, 11, 25, tzinfo=UTC)
LATER = '''
"""A throw-away later step: a table made anew under its references, and one more."""
import sqlalchemy as sa
from alembic import op

revision = "later"
down_revision = "HEAD"

def upgrade():
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))
    anew = "always" if op.get_bind().dialect.name == "sqlite" else "auto"
    with op.batch_alter_table("organisation", recreate=anew) as batch:
        batch.add_column(sa.Column("motto", sa.String(20), nullable=False, server_default="kind"))
    BREAK
'''
START = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from waiting_room import db, migrations
database = db.connect(sys.argv[1])
steps = int(sys.argv[2])
def count(*_):
    global steps
    steps -= 1
    if steps == 0:
        os.kill(os.getpid(), signal.SIGKILL)
if steps:
    event.listen(database.writing, "before_cursor_execute", count)
print(migrations.upgrade(Path(sys.argv[3])), flush=True)
"""

OLD_ROWS = (
    """INSERT INTO patient (id, nation, area, time_zone, language, lock_screen_words,
    organisation_id, is_sample, made_at)
    VALUES (:id, 'wales', '', 'Europe/London', 'en', FALSE, :organisation, FALSE, :now)""",
    """INSERT INTO referral (id, patient_id, reference, state, reason_code, source, needs,
    safe_to_message, agreed, received_at, moved_at)
    VALUES (:id, :id, :id, 'closed', '', 'gp', '[]', :safe, TRUE, :now, :now)""",
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path / 'room.db'}"
    else:
        make: Callable[..., str] = request.getfixturevalue("fresh_database")
        address = make()
    db.connect(address)
    yield address
    db.close()


def later(folder: Path, broken: str = "pass") -> Path:
    """The steps of this release, and one more."""
    steps = folder / f"steps-{len(broken)}"
    shutil.copytree(migrations.FOLDER, steps, ignore=shutil.ignore_patterns("__pycache__"))
    step = LATER.replace("BREAK", broken).replace("HEAD", head())
    (steps / "versions" / "later.py").write_text(step)
    return steps


def head() -> str:
    """The last step of this release."""
    config = Config()
    config.set_main_option("script_location", str(migrations.FOLDER))
    return str(ScriptDirectory.from_config(config).get_current_head())


def start(url: str, *, steps: int = 0, folder: Path = migrations.FOLDER) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", START, url, str(steps), str(folder)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def tables() -> set[str]:
    return set(inspect(db.current().writing).get_table_names())


def test_fresh_tables_are_what_the_models_say(url: str) -> None:
    assert not migrations.is_founded()
    assert migrations.upgrade() is True
    assert migrations.is_founded()
    with db.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_second_start_changes_nothing(url: str, tmp_path: Path) -> None:
    migrations.upgrade()
    assert migrations.upgrade() is False
    assert list(tmp_path.glob("*.before-*")) == []


def test_every_step_is_known_without_running_one() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations.FOLDER))
    steps = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    assert all(map(migrations.knows, steps)) and not migrations.knows("")


def test_tables_of_a_newer_release_are_refused_untouched(url: str) -> None:
    migrations.upgrade()
    with db.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StartRefused, match=r"newer release \(9999\); update"):
        migrations.upgrade()


def test_a_later_step_keeps_rows_and_references(url: str, tmp_path: Path) -> None:
    migrations.upgrade()
    with db.write() as session:
        organisation = providers.found(session, now=NOW).organisation_id
    assert migrations.upgrade(later(tmp_path)) is True
    assert "later" in tables()
    with db.read() as session:
        assert session.get(Organisation, organisation) is not None
        assert session.scalar(text("SELECT motto FROM organisation")) == "kind"
        if db.current().is_sqlite:
            assert session.scalar(text("PRAGMA foreign_keys")) == 1
    with db.write() as session:
        if db.current().is_sqlite:
            assert session.scalar(text("PRAGMA foreign_keys")) == 1


def test_sqlite_is_copied_aside_first(tmp_path: Path) -> None:
    db.connect(f"sqlite:///{tmp_path / 'room.db'}")
    migrations.upgrade()
    with db.write() as session:
        session.add(Beat(name="kept", at=NOW))
    steps = later(tmp_path)
    migrations.upgrade(steps)
    migrations.upgrade(steps)
    db.close()
    copy = tmp_path / f"room.before-{head()}.db"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    kept = sqlite3.connect(copy)
    assert kept.execute("SELECT name FROM beat").fetchall() == [("kept",)]
    assert kept.execute("SELECT version_num FROM alembic_version").fetchall() == [(head(),)]
    kept.close()


def test_a_step_that_fails_leaves_the_tables_as_they_were(url: str, tmp_path: Path) -> None:
    migrations.upgrade()
    before = tables()
    with pytest.raises(ZeroDivisionError):
        migrations.upgrade(later(tmp_path, "1 / 0"))
    assert tables() == before
    assert migrations.upgrade(later(tmp_path)) is True


@pytest.mark.faults
@pytest.mark.parametrize("step", [3, 60])
def test_a_kill_in_the_middle_leaves_no_half(url: str, step: int) -> None:
    killed = start(url, steps=step)
    killed.wait(30)
    assert killed.returncode == -signal.SIGKILL
    assert tables() == set()
    assert migrations.upgrade() is True


def test_two_starts_at_once_upgrade_once(url: str, tmp_path: Path) -> None:
    migrations.upgrade()
    steps = later(tmp_path)
    db.close()
    both = [start(url, folder=steps) for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda process: process.communicate(timeout=60), both))
    assert sorted(out.strip() for out, _ in answers) == ["False", "True"], answers
    if url.startswith("sqlite"):
        kept = sqlite3.connect(tmp_path / f"room.before-{head()}.db")
        assert kept.execute("SELECT version_num FROM alembic_version").fetchall() == [(head(),)]
        kept.close()


def test_the_code_knows_whether_it_fits_the_tables(url: str, tmp_path: Path) -> None:
    assert migrations.fits() is False
    migrations.upgrade()
    assert migrations.fits() is True
    older = text("UPDATE alembic_version SET version_num = '0001'")
    with db.current().writing.begin() as connection:
        connection.execute(older)
    assert migrations.fits() is False
    with db.current().writing.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'newer'"))
    assert migrations.fits() is True


def test_who_was_not_safe_to_message_stays_so(url: str, tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(migrations.FOLDER, before, ignore=shutil.ignore_patterns("__pycache__"))
    for step in (before / "versions").glob("*.py"):
        if step.name >= "0009":
            step.unlink()
    migrations.upgrade(before)
    with db.write() as session:
        organisation = providers.found(session, now=NOW).organisation_id
        for one, safe in (("unsafe", False), ("safe", True)):
            at = {"id": one, "organisation": organisation, "safe": safe, "now": NOW}
            for insert in OLD_ROWS:
                session.execute(text(insert), at)
    migrations.upgrade()
    with db.read() as session:
        known = session.execute(text("SELECT id, safe_to_message FROM patient"))
        assert {one: bool(safe) for one, safe in known} == {"unsafe": False, "safe": True}
