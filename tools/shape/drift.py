"""Folders, settings and ticks that the README and docs/ do not name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from shape.budget import Figure
from shape.source import Source

TOP_FOLDERS = (
    "benchmarks",
    "bot",
    "content",
    "docs",
    "scheduler",
    "tests",
    "tools",
    "waiting_room",
)


def figures(root: Path, sources: list[Source]) -> list[Figure]:
    """How many names of the code are missing from its documents; none before there are any."""
    documents = [*root.glob("README.md"), *sorted(root.glob("docs/**/*.md"))]
    if not documents:
        return []
    said = "\n".join(path.read_text(encoding="utf-8") for path in documents)
    missing = [name for name in _names(root, sources) if not _is_said(name, said)]
    return [Figure("docs_drift", len(missing), missing)]


def _is_said(name: str, said: str) -> bool:
    # A tick may be written as code or as words: mark_missed, mark-missed, "mark missed".
    spelt = re.escape(name).replace("_", "[-_ \\n]")
    return re.search(rf"(?<!\w){spelt}", said) is not None


def _names(root: Path, sources: list[Source]) -> Iterator[str]:
    yield from (f"{folder}/" for folder in TOP_FOLDERS if (root / folder).is_dir())
    for source in sources:
        if source.path == "waiting_room/settings.py":
            yield from _settings(source)
        if source.path == "scheduler/ticks.py":
            yield from _verbs(source)


def _settings(source: Source) -> Iterator[str]:
    for node in source.tree.body:
        if isinstance(node, ast.ClassDef) and node.name == "Settings":
            fields = (item for item in node.body if isinstance(item, ast.AnnAssign))
            yield from map(_variable, fields)


def _variable(field: ast.AnnAssign) -> str:
    """The environment variable of a field: its own alias, else the prefix and its name."""
    # PORT is set by the machines that host us, so it has no prefix.
    named = field.value.keywords if isinstance(field.value, ast.Call) else []
    aliases = [part for word in named if word.arg == "validation_alias" for part in ast.walk(word)]
    for part in aliases:
        if isinstance(part, ast.Constant):
            return str(part.value)
    return f"WAITING_ROOM_{ast.unparse(field.target).upper()}"


def _verbs(source: Source) -> Iterator[str]:
    for node in source.tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name[0] != "_":
            yield node.name
