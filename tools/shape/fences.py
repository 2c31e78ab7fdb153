"""What may be done only in its own place: time, commits, queries, network, words, errors."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator

from shape.budget import Figure
from shape.source import Source

Rule = Callable[[Source], Iterable[str]]
DOORS = ("bot", "scheduler", "waiting_room/web")
QUIET_ROOMS = ("waiting_room/care", "waiting_room/community", "waiting_room/reports")
CLOCK_READS = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
}
NETWORK = {
    "aiohttp",
    "aiosmtplib",
    "http.client",
    "httpx",
    "httpx2",
    "requests",
    "smtplib",
    "socket",
    "telegram",
    "urllib.request",
    "urllib3",
}
BROAD = {"Exception", "BaseException"}
# The brackets keep a search for leftovers from finding this line.
LEFTOVER = re.compile(r"#.*\b(?:TO[D]O|FIX[M]E)\b")
VAGUE = re.compile(r"(?:util|helper|manager|common|misc)s?")
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# In this service a helper is a person. Only in these rooms is the word a noun of the trade.
HELPER_ROOMS = {"community", "models", "screens", "desk", "refer", "api", "web"}


def figures(sources: list[Source]) -> list[Figure]:
    """Every fence that a syntax tree can show, with the lines that climb over it."""
    lines = sum(len(source.lines) for source in sources)
    leftovers = [place for source in sources for place in _leftovers(source)]
    return [
        _count("commits_outside_db", sources, _commits),
        _count("now_outside_clock", sources, _clock_reads),
        _count("select_in_doors", sources, _selects),
        _count("net_in_care", sources, _network),
        _count("broad_except", sources, _broad),
        _count("vague_names", sources, _vague),
        Figure("todo_kloc", round(1000 * len(leftovers) / max(lines, 1), 2), leftovers),
    ]


def _count(key: str, sources: list[Source], rule: Rule) -> Figure:
    places = [place for source in sources for place in rule(source)]
    return Figure(key, len(places), places)


def _commits(source: Source) -> Iterator[str]:
    if source.path == "waiting_room/db.py":
        return
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr == "commit":
            yield source.place(node)


def _clock_reads(source: Source) -> Iterator[str]:
    if source.path == "waiting_room/clock.py":
        return
    # A reference counts as much as a call: default_factory=datetime.now reads the clock too.
    for node in source.nodes:
        if isinstance(node, (ast.Name, ast.Attribute)) and source.full_name(node) in CLOCK_READS:
            yield source.place(node)


def _selects(source: Source) -> Iterator[str]:
    if not source.inside(*DOORS):
        return
    for node in source.nodes:
        if isinstance(node, ast.Call):
            name = source.full_name(node.func)
            if name.startswith("sqlalchemy.") and name.endswith(".select"):
                yield source.place(node)


def _network(source: Source) -> Iterator[str]:
    if not source.inside(*QUIET_ROOMS):
        return
    for node in source.nodes:
        if any(_leads_to_network(name) for name in _imported(node)):
            yield source.place(node)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [f"{node.module}.{name.name}" for name in node.names]
    return []


def _leads_to_network(name: str) -> bool:
    return any(name == library or name.startswith(f"{library}.") for library in NETWORK)


def _broad(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler) and _catches_all([node.type]):
            yield source.place(node)
        if isinstance(node, ast.Call) and source.full_name(node.func).endswith("suppress"):
            yield from [source.place(node)] * _catches_all(node.args)


def _catches_all(kinds: Iterable[ast.expr | None]) -> bool:
    named = [kind.elts if isinstance(kind, ast.Tuple) else [kind] for kind in kinds]
    return any(
        # No kind at all is the bare `except:`, the broadest of them.
        kind is None or (isinstance(kind, ast.Name) and kind.id in BROAD)
        for group in named
        for kind in group
    )


def _leftovers(source: Source) -> Iterator[str]:
    for number, line in enumerate(source.lines, 1):
        if LEFTOVER.search(line):
            yield f"{source.path}:{number}"


def _vague(source: Source) -> Iterator[str]:
    # A folder is judged by its __init__.py, so each vague name is named once.
    *folders, name = source.path.removesuffix(".py").removesuffix("/__init__").split("/")
    person = bool(HELPER_ROOMS & set(folders)) and name.startswith("helper")
    if _is_vague(name, person=person):
        yield source.path
    for node in source.nodes:
        if isinstance(node, ast.ClassDef) and _is_vague(
            node.name, person=node.name.startswith("Helper")
        ):
            yield f"{source.place(node)} {node.name}"


def _is_vague(name: str, *, person: bool) -> bool:
    words = [word.lower() for word in WORD.findall(name)]
    if person:
        words = words[1:]
    return any(VAGUE.fullmatch(word) for word in words)
