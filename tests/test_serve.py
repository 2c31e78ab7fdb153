"""A room opens whole or is refused in one line, and ends when it is told to, drained."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from tests.conftest import open_room
from waiting_room import clock, db, keyring, library, logs, serve, settings
from waiting_room.care import providers
from waiting_room.errors import StartRefused
from waiting_room.models import Patient
from waiting_room.settings import Settings

PRODUCTION = {
    "env": "production",
    "public_url": "https://room.example.org",
    "smtp_url": "smtp://mail.example.org",
}


@pytest.fixture
def chosen(
    tmp_path: Path, founded: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Settings]]:
    """Settings over a founded room of its own."""
    root, before_umask = logging.getLogger(), os.umask(0o022)
    before = root.handlers, root.level
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(logging, "raiseExceptions", logging.raiseExceptions)
    for name in list(os.environ):
        if name.startswith("WAITING_ROOM_") or name == "PORT":
            monkeypatch.delenv(name)
    shutil.copytree(founded, tmp_path / "data")
    # One page is read in no time; the others stay as they were published.
    words = tmp_path / "words" / "en" / "crisis"
    words.mkdir(parents=True)
    shutil.copy("content/en/crisis/now.md", words)
    given = {"data": tmp_path / "data", "content": tmp_path / "words"}
    yield lambda **values: settings.load(**given | values)
    os.umask(before_umask)
    root.handlers, root.level = before
    for name in logs.OURS:
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


def refused(settings_: Settings, line: str) -> None:
    with (
        pytest.raises(StartRefused, match=line) as found,
        serve.opened(settings_, serving=True),
    ):
        pass
    assert "\n" not in str(found.value)
    with pytest.raises(RuntimeError):
        keyring.current()
    with pytest.raises(RuntimeError):
        db.current()


def test_production_waits_for_a_named_person(chosen: Callable[..., Settings]) -> None:
    refused(chosen(**PRODUCTION), "nobody has confirmed .* and [0-9]+ more")
    with serve.opened(chosen()), db.write() as session:
        library.confirm(session, by="Sample Pat", now=clock.now())
    with serve.opened(chosen(**PRODUCTION), serving=True):
        assert db.current()


def test_production_refuses_sample_people_and_a_sample_key(
    chosen: Callable[..., Settings], tmp_path: Path
) -> None:
    with serve.opened(chosen()), db.write() as session:
        providers.here(session).is_sample = True
    refused(chosen(**PRODUCTION), "refuses sample data")
    demo = chosen(env="demo", data=tmp_path / "demo")
    with serve.opened(demo):
        assert keyring.current().sample
    refused(chosen(**PRODUCTION, data=tmp_path / "demo"), "refuses sample data and its key")


def test_a_demo_never_opens_a_real_room(chosen: Callable[..., Settings]) -> None:
    refused(chosen(env="demo"), "^WAITING_ROOM_DATA: a real room")


def test_a_command_beside_a_demo_shares_its_time(
    chosen: Callable[..., Settings], tmp_path: Path
) -> None:
    folder = tmp_path / "demo"
    with serve.opened(chosen(env="demo", data=folder)):
        clock.advance(timedelta(days=3))
    with serve.opened(chosen(data=folder)):
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
    with serve.opened(chosen()):
        keyring.current().destroy("person", now=clock.now())
    shutil.copy(tmp_path / "older.db", data / "keys.db")
    with serve.opened(chosen()):
        assert keyring.current().unseal("person", sealed, bound_to="x") is None


def test_what_is_written_is_for_the_owner_only(
    chosen: Callable[..., Settings], tmp_path: Path
) -> None:
    with serve.opened(chosen(data=tmp_path / "new")), db.read() as session:
        assert session.query(Patient).count() == 0
    modes = {file.name: file.stat().st_mode & 0o077 for file in (tmp_path / "new").iterdir()}
    assert set(modes.values()) == {0}


def test_a_loop_that_breaks_ends_the_others_and_the_command(
    chosen: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    async def broken() -> None:
        raise ZeroDivisionError

    async def waits(stop: asyncio.Event) -> None:
        await stop.wait()
        ended.append("drained")

    monkeypatch.setattr(serve, "_loops", lambda _s, _r, stop, _d: [broken(), waits(stop)])
    with pytest.raises(StartRefused, match="a part of the room broke"):
        serve.run(chosen(), only="bot")
    assert ended == ["drained"]


def test_a_port_in_use_is_refused_before_anything_runs(
    chosen: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        with pytest.raises(StartRefused, match=f"^PORT: {port} cannot be used: "):
            serve.run(chosen(), only="web")


@pytest.mark.faults
def test_one_serves_a_second_is_refused_and_a_signal_ends_it_drained(
    chosen: Callable[..., Settings], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    place = {"WAITING_ROOM_DATA": str(tmp_path / "data"), "PORT": str(port)}
    command = [sys.executable, "-m", "waiting_room.cli", "serve"]
    first = subprocess.Popen(command, env=os.environ | place, stderr=subprocess.PIPE, text=True)
    try:
        _ready(port)
        other = os.environ | place | {"PORT": str(port + 1)}
        second = subprocess.run(command, env=other, capture_output=True, text=True, check=False)
        assert (second.returncode, second.stderr.count("\n")) == (1, 1)
        assert "served already" in second.stderr
    finally:
        first.send_signal(signal.SIGTERM)
        _, words = first.communicate(timeout=30)
    assert first.returncode == 0, words
    assert "Traceback" not in words
    assert not list((tmp_path / "data").glob("*-wal"))


def _ready(port: int) -> None:
    since = clock.monotonic()
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=5):
                return
        except OSError:
            if clock.monotonic() - since > 30:
                raise
            threading.Event().wait(0.1)
