"""A room opens whole, or it is refused in one line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import open_room
from waiting_room import clock, db, keyring, library, opening
from waiting_room.care import providers
from waiting_room.errors import StartRefused
from waiting_room.models import Patient
from waiting_room.settings import Settings

PRODUCTION = {
    "env": "production",
    "public_url": "https://room.example.org",
    "smtp_url": "smtp://mail.example.org",
}


def refused(settings_: Settings, line: str) -> None:
    with (
        pytest.raises(StartRefused, match=line) as found,
        opening.opened(settings_, serving=True),
    ):
        pass
    assert "\n" not in str(found.value)
    with pytest.raises(RuntimeError):
        keyring.current()
    with pytest.raises(RuntimeError):
        db.current()


def test_production_waits_for_a_named_person(chosen: Callable[..., Settings]) -> None:
    refused(chosen(**PRODUCTION), "nobody has confirmed .* and [0-9]+ more")
    with opening.opened(chosen()), db.write() as session:
        library.confirm(session, by="Sample Pat", now=clock.now())
    with opening.opened(chosen(**PRODUCTION), serving=True):
        assert db.current()


def test_production_refuses_sample_people_and_a_sample_key(
    chosen: Callable[..., Settings], tmp_path: Path
) -> None:
    with opening.opened(chosen()), db.write() as session:
        providers.here(session).is_sample = True
    refused(chosen(**PRODUCTION), "refuses sample data")
    demo = chosen(env="demo", data=tmp_path / "demo")
    with opening.opened(demo):
        assert keyring.current().sample
    refused(chosen(**PRODUCTION, data=tmp_path / "demo"), "refuses sample data and its key")


def test_a_demo_never_opens_a_real_room(chosen: Callable[..., Settings]) -> None:
    refused(chosen(env="demo"), "^WAITING_ROOM_DATA: a real room")


def test_a_command_beside_a_demo_shares_its_time(
    chosen: Callable[..., Settings], tmp_path: Path
) -> None:
    folder = tmp_path / "demo"
    with opening.opened(chosen(env="demo", data=folder)):
        clock.advance(timedelta(days=3))
    with opening.opened(chosen(data=folder)):
        assert clock.offset() == timedelta(days=3)
    assert clock.offset() == timedelta()


def test_no_words_no_room(chosen: Callable[..., Settings], tmp_path: Path) -> None:
    library.use(library.Shelf())
    empty = chosen(data=tmp_path / "new", content=tmp_path / "absent")
    refused(empty, "^WAITING_ROOM_CONTENT: ")


def test_a_data_folder_that_cannot_be_is_one_line(
    chosen: Callable[..., Settings], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    refused(chosen(data=tmp_path / "file" / "data"), "Not a directory")
    (tmp_path / "data" / "waiting-room.db").write_bytes(b"no database " * 1000)
    refused(chosen(), "^the database does not answer: file is not a database")


def test_a_database_out_of_reach_is_one_line(chosen: Callable[..., Settings]) -> None:
    away = "postgresql://nobody@127.0.0.1:9/room"
    refused(chosen(database_url=away), "^the database does not answer: ")


def test_an_older_copy_of_the_keys_brings_nobody_back(
    chosen: Callable[..., Settings], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    open_room(data, f"sqlite:///{data / 'waiting-room.db'}")
    sealed = keyring.current().seal("person", b"words", bound_to="x")
    db.close()
    keyring.close()
    shutil.copy(data / "keys.db", tmp_path / "older.db")
    with opening.opened(chosen()):
        keyring.current().destroy("person", now=clock.now())
    shutil.copy(tmp_path / "older.db", data / "keys.db")
    with opening.opened(chosen()):
        assert keyring.current().unseal("person", sealed, bound_to="x") is None


def test_what_is_written_is_for_the_owner_only(
    chosen: Callable[..., Settings], tmp_path: Path
) -> None:
    with opening.opened(chosen(data=tmp_path / "new")), db.read() as session:
        assert session.query(Patient).count() == 0
    modes = {file.name: file.stat().st_mode & 0o077 for file in (tmp_path / "new").iterdir()}
    assert set(modes.values()) == {0}
