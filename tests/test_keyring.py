"""Keys by owner: made once, destroyed for good, and gone in every copy."""

from __future__ import annotations

import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.keyrings import NOW, opened, process, url_in
from waiting_room import clock, keyring
from waiting_room.errors import StartRefused, StorageRefused
from waiting_room.keyring import Keyring, ring

PLACE = "patient|1|name"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return url_in(tmp_path)
    make: Callable[..., str] = request.getfixturevalue("fresh_database")
    return make()


@pytest.fixture
def keys(tmp_path: Path, url: str) -> Iterator[Keyring]:
    ring_of_keys = opened(tmp_path, url)
    yield ring_of_keys
    ring_of_keys.close()


def reopened(keys: Keyring, folder: Path, url: str = "") -> Keyring:
    keys.close()
    return opened(folder, url)


def test_each_owner_has_a_key_that_outlives_the_process(
    keys: Keyring, tmp_path: Path, url: str
) -> None:
    one, two = (keys.seal(owner, b"words", bound_to=PLACE) for owner in ("one", "two"))
    mark = keys.fingerprint("chat", "1")
    keys = reopened(keys, tmp_path, url)
    assert keys.unseal("one", one, bound_to=PLACE) == b"words"
    assert keys.unseal("two", one, bound_to=PLACE) is None
    assert keys.unseal("nobody", two, bound_to=PLACE) is None
    assert keys.fingerprint("chat", "1") == mark != keys.signature("chat", "1")
    keys.close()


def test_a_destroyed_key_opens_nothing_and_a_new_one_only_what_is_new(
    keys: Keyring, tmp_path: Path, url: str
) -> None:
    before = keys.seal("chat:1", b"before", bound_to=PLACE)
    keys.destroy("chat:1", now=NOW)
    keys.destroy("chat:1", now=NOW)
    assert keys.unseal("chat:1", before, bound_to=PLACE) is None
    after = keys.seal("chat:1", b"after", bound_to=PLACE)
    keys = reopened(keys, tmp_path, url)
    assert keys.unseal("chat:1", before, bound_to=PLACE) is None
    assert keys.unseal("chat:1", after, bound_to=PLACE) == b"after"
    keys.close()


