"""The list of kill points, the code, and the tests that kill there agree."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults import stories
from waiting_room import kill_points
from waiting_room.errors import StartRefused
from waiting_room.settings import Settings

ROOT = Path(__file__).parents[1]
CODE = ("bot", "scheduler", "waiting_room")


def reached_in_code() -> Iterator[str]:
    """The name of every point, as often as the code passes through it by name."""
    for folder in CODE:
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and _called(node.func) in ("reached", "under_way"):
                    yield str(ast.literal_eval(node.args[0]))


def _called(function: ast.expr) -> str:
    return getattr(function, "attr", "") or getattr(function, "id", "")


def test_each_point_is_passed_at_one_place_and_none_is_unknown() -> None:
    assert Counter(reached_in_code()) == Counter(kill_points.POINTS)


def test_the_room_is_killed_at_each_of_them() -> None:
    assert set(stories.REACHED_BY) == kill_points.POINTS
    assert len(kill_points.POINTS) >= 30


def test_production_refuses_to_be_killed(chosen: Callable[..., Settings]) -> None:
    public = {"public_url": "https://room.example.org", "smtp_url": "smtp://mail.example.org"}
    with pytest.raises(StartRefused, match="KILL_AT"):
        chosen(env="production", kill_at="inbox stored", **public)
    assert chosen(env="production", **public).kill_at == ""


def test_a_name_nobody_knows_is_refused(chosen: Callable[..., Settings]) -> None:
    for wish in ("nowhere", "inbox stored:0", "inbox stored:x"):
        with pytest.raises(StartRefused, match="KILL_AT"):
            chosen(kill_at=wish)
