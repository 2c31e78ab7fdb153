"""How long, how branched, how deep, how typed: files and functions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shape.budget import BUDGETS, Figure, middle, nearly_all, share
from shape.source import Source

Function = ast.FunctionDef | ast.AsyncFunctionDef
COMMANDS = "waiting_room/cli"
BRANCHES = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case)
BLOCKS = (
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    ast.TryStar,
    ast.Match,
)


# `client.patch(...)` sends a PATCH and replaces nothing; `patch(...)` and `@patch` do.
MOCKED = re.compile(r"\bmock\b|Mock\(|\bmocker\b|\bmonkeypatch\b|@patch|(?<!\.)\bpatch\(")


@dataclass(frozen=True)
class Shape:
    """What the budgets ask of one function."""

    place: str
    lines: int
    complexity: int
    depth: int
    parameters: int
    typed: bool
    documented: bool


def figures(sources: list[Source]) -> list[Figure]:
    """Sizes of files and functions, types, docstrings and comments of product code."""
    shapes = [shape for source in sources for shape in functions(source)]
    untyped = [s.place for s in shapes if not s.typed]
    bare = [s.place for s in shapes if not s.documented]
    files = {source.path: len(source.lines) for source in sources}
    short = [s for s in shapes if s.lines <= 10]
    return [
        Figure("files", len(files)),
        Figure("lines", sum(files.values())),
        *_spread("file", files, with_middle=True),
        *_spread("fn", {s.place: s.lines for s in shapes}, with_middle=True),
        Figure("fn_le10", share(len(short), len(shapes)), _longest(shapes)),
        *_spread("cc", {s.place: s.complexity for s in shapes}),
        *_spread("depth", {s.place: s.depth for s in shapes}),
        *_spread("args", {s.place: s.parameters for s in shapes}),
        Figure("typed", share(len(shapes) - len(untyped), len(shapes)), untyped),
        Figure("doc_pct", share(len(shapes) - len(bare), len(shapes)), bare),
        _comments(sources),
    ]


def figures_of_tests(sources: list[Source], product_lines: int) -> list[Figure]:
    """The tests, counted apart: how many, how large, how much they mock."""
    count = sum(
        isinstance(node, Function) and node.name.startswith("test_")
        for source in sources
        for node in source.nodes
    )
    lines = sum(len(source.lines) for source in sources)
    mocked = [
        f"{source.path}:{number}"
        for source in sources
        for number, line in enumerate(source.lines, 1)
        if MOCKED.search(line)
    ]
    return [
        Figure("tests", count),
        Figure("test_lines", lines),
        Figure("test_ratio", round(lines / product_lines, 2) if product_lines else 0),
        Figure("mock_per_test", round(len(mocked) / max(count, 1), 2), mocked),
    ]


def functions(source: Source) -> Iterator[Shape]:
    """Every function and method of a file, nested ones too."""
    for node in source.nodes:
        if isinstance(node, Function):
            yield Shape(
                place=f"{source.place(node)} {node.name}",
                lines=(node.end_lineno or node.lineno) - node.lineno + 1,
                complexity=_complexity(node),
                depth=_depth(node.body),
                parameters=_parameters(source, node),
                typed=node.returns is not None,
                documented=ast.get_docstring(node) is not None,
            )


def _spread(prefix: str, sizes: dict[str, int], *, with_middle: bool = False) -> Iterator[Figure]:
    # Every place above the line is named, so one run shows the whole of the work.
    ranked = sorted(sizes, key=lambda place: -sizes[place])
    measures = (("med", middle), ("p95", nearly_all), ("max", _largest))
    for name, of in measures if with_middle else measures[1:]:
        limit = BUDGETS[f"{prefix}_{name}"][1]
        above = [f"{place} ({sizes[place]})" for place in ranked if sizes[place] > limit]
        yield Figure(f"{prefix}_{name}", of(list(sizes.values())), above)


def _largest(values: Sequence[float]) -> float:
    return max(values, default=0)


def _longest(shapes: Iterable[Shape]) -> list[str]:
    long = sorted((s for s in shapes if s.lines > 10), key=lambda s: -s.lines)
    return [f"{s.place} ({s.lines})" for s in long]


def _comments(sources: list[Source]) -> Figure:
    said = {s.path: sum(line.lstrip().startswith("#") for line in s.lines) for s in sources}
    percent = share(sum(said.values()), sum(len(s.lines) for s in sources))
    # Too few: name the large files that say least. Too many: name those that say most.
    many = percent > BUDGETS["comment_pct"][1]
    rank = sorted(sources, key=lambda s: (-said[s.path] if many else said[s.path], -len(s.lines)))
    return Figure("comment_pct", percent, [f"{s.path} ({said[s.path]})" for s in rank])


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """What belongs to a function itself: a function within it is measured on its own."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function):
            yield child
            yield from _inside(child)


def _complexity(function: Function) -> int:
    own = list(_inside(function))
    # `a or b` is two ways through a line, and so is the `if` of a comprehension.
    operands = sum(len(node.values) - 1 for node in own if isinstance(node, ast.BoolOp))
    filters = sum(len(node.ifs) for node in own if isinstance(node, ast.comprehension))
    return 1 + sum(isinstance(node, BRANCHES) for node in own) + operands + filters


def _depth(body: Iterable[ast.AST]) -> int:
    return max((_depth_of(node) for node in body if not isinstance(node, Function)), default=0)


def _depth_of(node: ast.AST) -> int:
    if isinstance(node, ast.If):
        # The tree writes `elif` as an `if` alone in `else`; a reader sees one flat list.
        chained = len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)
        otherwise = _depth(node.orelse) - chained
        return 1 + max(_depth(node.body), otherwise)
    # Whatever is no block (a handler, a case, a with-item) passes on the depth of what it holds.
    inner = _depth(ast.iter_child_nodes(node))
    return inner + isinstance(node, BLOCKS)


def _parameters(source: Source, function: Function) -> int:
    # A command's parameters are options that a person types by name, one to a line of its help;
    # nobody calls it from code, where a long row of arguments would be misread.
    if source.inside(COMMANDS) and _is_command(source, function):
        return 0
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return sum(argument.arg not in ("self", "cls") for argument in named)


def _is_command(source: Source, function: Function) -> bool:
    calls = (mark.func for mark in function.decorator_list if isinstance(mark, ast.Call))
    return any(source.full_name(call).endswith(".command") for call in calls)
