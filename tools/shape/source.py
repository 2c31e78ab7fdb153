"""Reading the tree: which files are product code, and their syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PRODUCT = ("bot", "scheduler", "waiting_room")
TESTS = ("tests",)
# Migrations are written once by a tool and never read again as product code.
LEFT_OUT = ("migrations", "__pycache__", "_content")


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root, its text and its syntax tree."""

    path: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @property
    def module(self) -> str:
        """The dotted name that others import this file by."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def inside(self, *folders: str) -> bool:
        """Whether the file is one of these, or lies in one of these folders."""
        return any(self.path == f"{f}.py" or self.path.startswith(f"{f}/") for f in folders)

    def place(self, node: ast.AST) -> str:
        """Where a reader finds this node: path and line."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"

    @cached_property
    def _imported(self) -> dict[str, str]:
        return dict(_imported_names(self.nodes))

    def full_name(self, node: ast.expr) -> str:
        """The dotted name of a name or attribute, seen through this file's imports."""
        if isinstance(node, ast.Name):
            return self._imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            return f"{self.full_name(node.value)}.{node.attr}"
        # A call or a subscript in the middle: its type is beyond a syntax tree.
        return "?"


def read(root: Path, folders: Iterable[str]) -> list[Source]:
    """Every Python file of these folders, in the order of their paths."""
    files = (path for folder in folders for path in (root / folder).rglob("*.py"))
    kept = (path for path in files if not set(LEFT_OUT) & set(path.relative_to(root).parts))
    return [
        Source(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted(kept)
    ]


def _imported_names(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            for name in node.names:
                # `import a.b` makes the name `a` known; `import a.b as c` makes `c` mean `a.b`.
                known = name.asname or name.name.partition(".")[0]
                yield known, name.name if name.asname else known
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                yield name.asname or name.name, f"{node.module or ''}.{name.name}"
