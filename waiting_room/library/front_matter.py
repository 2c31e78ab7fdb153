"""The lines between two `---` at the top of a page, read as plain data and nothing else.

Editors write these lines, so they are treated as a stranger's: no tags, no anchors or aliases (a
few nested ones can fill the memory), no deep nesting, no key twice.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

# Ten times what all labels of a language need.
LONGEST = 20_000
# Choices of a check-in and hours of a line go three deep.
DEEPEST = 6
FENCE = re.compile(r"---[ \t]*")
FIRST_LINE = 2

# The C loader is ten times faster where it is there; both are the safe one.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Unreadable(Exception):
    """The file cannot become a page. `line` counts from the top of the file."""

    def __init__(self, line: int, message: str, rule: str = "front-matter") -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.rule = rule


def split(source: str) -> tuple[str, str, int]:
    """Front matter, body, and the line of the file the body starts on."""
    lines = _lines(source)
    if not FENCE.fullmatch(lines[0]):
        raise Unreadable(1, "The page does not start with ---. Begin it with ---, a title and ---.")
    for at, line in enumerate(lines[1:], start=1):
        if FENCE.fullmatch(line):
            rest = "\n".join(lines[at + 1 :])
            blank = len(rest) - len(rest.lstrip("\n"))
            return "\n".join(lines[1:at]), rest.strip("\n"), at + 2 + blank
    raise Unreadable(1, "The front matter is never closed. Put --- on a line of its own after it.")


def _lines(source: str) -> list[str]:
    # Files come from every kind of editor; a mark or a line end nobody sees must not refuse a page.
    text = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return text.split("\n")


def begins(source: str) -> bool:
    """Whether the file opens with front matter at all."""
    return FENCE.fullmatch(_lines(source)[0]) is not None


def load(front: str) -> dict[str, Any]:
    """The keys and values, plain data only. Raises Unreadable."""
    if len(front) > LONGEST:
        raise Unreadable(1, f"The front matter is longer than {LONGEST:,} characters. Shorten it.")
    try:
        _refuse_tricks(front)
        data = _plain(front)
    except yaml.MarkedYAMLError as error:
        raise Unreadable(_line(error.problem_mark), _said(error)) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise Unreadable(1, f"The front matter cannot be read: {error}. Correct it.") from error
    # Nothing between the fences is a page without a title: the rules say that in better words.
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise Unreadable(FIRST_LINE, "The front matter is not a list of `key: value` lines.")
    return {str(key): value for key, value in data.items()}


def _refuse_tricks(front: str) -> None:
    depth = 0
    for event in yaml.parse(front, Loader=_Loader):
        if getattr(event, "anchor", None):
            raise Unreadable(
                _line(event.start_mark), "Anchors (&) and aliases (*) are not allowed."
            )
        if getattr(event, "tag", None):
            raise Unreadable(
                _line(event.start_mark), f"The tag {event.tag} is not allowed. Take it out."
            )
        # Counted on the flat list of events: building the tree first could exhaust the stack.
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise Unreadable(_line(event.start_mark), "The front matter is nested too deeply.")


def _plain(front: str) -> object:
    loader = _Loader(front)
    try:
        # Nodes first: in a dict the second of two equal keys would win in silence.
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_doubles(node)
        data: object = loader.construct_document(node)
        return data
    finally:
        loader.dispose()


def _refuse_doubles(node: Any) -> None:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_doubles(item)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[object] = set()
    for key, value in node.value:
        if str(key.value) in seen:
            raise Unreadable(_line(key.start_mark), f"{key.value!r} is there twice. Keep one.")
        seen.add(str(key.value))
        _refuse_doubles(value)


def _line(mark: Any) -> int:
    return FIRST_LINE + (mark.line if mark is not None else -1)


def _said(error: Any) -> str:
    return f"The front matter cannot be read: {error.problem}. Words with : or # need quotes."
