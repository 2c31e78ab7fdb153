"""The import contracts hold on a sound skeleton, and each wrong arrow breaks its contract."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise, permutations
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
RULES = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
NAMES = {contract["id"]: contract["name"] for contract in RULES["contracts"]}
LAYERS = next(rule["layers"] for rule in RULES["contracts"] if rule["id"] == "arrows")
ROOMS = [[name.strip(" ()") for name in layer.split("|")] for layer in LAYERS]

ALLOWED = {
    "bot/telegram/poller.py": "import telegram",
    "bot/telegram/webhook.py": "import fastapi, telegram",
    "bot/web_chat/page.py": "import starlette",
    "bot/staff.py": "import telegram",
    "bot/conversation.py": "import waiting_room.care.offers, waiting_room.channels.telegram",
    "scheduler/app.py": "import apscheduler.schedulers, aiohttp",
    "waiting_room/channels/telegram.py": "import telegram, aiohttp",
    "waiting_room/pages/site.py": "import fastapi",
    "waiting_room/web/app.py": "import fastapi, waiting_room.pages.site",
    "waiting_room/serve.py": "import starlette, bot.staff, scheduler.app, waiting_room.web.app",
    "waiting_room/cli.py": "import waiting_room.serve",
    "waiting_room/care/offers.py": "import waiting_room.outbox, urllib.parse",
}

FORBIDDEN = [
    ("telegram-fence", "bot/conversation.py", "import telegram"),
    ("telegram-fence", "waiting_room/channels/email.py", "from telegram import Bot"),
    ("web-fence", "bot/telegram/poller.py", "import fastapi"),
    ("web-fence", "waiting_room/channels/email.py", "from starlette import status"),
    ("clock-fence", "waiting_room/serve.py", "import apscheduler"),
    ("clock-fence", "bot/conversation.py", "from apscheduler.schedulers import base"),
    ("network-fence", "waiting_room/care/offers.py", "import aiohttp"),
    ("network-fence", "waiting_room/community/groups.py", "from socket import socket"),
    ("network-fence", "waiting_room/reports/waits.py", "import httpx2"),
]


def lint(root: Path, files: dict[str, str]) -> str:
    """Run the contracts of this project over a made-up tree and return what they say."""
    shutil.copy(HOME / "pyproject.toml", root)
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text + "\n", encoding="utf-8")
    for folder in {path.parent for path in root.rglob("*.py")} | {root / "waiting_room"}:
        (folder / "__init__.py").touch()
    linter = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    told = [sys.executable, "-c", linter, "--no-cache", "--no-logo"]
    run = subprocess.run(
        told,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout + run.stderr


def broken(said: str) -> list[str]:
    return [rule for rule, name in NAMES.items() if f"{name} BROKEN" in said]


def test_the_arrows_and_doors_of_the_design_are_allowed(tmp_path: Path) -> None:
    said = lint(tmp_path, ALLOWED)
    assert broken(said) == []
    assert f"{len(NAMES)} kept, 0 broken" in said


@pytest.mark.parametrize(("rule", "path", "text"), FORBIDDEN)
def test_a_library_outside_its_fence_is_refused(
    rule: str, path: str, text: str, tmp_path: Path
) -> None:
    assert broken(lint(tmp_path, ALLOWED | {path: text})) == [rule]


def wrong_arrows() -> list[tuple[str, str]]:
    """Each room to one just above it, and to each of its neighbours."""
    back = [(low, highs[0]) for highs, lows in pairwise(ROOMS) for low in lows]
    return back + [pair for layer in ROOMS for pair in permutations(layer, 2)]


def test_every_arrow_back_or_aside_is_refused(tmp_path: Path) -> None:
    files = {f"{room.replace('.', '/')}/a.py": "" for layer in ROOMS for room in layer}
    for number, (importer, imported) in enumerate(wrong_arrows()):
        files[f"{importer.replace('.', '/')}/wrong_{number}.py"] = f"import {imported}.a"
    said = lint(tmp_path, files)
    assert broken(said) == ["arrows"]
    for number, (importer, imported) in enumerate(wrong_arrows()):
        assert f"{importer}.wrong_{number} -> {imported}.a" in said


def test_every_room_of_the_house_has_its_place_among_the_arrows() -> None:
    placed = {name for layer in ROOMS for name in layer}
    files = (path.relative_to(HOME) for path in (HOME / "waiting_room").rglob("*.py"))
    rooms = {f"waiting_room.{path.with_suffix('').parts[1]}" for path in files}
    assert rooms - placed == {"waiting_room.__init__"}


def test_every_folder_of_code_is_a_package_or_the_linter_would_pass_it_by() -> None:
    files = (path for name in RULES["root_packages"] for path in (HOME / name).rglob("*.py"))
    folders = {
        above.relative_to(HOME)
        for path in files
        for above in path.parents[:-1]
        if HOME in above.parents
    }
    bare = {str(path) for path in folders if not (HOME / path / "__init__.py").exists()}
    # Alembic finds its steps by file; nobody imports them.
    assert bare - {"waiting_room/migrations/versions"} == set()
