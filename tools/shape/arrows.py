"""Who imports whom: cycles, knots between rooms, imports hidden in functions.

Fan-out counts what a reader must know to read the imports: each name of ours that stands after
`import` or `from`. `from waiting_room.care import alerts, consent` is one: that room and its verbs.
Cycles and knots follow every such name to the module it means.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shape.budget import BUDGETS, Figure, nearly_all
from shape.source import Source

Graph = dict[str, set[str]]


@dataclass(frozen=True)
class Arrow:
    """One import of one of our modules by another; lazy when a function hides it."""

    importer: str
    imported: str
    named: str
    lazy: bool
    place: str


def figures(sources: list[Source]) -> list[Figure]:
    """Cycles at load and in all, hidden imports, knots of rooms, fan-out and fan-in."""
    known = {source.module for source in sources}
    arrows = [arrow for source in sources for arrow in _arrows(source, known)]
    hidden = [place for source in sources for place in _hidden(source)]
    rooms = ((_room(a.importer), _room(a.imported)) for a in arrows)
    knots = tangles(_graph(rooms))
    return [
        _cycles("cycles_load", (a for a in arrows if not a.lazy)),
        _cycles("cycles_all", arrows),
        Figure("lazy_imports", len(hidden), hidden),
        Figure("folder_knot", max(map(len, knots), default=0), [_named(knot) for knot in knots]),
        *_fans(arrows, known),
    ]


def tangles(graph: Graph) -> list[list[str]]:
    """Groups of names that all reach each other, largest first."""
    reach = {name: _reachable(graph, name) for name in graph}
    # Asking each name what it reaches is slower than Tarjan's walk and far easier to trust;
    # a few hundred modules take milliseconds.
    left, found = set(graph), []
    while left:
        name = left.pop()
        group = {other for other in reach[name] if name in reach.get(other, ())}
        left -= group
        if group:
            found.append(sorted(group | {name}))
    return sorted(found, key=lambda group: (-len(group), group))


def _reachable(graph: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    ahead = list(graph[start])
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead.extend(graph.get(name, ()))
    return seen


def _graph(pairs: Iterable[tuple[str, str]]) -> Graph:
    graph: Graph = {}
    for importer, imported in pairs:
        # Two modules of one room may know each other: that is no knot between rooms.
        if importer != imported:
            graph.setdefault(importer, set()).add(imported)
    return graph


def _cycles(key: str, arrows: Iterable[Arrow]) -> Figure:
    tied = tangles(_graph((arrow.importer, arrow.imported) for arrow in arrows))
    return Figure(key, sum(map(len, tied)), [_named(group) for group in tied])


def _fans(arrows: list[Arrow], known: set[str]) -> list[Figure]:
    out = Counter(importer for importer, _ in {(a.importer, a.named) for a in arrows})
    into = Counter(imported for _, imported in {(a.importer, a.imported) for a in arrows})
    limit = BUDGETS["fanout_p95"][1]
    wide = [f"{name} ({count})" for name, count in out.most_common() if count > limit]
    return [
        Figure("fanout_p95", nearly_all([out[name] for name in known]), wide),
        Figure("fanin_top3", [f"{name} {count}" for name, count in into.most_common(3)]),
    ]


def _named(group: list[str]) -> str:
    return " <-> ".join(group)


def _room(module: str) -> str:
    """The first-level unit of a module: a folder or a loose file of its package."""
    return ".".join(module.split(".")[:2])


def _arrows(source: Source, known: set[str]) -> Iterator[Arrow]:
    lazy = _within(source, (ast.FunctionDef, ast.AsyncFunctionDef))
    for node in _imports(source):
        for name in _targets(source, node):
            found = _longest_known(name, known)
            if found and found != source.module:
                named = name if isinstance(node, ast.Import) else name.rpartition(".")[0]
                yield Arrow(source.module, found, named, node in lazy, source.place(node))


def _hidden(source: Source) -> list[str]:
    lazy = _within(source, (ast.FunctionDef, ast.AsyncFunctionDef))
    return [source.place(node) for node in _imports(source) if node in lazy]


def _imports(source: Source) -> list[ast.Import | ast.ImportFrom]:
    """The imports that run: those under TYPE_CHECKING never do."""
    # A type checker may look both ways; at run time nothing is tied by it.
    asleep = {
        inner
        for node in source.nodes
        if isinstance(node, ast.If) and source.full_name(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    kinds = (ast.Import, ast.ImportFrom)
    return [node for node in source.nodes if isinstance(node, kinds) and node not in asleep]


def _within(source: Source, kinds: tuple[type[ast.AST], ...]) -> set[ast.AST]:
    outer = [node for node in source.nodes if isinstance(node, kinds)]
    return {inner for node in outer for inner in ast.walk(node)}


def _targets(source: Source, node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    base = node.module or ""
    if node.level:
        # One dot is the package of this file, and a package's own file is one level higher up.
        package = source.module.split(".")
        keep = len(package) - node.level + source.path.endswith("/__init__.py")
        base = ".".join(filter(None, [*package[:keep], base]))
    return [f"{base}.{name.name}" for name in node.names]


def _longest_known(name: str, known: set[str]) -> str:
    # `from bot.turn import Heard` may name a module or a thing inside one.
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name
