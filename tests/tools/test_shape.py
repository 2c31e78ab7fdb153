"""What the figures must and must not count, one rule at a time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from shape import arrows, copies, drift, fences, words
from shape.budget import Figure, middle, nearly_all
from shape.size import Shape, functions
from shape.source import Source, read
from tests.tools.tree import grow


def only(text: str) -> Shape:
    return next(functions(Source("bot/a.py", text)))


def value(figures: Iterable[Figure], key: str) -> object:
    return next(figure.value for figure in figures if figure.key == key)


def fenced(path: str, text: str, key: str) -> object:
    return value(fences.figures([Source(path, text)]), key)


def test_ninety_five_of_a_hundred_stay_at_or_under_the_percentile() -> None:
    assert nearly_all(list(range(1, 101))) == 95
    assert middle([1, 2, 3, 10]) == 2


def test_elif_is_flat_and_else_if_with_more_is_not() -> None:
    flat = "def f(a: int) -> None:\n if a: ...\n elif a > 1: ...\n elif a > 2: ...\n"
    nested = "def f(a: int) -> None:\n if a: ...\n else:\n  a = 1\n  if a: ...\n"
    assert only(flat).depth == 1
    assert only(nested).depth == 2


def test_branches_operands_and_filters_make_complexity() -> None:
    text = "def f(a: int) -> list[int]:\n return [b for b in [a] if a and b or a] if a else []\n"
    assert only(text).complexity == 5


def test_a_function_within_a_function_is_measured_on_its_own() -> None:
    text = "def f() -> None:\n def g(a: int) -> None:\n  if a:\n   if a: ...\n"
    outer, inner = functions(Source("bot/a.py", text))
    assert (outer.complexity, outer.depth) == (1, 0)
    assert (inner.complexity, inner.depth) == (3, 2)


def test_self_and_stars_are_no_parameters() -> None:
    assert only("def f(self, a, *b, c=1, **d) -> None: ...\n").parameters == 2


def test_the_options_of_a_command_are_typed_by_people_and_not_counted() -> None:
    text = '@referral.command("add")\ndef refer(a, b, c, d, e, f, g) -> None: ...\n'
    assert next(functions(Source("waiting_room/cli/people.py", text))).parameters == 0
    assert next(functions(Source("waiting_room/care/people.py", text))).parameters == 7
    bare = "def refer(a, b, c, d, e, f, g) -> None: ...\n"
    assert next(functions(Source("waiting_room/cli/people.py", bare))).parameters == 7


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("from waiting_room.care import r0, r1, r2\n", 1),
        ("from waiting_room.care import r0\nfrom waiting_room.care import r1\n", 1),
        ("from waiting_room.care.r0 import hear\nfrom waiting_room.care.r1 import hear\n", 2),
        ("import waiting_room.care.r0\nimport waiting_room.care.r1\n", 2),
        ("from waiting_room.care.r0 import hear\nfrom waiting_room.care import r0\n", 2),
    ],
)
def test_verbs_of_one_room_imported_together_count_once(text: str, count: int) -> None:
    rooms = [Source(f"waiting_room/care/{name}.py", "") for name in ("__init__", "r0", "r1", "r2")]
    fan = {f.key: f for f in arrows.figures([*rooms, Source("bot/a.py", text)])}["fanout_p95"]
    assert fan.value == count


def test_imports_for_types_alone_make_no_cycle() -> None:
    sleeping = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bot import b\n"
    sources = [Source("bot/a.py", sleeping), Source("bot/b.py", "from bot.a import x\n")]
    assert value(arrows.figures(sources), "cycles_all") == 0


def test_a_name_of_a_package_is_followed_to_its_module() -> None:
    sources = [
        Source("bot/__init__.py", "from .a import hear\n"),
        Source("bot/a.py", "from . import b\n"),
        Source("bot/b.py", "from bot import hear\n"),
    ]
    assert value(arrows.figures(sources), "cycles_load") == 3


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime\nfield(default_factory=datetime.utcnow)\n",
        "from datetime import date as day\nday.today()\n",
        "import time\ntime.time()\n",
        "from time import time\ntime()\n",
    ],
)
def test_the_clock_is_read_in_clock_alone(text: str) -> None:
    assert fenced("bot/a.py", text, "now_outside_clock") == 1
    assert fenced("waiting_room/clock.py", text, "now_outside_clock") == 0


def test_our_own_clock_and_monotonic_time_may_be_read() -> None:
    text = "import time\nfrom waiting_room import clock\nclock.now()\ntime.monotonic()\n"
    assert fenced("bot/a.py", text, "now_outside_clock") == 0


def test_queries_belong_below_the_doors() -> None:
    text = "import sqlalchemy as sa\nsa.select(1)\n"
    assert fenced("scheduler/a.py", text, "select_in_doors") == 1
    assert fenced("waiting_room/care/a.py", text, "select_in_doors") == 0
    assert fenced("bot/a.py", "import select\nselect.select([], [], [])\n", "select_in_doors") == 0


def test_the_network_is_closed_to_care_and_open_to_channels() -> None:
    text = "import urllib.request\n"
    assert fenced("waiting_room/reports/a.py", text, "net_in_care") == 1
    assert fenced("waiting_room/channels/a.py", text, "net_in_care") == 0
    assert fenced("waiting_room/care/a.py", "from urllib.parse import quote\n", "net_in_care") == 0


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("try: ...\nexcept: ...\n", 1),
        ("try: ...\nexcept (OSError, BaseException): ...\n", 1),
        ("from contextlib import suppress\nwith suppress(Exception): ...\n", 1),
        ("try: ...\nexcept (OSError, ValueError): ...\n", 0),
        ("from contextlib import suppress\nwith suppress(OSError): ...\n", 0),
    ],
)
def test_broad_handlers_are_counted_however_they_are_spelt(text: str, count: int) -> None:
    assert fenced("bot/a.py", text, "broad_except") == count


@pytest.mark.parametrize(
    ("path", "text", "count"),
    [
        ("bot/common/a.py", "", 0),
        ("bot/common/__init__.py", "", 1),
        ("bot/a.py", "class SessionManager: ...\n", 1),
        ("bot/helpers.py", "", 1),
        ("bot/a.py", "class DateHelper: ...\n", 1),
        ("waiting_room/community/helpers.py", "class Helper: ...\nclass HelperOffer: ...\n", 0),
        ("waiting_room/community/helper_utils.py", "", 1),
    ],
)
def test_vague_names_are_refused_but_a_helper_may_be_a_person(
    path: str, text: str, count: int
) -> None:
    assert fenced(path, text, "vague_names") == count


@pytest.mark.parametrize(
    "text",
    [
        '"""A module that says what it is for."""\n',
        'log.info("one message was heard in a chat", chat=chat)\n',
        'raise Refused(f"the offer {name} is not open any more")\n',
        'from waiting_room.errors import NotFound\nNotFound("there is no such offer here")\n',
        'query = "SELECT id FROM alert WHERE due_at < :now"\n',
        'from sqlalchemy import text\ntext("id > 5 and due_at is not null")\n',
        'page = "conversation/welcome"\n',
        'MOVES = dict(asked="nudged answered missed skipped paused")\n',
        'reader.problems["phone"] = "Enter a phone number, such as this."\n',
        'PROBLEMS: dict[str, str] = {"name": "Enter the full name of the person."}\n',
        'problems.setdefault("name", "Enter the full name of the person.")\n',
    ],
)
def test_docstrings_logs_errors_and_queries_are_no_words(text: str) -> None:
    assert list(words.sentences(Source("bot/a.py", text))) == []


@pytest.mark.parametrize(
    "text",
    [
        'say("We will write to you on Monday.")\n',
        'say(f"We will write to {name} on Monday.")\n',
        'say("With best wishes from all of us")\n',
        'say(f"{worker} will write to you on Monday")\n',
        'notices["error"] = "We will write to you on Monday."\n',
        'say("we will write. you need do nothing")\n',
        'from letters import text\ntext("We will write to you on Monday.")\n',
    ],
)
def test_a_sentence_in_code_is_found_once(text: str) -> None:
    assert len(list(words.sentences(Source("bot/a.py", text)))) == 1


def test_a_longer_copy_is_still_one_copy_and_layout_is_no_difference() -> None:
    block = "\n".join(f"step_{number} = {number}" for number in range(12))
    spaced = block.replace("\n", "\n\n# why\n").replace(" = ", "   =  ")
    pairs = list(copies.copies([Source("bot/a.py", block), Source("bot/b.py", spaced)]))
    assert pairs == ["bot/a.py:1 = bot/b.py:1"]


def test_five_equal_lines_and_equal_imports_are_no_copy() -> None:
    short = "\n".join(f"step_{number} = {number}" for number in range(5))
    imports = "\n".join(f"import module_{number}" for number in range(9))
    assert list(copies.copies([Source("a.py", short), Source("b.py", short)])) == []
    assert list(copies.copies([Source("a.py", imports), Source("b.py", imports)])) == []


SETTINGS = """class Settings(BaseSettings):
    model_config = {}
    telegram_token: str = ""
    port: int = Field(8000, validation_alias=AliasChoices("PORT"))
"""
TICKS = "def mark_missed() -> int: ...\ndef _due() -> int: ...\n"


def drifted(tmp_path: Path, readme: str) -> list[str]:
    files = {"waiting_room/settings.py": SETTINGS, "scheduler/ticks.py": TICKS, "README.md": readme}
    root = grow(tmp_path, files)
    figures = drift.figures(root, read(root, ("scheduler", "waiting_room")))
    return list(figures[0].places)


def test_what_the_documents_do_not_name_is_listed(tmp_path: Path) -> None:
    missing = ["scheduler/", "waiting_room/", "mark_missed", "WAITING_ROOM_TELEGRAM_TOKEN", "PORT"]
    assert drifted(tmp_path, "A room to wait in, with an EXPORT.\n") == missing


def test_what_they_do_name_is_not(tmp_path: Path) -> None:
    said = "`scheduler/` and waiting_room/: WAITING_ROOM_TELEGRAM_TOKEN, PORT; we mark missed ones."
    assert drifted(tmp_path, said) == []


def test_before_there_are_documents_none_can_drift(tmp_path: Path) -> None:
    assert drift.figures(grow(tmp_path, {}), []) == []
