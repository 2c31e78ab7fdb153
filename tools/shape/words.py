"""Sentences a patient might read that stand in Python instead of on a page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from shape.budget import Figure
from shape.source import Source

SPEAKING_ROOMS = ("bot", "waiting_room/care")
BLANK = "\N{WHITE SQUARE}"
# A sentence starts with a capital, a name filled in or a picture, or it ends as sentences do.
# A list of words or a rule ("asked nudged answered") does neither.
SENTENCE = re.compile(r"^\s*[^a-z\s]|[.!?\u2026](?:\s|$)")
PROBLEM = re.compile(r"problem|error", re.IGNORECASE)
LOG_VERBS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
# Capitals only: "With best wishes" is a sentence, "WITH due AS" is a query.
SQL = re.compile(
    r"\s*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|PRAGMA|WITH|BEGIN|SAVEPOINT"
    r"|RELEASE|ROLLBACK|NOTIFY|LISTEN|EXPLAIN|VACUUM|ATTACH)\b"
)
SQL_CALLS = ("sqlalchemy.text", ".execute", ".exec_driver_sql")


def figures(sources: list[Source]) -> list[Figure]:
    """How many sentences stand in code, in the rooms that speak to patients."""
    speaking = [source for source in sources if source.inside(*SPEAKING_ROOMS)]
    places = [place for source in speaking for place in sentences(source)]
    return [Figure("words_in_code", len(places), places)]


def sentences(source: Source) -> Iterator[str]:
    """Texts of 25 characters and three spaces that are no docstring, log, error or SQL."""
    excused = _excused(source)
    for node in source.nodes:
        words = _words(node)
        long = len(words) >= 25 and words.count(" ") >= 3
        if long and node not in excused and SENTENCE.search(words):
            yield f"{source.place(node)} {words[:30]!r}"


def _words(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_words(part) or BLANK for part in node.values)
    return ""


def _excused(source: Source) -> set[ast.AST]:
    """Every node inside a docstring, a log line, an error or a query."""
    outer = [node for node in source.nodes if _is_excuse(source, node)]
    inner = {part for node in outer for part in ast.walk(node)}
    # An excuse covers all it holds: the text of a raised error, the pieces of a query.
    # The parts of an f-string are counted once, as the whole that they make.
    whole = [node for node in source.nodes if isinstance(node, ast.JoinedStr)]
    return inner | {part for node in whole for part in node.values}


def _is_excuse(source: Source, node: ast.AST) -> bool:
    # A string that stands alone is a docstring, of a module or of the name above it.
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Call):
        return _logs_or_fails(source.full_name(node.func))
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.keyword)):
        return _names_a_problem(node)
    if isinstance(node, (ast.Constant, ast.JoinedStr)):
        return bool(SQL.match(_words(node)))
    return isinstance(node, (ast.Raise, ast.Assert))


def _logs_or_fails(name: str) -> bool:
    last = name.rpartition(".")[2]
    return (
        last in LOG_VERBS
        or name.endswith(SQL_CALLS)
        or last.endswith(("Error", "Exception", "Warning"))
        or name.startswith("waiting_room.errors.")
        or PROBLEM.search(name) is not None
    )


def _names_a_problem(node: ast.Assign | ast.AnnAssign | ast.keyword) -> bool:
    """Whether a text is kept under the name of a problem: errors = ..., problems["name"] = ..."""
    if isinstance(node, ast.keyword):
        return PROBLEM.search(node.arg or "") is not None
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    # The name of the table counts, not the key: notices["error"] may well be read by a patient.
    tables = [target.value if isinstance(target, ast.Subscript) else target for target in targets]
    return any(PROBLEM.search(ast.unparse(table)) for table in tables)
