"""Copying a room and putting it back, as an administrator types it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests import people
from tests.cli.conftest import Run
from tests.conftest import WEDNESDAY
from waiting_room import crypto, db, migrations, settings
from waiting_room.care import alerts
from waiting_room.care.colours import Colour
from waiting_room.models import Base, Patient
from waiting_room.models.alert import DRILL
from waiting_room.opening import GRAVES, only_server, opened


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder for copies."""
    folder = tmp_path / "copies"
    folder.mkdir()
    return folder


@pytest.fixture
def copied(run: Run, data: Path, place: Path) -> Path:
    """A copy of a room in which somebody is."""
    with opened(settings.load()), db.write() as session:
        people.patient(session, now=WEDNESDAY)
    return Path(json.loads(run("backup", "--to", str(place), "--json").stdout)["data"])


def lost(data: Path) -> None:
    """Another machine, with nothing but the key from the recovery sheet."""
    key = (data / "master.key").read_bytes()
    shutil.rmtree(data)
    data.mkdir()
    (data / "master.key").write_bytes(key)
    (data / "master.key").chmod(0o600)


def names() -> list[Any]:
    with opened(settings.load()), db.read() as session:
        return [patient.name for patient in session.scalars(select(Patient))]


def contents(url: str) -> dict[str, int]:
    """How many rows each table has."""
    db.connect(url)
    with db.read() as session:
        tables = Base.metadata.sorted_tables
        found = {t.name: session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}
    db.close()
    return found


def test_a_room_comes_back_on_another_machine(run: Run, data: Path, copied: Path) -> None:
    lost(data)
    said = run("restore", str(copied)).stdout
    assert "everything is in order" in said and "is lost" in said
    assert names() == ["Sample Alex"]


def test_a_copy_is_tried_without_touching_the_room(run: Run, data: Path, copied: Path) -> None:
    before = sorted((file.name, file.read_bytes()) for file in data.glob("*.*"))
    said = run("restore", "--verify", str(copied)).stdout
    assert "0 minutes old" in said and "sealed values open" in said and "is lost" not in said
    assert sorted((file.name, file.read_bytes()) for file in data.glob("*.*")) == before


def test_a_room_that_is_there_is_put_aside_only_when_told(
    run: Run, data: Path, copied: Path
) -> None:
    assert "--replace" in run("restore", str(copied), code=1).stderr
    said = run("restore", str(copied), "--replace").stdout
    aside = next(data.glob("waiting-room.replaced-*.db"))
    assert str(aside) in said
    assert sqlite3.connect(aside).execute("SELECT count(*) FROM patient").fetchone() == (1,)


def test_a_room_that_is_served_is_left_alone(run: Run, data: Path, copied: Path) -> None:
    with only_server(data / "waiting-room.serving"):
        said = run("restore", str(copied), "--replace", code=1).stderr
    assert "being served" in said and not list(data.glob("*.replaced-*"))


def test_values_that_do_not_open_are_named(run: Run, data: Path, place: Path) -> None:
    with opened(settings.load()), db.write() as session:
        person, _ = people.patient(session, now=WEDNESDAY)
        spoilt = bytearray(person.phone_sealed or b"")
        spoilt[-1] ^= 1
        person.phone_sealed = bytes(spoilt)
    copy = json.loads(run("backup", "--to", str(place), "--json").stdout)["data"]
    said = run("restore", "--verify", copy, code=1)
    assert "1 values of patient.phone do not open" in said.stderr and "with trouble" in said.stdout


def test_wrong_alerts_and_lost_keys_are_named(run: Run, data: Path, place: Path) -> None:
    with opened(settings.load()), db.write() as session:
        people.patient(session, now=WEDNESDAY)
        for kind in (DRILL, "life", "life"):
            made = alerts.raise_(session, alerts.Cause(Colour.RED, kind, what=kind), now=WEDNESDAY)
            made.kind, made.state, made.due_at = kind, alerts.CLOSED, None
            session.flush()
        made.state = alerts.NOTIFYING
    with sqlite3.connect(data / "keys.db") as keys:
        keys.execute("DELETE FROM data_key WHERE owner LIKE 'chat:%'")
    copy = json.loads(run("backup", "--to", str(place), "--json").stdout)["data"]
    said = run("restore", "--verify", copy, code=1).stderr
    assert "1 open alerts have no next step" in said
    assert "1 closed alerts have a next step, or were closed by nobody" in said
    assert "values of address.chat_id do not open" in said


