"""The labelled lines: what is found, what is missed, what is raised for nothing.

The author of the rules had seen these lines, so the figures only guard against getting worse.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from waiting_room.care import danger

HERE = Path(__file__).parent
RULES = danger.load(HERE.parents[1] / "content" / "danger-words")
LINES: list[dict[str, Any]] = [
    json.loads(line)
    for line in (HERE / "danger_lines.jsonl").read_text(encoding="utf-8").splitlines()
]


def answer(line: dict[str, Any]) -> str:
    hit = danger.screen(line["text"], RULES)
    return str(hit.colour) if hit else "none"


def share(wanted: set[str], given: set[str]) -> float:
    lines = [line for line in LINES if line["alert"] in wanted]
    return sum(answer(line) in given for line in lines) / len(lines)


def test_there_are_enough_lines_and_each_has_its_own_id() -> None:
    assert len(LINES) >= 150
    assert len({line["id"] for line in LINES}) == len(LINES)


def test_nearly_every_risky_line_brings_a_person() -> None:
    assert share({"red", "amber"}, {"red", "amber"}) >= 0.97


def test_most_red_lines_are_red() -> None:
    assert share({"red"}, {"red"}) >= 0.88


def test_hardly_any_harmless_line_raises_anybody() -> None:
    assert share({"none"}, {"red", "amber"}) <= 0.03


@pytest.mark.parametrize("kind", ["life", "medical", "child", "abuse", "self-harm", "neglect"])
def test_no_kind_is_left_behind(kind: str) -> None:
    lines = [line for line in LINES if line["kind"] == kind]
    found = sum(answer(line) != "none" for line in lines)
    assert found / len(lines) >= 0.95
