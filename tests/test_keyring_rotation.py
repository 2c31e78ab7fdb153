"""A new master key: nothing is lost, whoever serves meanwhile and wherever a kill falls."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.keyrings import opened, process
from waiting_room import keyring
from waiting_room.keyring import Keyring

PLACE = "patient|1|name"
KILLED = """
steps = STEPS
def counted(act):
    def run(*args, **named):
        global steps
        if steps == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        steps -= 1
        return act(*args, **named)
    return run
os.fsync, os.open = counted(os.fsync), counted(os.open)
Path.replace = counted(Path.replace)
type(keys._store).rewrap = counted(type(keys._store).rewrap)
keyring.rotate(keys, folder / "master.key")
"""
SERVING = """
made = []
print("ready", flush=True)
number = 0
while not (folder / "enough").exists():
    number += 1
    owner = f"owner {number}"
    made.append((owner, keys.seal(owner, owner.encode(), bound_to="x")))
    for whose, sealed in made[-20:]:
        assert keys.unseal(whose, sealed, bound_to="x") == whose.encode()
with (folder / "made").open("w") as out:
    for owner, sealed in made:
        out.write(f"{owner}|{sealed.hex()}\\n")
"""


def masters(folder: Path) -> list[str]:
    return [line.split()[0] for line in (folder / "master.key").read_text().splitlines()]


def prepared(folder: Path, owners: int = 5) -> list[bytes]:
    keys = opened(folder)
    sealed = [keys.seal(str(n), b"words", bound_to=PLACE) for n in range(owners)]
    keys.close()
    return sealed


def reads_all(keys: Keyring, sealed: list[bytes]) -> bool:
    values = [keys.unseal(str(n), each, bound_to=PLACE) for n, each in enumerate(sealed)]
    return values == [b"words"] * len(sealed)


def test_rotation_wraps_every_key_anew_and_the_next_start_drops_the_old(tmp_path: Path) -> None:
    sealed = prepared(tmp_path)
    keys, (old,) = opened(tmp_path), masters(tmp_path)
    new, done = keyring.rotate(keys, tmp_path / "master.key")
    assert masters(tmp_path) == [new, old]
    assert done == len(sealed) + 1
    assert new in keyring.sheet_of(tmp_path / "master.key").read_text()
    assert reads_all(keys, sealed)
    keys.close()
    keys = opened(tmp_path)
    assert masters(tmp_path) == [new]
    assert reads_all(keys, sealed)
    keys.close()


@pytest.mark.faults
@pytest.mark.parametrize("step", [2, 3, 8, 10])
def test_a_kill_at_any_step_loses_nothing(tmp_path: Path, step: int) -> None:
    sealed = prepared(tmp_path)
    run = process(tmp_path, KILLED.replace("STEPS", str(step)))
    _, words = run.communicate(timeout=30)
    assert run.returncode == -signal.SIGKILL, words
    keys = opened(tmp_path)
    assert reads_all(keys, sealed)
    assert len(masters(tmp_path)) == 1
    assert masters(tmp_path)[0] in keyring.sheet_of(tmp_path / "master.key").read_text()
    keys.close()


def test_a_process_that_serves_meanwhile_has_no_error_and_loses_no_key(tmp_path: Path) -> None:
    serving = process(tmp_path, SERVING)
    assert serving.stdout is not None
    assert serving.stdout.readline() == "ready\n"
    for _ in range(4):
        keys = opened(tmp_path)
        keyring.rotate(keys, tmp_path / "master.key")
        keys.close()
    # This start drops every older master key while the other process still serves.
    opened(tmp_path).close()
    (tmp_path / "enough").touch()
    _, words = serving.communicate(timeout=30)
    assert serving.returncode == 0, words
    keys = opened(tmp_path)
    made = [line.split("|") for line in (tmp_path / "made").read_text().splitlines()]
    assert len(made) > 5
    for owner, sealed in made:
        assert keys.unseal(owner, bytes.fromhex(sealed), bound_to="x") == owner.encode()
    assert len(masters(tmp_path)) == 1
    keys.close()


def test_a_stale_process_wraps_with_the_key_of_the_file(tmp_path: Path) -> None:
    stale = opened(tmp_path)
    keys = opened(tmp_path)
    keyring.rotate(keys, tmp_path / "master.key")
    keys.close()
    opened(tmp_path).close()
    sealed = stale.seal("late", b"words", bound_to=PLACE)
    stale.close()
    keys = opened(tmp_path)
    assert keys.unseal("late", sealed, bound_to=PLACE) == b"words"
    keys.close()


def test_a_sample_key_stays_a_sample(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    keys = keyring.open_at(f"sqlite:///{tmp_path / 'keys.db'}", file, sample=True)
    keyring.rotate(keys, file)
    keys.close()
    keys = opened(tmp_path)
    assert keys.sample
    keys.close()