def test_another_process_sees_within_a_second_that_a_key_was_destroyed(
    keys: Keyring, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ring.LOOK_AGAIN_SECONDS <= 1
    monkeypatch.setattr(ring, "LOOK_AGAIN_SECONDS", 0.1)
    other = opened(tmp_path, url)
    sealed = keys.seal("one", b"words", bound_to=PLACE)
    assert other.unseal("one", sealed, bound_to=PLACE) == b"words"
    keys.destroy("one", now=NOW)
    since = clock.monotonic()
    while other.unseal("one", sealed, bound_to=PLACE) is not None:
        assert clock.monotonic() - since < 5
    other.close()


def test_two_processes_that_need_a_key_at_once_get_the_same(
    keys: Keyring, tmp_path: Path, url: str
) -> None:
    rings = [opened(tmp_path, url) for _ in range(4)]
    for number in range(10):
        ready = threading.Barrier(len(rings))

        def seal(one: Keyring, owner: str = str(number), ready: threading.Barrier = ready) -> bytes:
            ready.wait()
            return one.seal(owner, b"words", bound_to=PLACE)

        with ThreadPoolExecutor(len(rings)) as threads:
            sealed = list(threads.map(seal, rings))
        opens = [keys.unseal(str(number), each, bound_to=PLACE) for each in sealed]
        assert opens == [b"words"] * len(rings)
    for each in rings:
        each.close()


def test_threads_that_read_while_keys_are_forgotten_never_read_nothing(tmp_path: Path) -> None:
    keys = opened(tmp_path)
    sealed = keys.seal("one", b"words", bound_to=PLACE)
    for number in range(8):
        keys.seal(f"other {number}", b"x", bound_to=PLACE)

    def read(_: int) -> int:
        opens = (keys.unseal("one", sealed, bound_to=PLACE) for _ in range(1_500))
        return sum(value != b"words" for value in opens)

    with ThreadPoolExecutor(3) as threads:
        wrong = threads.map(read, range(3))
        for number in range(8):
            keys.destroy(f"other {number}", now=NOW)
        assert list(wrong) == [0, 0, 0]
    keys.close()


def test_an_older_copy_of_the_keys_brings_nobody_back(tmp_path: Path) -> None:
    keys = opened(tmp_path)
    person = keys.seal("person", b"Sample Alex", bound_to=PLACE)
    chat = keys.seal("chat:1", b"hello", bound_to=PLACE)
    keys.close()
    copy = shutil.copy(tmp_path / "keys.db", tmp_path / "older.db")
    keys = opened(tmp_path)
    for owner in ("person", "chat:1"):
        keys.destroy(owner, now=NOW)
    again = keys.seal("chat:1", b"hello again", bound_to=PLACE)
    keys.close()
    newer = shutil.copy(tmp_path / "keys.db", tmp_path / "newer.db")

    shutil.copy(copy, tmp_path / "keys.db")
    keys = opened(tmp_path)
    assert keys.unseal("person", person, bound_to=PLACE) is None
    assert keys.unseal("chat:1", chat, bound_to=PLACE) is None
    keys.close()

    shutil.copy(newer, tmp_path / "keys.db")
    keys = opened(tmp_path)
    assert keys.unseal("chat:1", again, bound_to=PLACE) == b"hello again"
    keys.close()


def test_a_torn_list_of_destroyed_keys_still_counts(tmp_path: Path) -> None:
    keys = opened(tmp_path)
    sealed = keys.seal("one", b"words", bound_to=PLACE)
    keys.close()
    shutil.copy(tmp_path / "keys.db", tmp_path / "older.db")
    with (tmp_path / "destroyed-keys.txt").open("w") as torn:
        torn.write("00ff00ff\nabc")
    keys = opened(tmp_path)
    keys.destroy("one", now=NOW)
    keys.close()
    shutil.copy(tmp_path / "older.db", tmp_path / "keys.db")
    keys = opened(tmp_path)
    assert keys.unseal("one", sealed, bound_to=PLACE) is None
    keys.close()


def test_a_destroyed_key_leaves_no_page_behind(tmp_path: Path) -> None:
    keys = opened(tmp_path)
    sealed = keys.seal("one", b"words", bound_to=PLACE)
    key_id = sealed[1:9]
    assert any(key_id in file.read_bytes() for file in tmp_path.glob("keys.db*"))
    wrapped = keys._store.find("one")
    assert wrapped is not None
    keys.destroy("one", now=NOW)
    assert not any(wrapped.wrapped in file.read_bytes() for file in tmp_path.glob("keys.db*"))
    keys.close()


def test_the_first_run_makes_a_private_key_and_a_sheet_that_recovers_it(tmp_path: Path) -> None:
    keys = opened(tmp_path)
    sealed = keys.seal("one", b"words", bound_to=PLACE)
    keys.close()
    file, sheet = tmp_path / "master.key", tmp_path / "recovery-sheet.txt"
    assert [stat.S_IMODE(each.stat().st_mode) for each in (file, sheet)] == [0o600, 0o600]
    file.unlink()

    facts = dict(line.split(":", 1) for line in sheet.read_text().splitlines() if ":" in line)
    by_hand = facts["Key id"].strip() + " " + facts["Key"].replace(" ", "")
    file.write_text(by_hand + "\n")
    file.chmod(0o600)
    keys = opened(tmp_path)
    assert keys.unseal("one", sealed, bound_to=PLACE) == b"words"
    keys.close()


def test_a_missing_wrong_or_swapped_key_file_is_one_line(tmp_path: Path) -> None:
    opened(tmp_path).close()
    file = tmp_path / "master.key"
    right = file.read_text()
    elsewhere = tmp_path / "elsewhere"
    opened(elsewhere).close()
    wrong = (elsewhere / "master.key").read_text()
    same_id = right.split()[0] + " " + wrong.split()[1]
    file.unlink()
    with pytest.raises(StartRefused, match=r"^key file master.key: missing;[^\n]+$"):
        opened(tmp_path)
    assert not file.exists()
    for words, line in ((wrong, "not the key"), (same_id, "does not fit")):
        file.write_text(words)
        file.chmod(0o600)
        with pytest.raises(StartRefused, match=f"^key file master.key: .*{line}"):
            opened(tmp_path)


def test_data_without_its_keys_is_refused_before_a_new_key_is_made(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(StartRefused, match="the database of keys is empty"):
            keyring.open_at(url_in(tmp_path), tmp_path / "master.key", founded=True)
        assert not (tmp_path / "master.key").exists()


def test_a_file_that_is_no_database_of_keys_refuses(tmp_path: Path) -> None:
    (tmp_path / "keys.db").write_bytes(b"these are no keys, " * 500)
    with pytest.raises(StorageRefused, match="not a database"):
        opened(tmp_path)


def test_a_key_file_spoiled_while_serving_stops_nobody(tmp_path: Path) -> None:
    keys, other = opened(tmp_path), opened(tmp_path)
    sealed = keys.seal("one", b"words", bound_to=PLACE)
    (tmp_path / "master.key").chmod(0o644)
    other.destroy("two", now=NOW)
    assert keys.unseal("one", sealed, bound_to=PLACE) == b"words"
    assert keys.seal("somebody new", b"words", bound_to=PLACE)
    keys.close()
    other.close()


def test_two_first_runs_at_once_make_one_key(tmp_path: Path) -> None:
    runs = [process(tmp_path, "print(keys.fingerprint('x'))") for _ in range(3)]
    answers = [run.communicate(timeout=30) for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], answers
    assert len({out for out, _ in answers}) == 1
    assert len((tmp_path / "master.key").read_text().splitlines()) == 1
