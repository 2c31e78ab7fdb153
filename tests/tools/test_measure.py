"""Each budget can be kept and can be broken, and a broken one says where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from measure import main, measure
from shape.budget import BUDGETS
from tests.tools.tree import function, functions, grow

DEEP = """def dig(a: int) -> int:
    if a:
        for b in range(a):
            while b:
                with open("x"):
                    return b
    return 0
"""
BRANCHED = "def choose(a: int) -> int:\n" + "".join(
    f"    if a == {n} or a == -{n}:\n        return {n}\n" for n in range(6)
)
MANY = "def take(a: int, b: int, c: int, d: int, *, e: int, f: int, g: int) -> int:\n    return a\n"
CROWD = "".join(f"from waiting_room.care.r{n} import hear_{n}\n" for n in range(9))
COPY = "\n".join(f'        "{word}": {word!r},' for word in ("a", "b", "c", "d", "e", "f", "g"))

# For each budget: what is planted in a sound tree, and what the complaint must name.
PLANTED: dict[str, tuple[dict[str, str], str]] = {
    "file_med": (
        {"bot/long.py": "a = 1\n" * 91, "bot/tall.py": "a = 1\n" * 92},
        "bot/tall.py (92)",
    ),
    "file_p95": ({"bot/long.py": "a = 1\n" * 251}, "bot/long.py (251)"),
    "file_max": ({"bot/long.py": "a = 1\n" * 301}, "bot/long.py (301)"),
    "fn_med": ({"bot/a.py": functions(9, 10)}, "count_0 (10)"),
    "fn_p95": ({"bot/a.py": function("wait", 31)}, "bot/a.py:1 wait (31)"),
    "fn_max": ({"bot/a.py": function("wait", 51)}, "bot/a.py:1 wait (51)"),
    "fn_le10": ({"bot/a.py": functions(4, 11)}, "count_0 (11)"),
    "cc_p95": ({"bot/a.py": BRANCHED}, "bot/a.py:1 choose (13)"),
    "cc_max": ({"bot/a.py": BRANCHED}, "bot/a.py:1 choose (13)"),
    "depth_p95": ({"bot/a.py": DEEP}, "bot/a.py:1 dig (4)"),
    "depth_max": ({"bot/a.py": DEEP}, "bot/a.py:1 dig (4)"),
    "args_p95": ({"bot/a.py": MANY}, "bot/a.py:1 take (7)"),
    "args_max": ({"bot/a.py": MANY}, "bot/a.py:1 take (7)"),
    "typed": ({"bot/a.py": "def hear(text):\n    return text\n"}, "bot/a.py:1 hear"),
    "doc_pct": ({"bot/a.py": MANY * 11}, "bot/a.py:1 take"),
    "comment_pct": ({"bot/a.py": "a = 1\n" * 80}, "bot/a.py (0)"),
    "todo_kloc": ({"bot/a.py": "a = 1  # TO" + "DO: later\n"}, "bot/a.py:1"),
    "vague_names": ({"bot/text_utils.py": "a = 1\n"}, "bot/text_utils.py"),
    "cycles_load": (
        {"bot/a.py": "from bot import b\n", "bot/b.py": "import bot.a\n"},
        "bot.a <-> bot.b",
    ),
    "cycles_all": (
        {
            "bot/a.py": "def f() -> None:\n    from bot import b\n",
            "bot/b.py": "from .a import f\n",
        },
        "bot.a <-> bot.b",
    ),
    "lazy_imports": ({"bot/a.py": "def f() -> None:\n    import json\n"}, "bot/a.py:2"),
    "folder_knot": (
        {
            "bot/a/x.py": "from bot.b import x\n",
            "bot/b/x.py": "",
            "bot/b/y.py": "from bot.a import y\n",
            "bot/a/y.py": "",
        },
        "bot.a <-> bot.b",
    ),
    "fanout_p95": (
        {"bot/a.py": CROWD} | {f"waiting_room/care/r{n}.py": "" for n in range(9)},
        "bot.a (9)",
    ),
    "commits_outside_db": ({"waiting_room/care/a.py": "session.commit()\n"}, "care/a.py:1"),
    "now_outside_clock": (
        {"bot/a.py": "import datetime as dt\nstarted = dt.datetime.now(dt.UTC)\n"},
        "bot/a.py:2",
    ),
    "select_in_doors": (
        {"waiting_room/web/a.py": "from sqlalchemy import select\nrows = select(1)\n"},
        "waiting_room/web/a.py:2",
    ),
    "net_in_care": ({"waiting_room/care/a.py": "from urllib import request\n"}, "care/a.py:1"),
    "words_in_code": ({"bot/a.py": 'say = "You are next in the line now."\n'}, "bot/a.py:1"),
    "broad_except": (
        {"bot/a.py": "try:\n    a = 1\nexcept Exception:\n    a = 2\n" * 6},
        "bot/a.py:23",
    ),
    "dup_blocks": (
        {f"bot/{name}.py": f"{name} = {{\n{COPY}\n}}\n" for name in ("a", "b", "c", "d")},
        "bot/a.py:2 = bot/b.py:2",
    ),
    "mock_per_test": (
        {"tests/test_a.py": "from unittest import mock\n\n\ndef test_a() -> None: ...\n"},
        "tests/test_a.py:1",
    ),
    "docs_drift": ({"README.md": "A room.\n"}, "waiting_room/"),
}


def broken(root: Path) -> dict[str, str]:
    return {figure.key: figure.complaint() for figure in measure(root) if figure.broken}


def test_a_sound_tree_breaks_no_budget(tmp_path: Path) -> None:
    assert broken(grow(tmp_path, {})) == {}


def test_every_budget_has_a_tree_that_breaks_it() -> None:
    assert PLANTED.keys() == BUDGETS.keys()


@pytest.mark.parametrize("key", PLANTED)
def test_a_broken_budget_is_found_and_its_place_named(key: str, tmp_path: Path) -> None:
    files, place = PLANTED[key]
    complaints = broken(grow(tmp_path, files))
    assert key in complaints
    assert place in complaints[key]


def test_too_many_comments_are_refused_as_well_as_too_few(tmp_path: Path) -> None:
    complaints = broken(grow(tmp_path, {"bot/a.py": "# why\n" * 9}))
    assert "bot/a.py (9)" in complaints["comment_pct"]


def test_the_command_prints_one_line_and_fails_only_when_a_budget_breaks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(grow(tmp_path, {}))]) == 0
    sound = capsys.readouterr()
    assert json.loads(sound.out)["fn_p95"] == 5
    assert sound.err == ""
    assert main([str(grow(tmp_path, {"bot/a.py": function("wait", 51)}))]) == 1
    assert "fn_max is 51, at most 50 allowed: bot/a.py:1 wait (51)" in capsys.readouterr().err


def test_migrations_are_left_out_and_tests_are_counted_apart(tmp_path: Path) -> None:
    files = {
        "waiting_room/migrations/versions/a.py": "a = 1\n" * 400,
        "tests/test_a.py": "def test_a() -> None: ...\n" * 400,
    }
    figures = {figure.key: figure.value for figure in measure(grow(tmp_path, files))}
    assert figures["files"] == 1
    assert figures["tests"] == 400


def test_the_measure_keeps_the_budgets_it_sets(tmp_path: Path) -> None:
    tools = Path(__file__).parents[2] / "tools"
    for path in tools.rglob("*.py"):
        grow(tmp_path, {f"tools/{path.relative_to(tools)}": path.read_text(encoding="utf-8")})
    figures = measure(tmp_path, ("tools",))
    assert [figure.complaint() for figure in figures if figure.broken] == []