def spoil(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


WRONG: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "cut": (lambda copy, _: copy.write_bytes(copy.read_bytes()[:-10]), "cut short"),
    "tampered": (lambda copy, _: spoil(copy, -10), "changed, damaged"),
    "other kind": (lambda copy, _: copy.write_text("hello"), "no backup of a waiting room"),
    "keys tampered": (
        lambda copy, _: spoil(next(copy.parent.glob("keys-*")), -10),
        "changed, damaged",
    ),
    "no keys": (lambda copy, _: next(copy.parent.glob("keys-*")).unlink(), "no keys-"),
    "no master": (lambda _, data: (data / "master.key").unlink(), "recovery sheet"),
    "other master": (
        lambda _, data: crypto.write_key_file(data / "master.key", [crypto.new_master_key()]),
        "needs master key",
    ),
}


@pytest.mark.parametrize("what", list(WRONG))
@pytest.mark.parametrize("verify", [True, False], ids=["verify", "restore"])
def test_what_cannot_be_restored_gets_one_line_and_changes_nothing(
    run: Run, data: Path, copied: Path, what: str, verify: bool
) -> None:
    lost(data)
    act, words = WRONG[what]
    act(copied, data)
    asked = ("restore", str(copied), *(["--verify"] if verify else []))
    assert words in run(*asked, code=1).stderr
    assert not (data / "waiting-room.db").exists()


def test_the_copy_of_another_room_is_refused(
    run: Run, data: Path, copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for old in data.iterdir():
        old.unlink()
    with opened(settings.load()):
        pass
    assert "master key" in run("restore", "--replace", str(copied), code=1).stderr
    next(copied.parent.glob("keys-*")).unlink()
    assert "another room" in run("restore", "--replace", str(copied), code=1).stderr


def test_a_copy_of_a_newer_release_is_refused(
    run: Run, data: Path, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost(data)
    monkeypatch.setattr(migrations, "knows", lambda revision: False)
    assert "newer release" in run("restore", str(copied), code=1).stderr


def test_a_folder_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    assert "is its disk mounted?" in run("backup", "--to", str(tmp_path / "x"), code=1).stderr
    assert "WAITING_ROOM_BACKUP_FOLDER" in run("backup", code=1).stderr


@pytest.mark.parametrize("known_by", ["newer keys beside it", "the list of destroyed keys"])
def test_older_keys_bring_nobody_back(
    run: Run, data: Path, copied: Path, place: Path, known_by: str
) -> None:
    older = next(place.glob("keys-*"))
    with opened(settings.load()), db.read() as session:
        who = session.scalars(select(Patient.id)).one()
    run("erase", who, "--yes")
    run("backup", "--to", str(place))
    graves = (data / GRAVES).read_bytes()
    lost(data)
    if known_by == "the list of destroyed keys":
        max(place.glob("keys-*")).unlink()
        (data / GRAVES).write_bytes(graves)
    done = json.loads(run("restore", str(copied), "--keys", str(older), "--json").stdout)
    assert done["erased"] == 1 and done["ok"]
    assert names() == [None]
    with opened(settings.load()), db.read() as session:
        assert session.get_one(Patient, who).erased_at is not None


@pytest.mark.postgres
def test_a_room_moves_to_postgresql_and_back(
    run: Run,
    data: Path,
    copied: Path,
    place: Path,
    fresh_database: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, url = contents(settings.load().database), fresh_database()
    monkeypatch.setenv("WAITING_ROOM_DATABASE_URL", url)
    assert "is lost" not in run("restore", "--moving", str(copied)).stdout
    after = contents(url)
    assert {k: v for k, v in after.items() if k != "beat"} == {
        k: v for k, v in before.items() if k != "beat"
    }
    assert names() == ["Sample Alex"]
    back = json.loads(run("backup", "--to", str(place), "--json").stdout)["data"]
    assert "--replace" in run("restore", back, code=1).stderr
    run("restore", back, "--replace", "--moving")
    assert names() == ["Sample Alex"]
    monkeypatch.delenv("WAITING_ROOM_DATABASE_URL")
    lost(data)
    run("restore", back, "--moving")
    assert names() == ["Sample Alex"]
