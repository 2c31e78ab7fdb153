"""`make` says in one line what is missing, lists its targets, and installs only once."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
OLD = '#!/bin/sh\n[ "$1" = -c ] && case $2 in *version_info*) exit 1;; esac\n'
BARE = '#!/bin/sh\n[ "$1" = -c ] && case $2 in *ensurepip*) exit 1;; esac\n'
# Makes an environment whose python knows no pip.
NO_PIP = """#!/bin/sh
[ "$1" = -c ] && exit 0
mkdir -p .venv/bin && printf '#!/bin/sh\\nexit 1\\n' > .venv/bin/python && chmod +x .venv/bin/python
"""
# Makes an environment whose python and waiting-room write down how they were called.
WORKING = """#!/bin/sh
[ "$1" = -c ] && exit 0
mkdir -p .venv/bin
printf '#!/bin/sh\\necho "$0 $*" >> calls\\n' > .venv/bin/python
chmod +x .venv/bin/python && cp .venv/bin/python .venv/bin/waiting-room
"""


def make(
    folder: Path, *arguments: str, python: str = "", path: str = ""
) -> subprocess.CompletedProcess[str]:
    """Call make in a folder that holds the project's Makefile and this stand-in for Python."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        if not (folder / name).exists():
            shutil.copy(HOME / name, folder)
    stand_in = folder / "stand-in-python"
    stand_in.write_text(python, encoding="utf-8")
    stand_in.chmod(0o755)
    told = ["make", "--no-print-directory", "PYTHON=./stand-in-python", *arguments]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    clean |= {"PATH": path} if path else {}
    return subprocess.run(told, cwd=folder, env=clean, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("python", "said"),
    [
        (OLD, "is older than Python 3.11"),
        (BARE, "apt-get install python3-venv"),
        (NO_PIP, "apt-get install python3-pip"),
    ],
)
def test_what_is_missing_is_said_in_one_line(python: str, said: str, tmp_path: Path) -> None:
    run = make(tmp_path, "run", python=python)
    ours = [line for line in run.stderr.splitlines() if not line.startswith("make: ***")]
    assert run.returncode != 0
    assert len(ours) == 1
    assert said in ours[0]
    assert not (tmp_path / ".venv").exists()


def test_no_python_at_all_is_said_in_one_line(tmp_path: Path) -> None:
    run = make(tmp_path, "run", "PYTHON=no-such-python")
    assert run.stderr.startswith("make: no-such-python was not found; install Python 3.11")


def test_help_gives_each_target_its_line(tmp_path: Path) -> None:
    said = make(tmp_path).stdout
    listed = [line.split()[1] for line in said.splitlines()]
    listed_now = "help run test check bench bench-full faults states clean"
    assert listed == listed_now.split()


def test_a_second_start_installs_nothing(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    assert make(tmp_path, "run", python=WORKING).returncode == 0
    assert "pip install" in calls.read_text(encoding="utf-8")
    calls.unlink()
    assert make(tmp_path, "run", python=WORKING).returncode == 0
    assert calls.read_text(encoding="utf-8") == ".venv/bin/waiting-room demo\n"


def test_changed_pins_are_installed_at_the_next_start(tmp_path: Path) -> None:
    make(tmp_path, "run", python=WORKING)
    stamp = tmp_path / ".venv" / ".installed"
    later = stamp.stat().st_mtime + 10
    os.utime(tmp_path / "constraints.txt", (later, later))
    (tmp_path / "calls").unlink()
    make(tmp_path, "run", python=WORKING)
    assert "pip install" in (tmp_path / "calls").read_text(encoding="utf-8")


def test_clean_keeps_the_data_and_the_environment(tmp_path: Path) -> None:
    kept, gone = ("var", ".venv"), ("bot/__pycache__", ".mypy_cache", "dist")
    for name in kept + gone:
        (tmp_path / name).mkdir(parents=True)
    assert make(tmp_path, "clean").returncode == 0
    assert all((tmp_path / name).exists() for name in kept)
    assert not any((tmp_path / name).exists() for name in gone)


def machine_without_chromium(folder: Path, *, user: int, apt_get: str) -> str:
    """A PATH with nothing but a shell, this user and this apt-get."""
    tools = folder / "machine"
    tools.mkdir()
    for name in ("make", "sh"):
        (tools / name).symlink_to(shutil.which(name) or name)
    for name, text in {"id": f"echo {user}", "apt-get": apt_get}.items():
        (tools / name).write_text(f"#!{shutil.which('sh')}\n{text}\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    return str(tools)


def test_root_gets_chromium_from_the_system(tmp_path: Path) -> None:
    path = machine_without_chromium(tmp_path, user=0, apt_get='echo "$*" >> calls')
    said = make(tmp_path, "browser", path=path)
    calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    assert calls[0].startswith("update")
    assert calls[1].startswith("install") and calls[1].endswith("chromium fonts-dejavu")
    assert "will be skipped" not in said.stdout


@pytest.mark.parametrize(("user", "apt_get"), [(1000, "exit 0"), (0, "exit 100")])
def test_where_chromium_cannot_be_had_the_tests_go_on_and_it_is_said(
    user: int, apt_get: str, tmp_path: Path
) -> None:
    path = machine_without_chromium(tmp_path, user=user, apt_get=apt_get)
    run = make(tmp_path, "browser", path=path)
    assert run.returncode == 0
    assert "browser tests will be skipped" in run.stdout
    assert "apt-get install chromium fonts-dejavu" in run.stdout
