"""Blocks written twice: six or more lines that are the same but for their spacing."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

from shape.budget import Figure
from shape.source import Source

BLOCK = 6
# Past this many places a block is an idiom of the language, not a copy.
IDIOM = 40
SAYS_SOMETHING = re.compile(r"\w")

Spot = tuple[int, int]


def figures(sources: list[Source]) -> list[Figure]:
    """Pairs of places that share a block, for each 10,000 lines."""
    pairs = list(copies(sources))
    lines = sum(len(source.lines) for source in sources)
    # A small tree is judged as if it had 10,000 lines: three copies are never a budget broken.
    return [Figure("dup_blocks", round(10_000 * len(pairs) / max(lines, 10_000), 1), pairs)]


def copies(sources: list[Source]) -> Iterator[str]:
    """Each pair of places where a shared block begins, named once however long it is."""
    rows = [list(_rows(source)) for source in sources]
    shared = set(_shared(rows))
    for (a, first), (b, second) in sorted(shared):
        # A pair whose lines before are shared too is the middle of a longer block.
        if ((a, first - 1), (b, second - 1)) not in shared:
            yield (
                f"{sources[a].path}:{rows[a][first][0]} = {sources[b].path}:{rows[b][second][0]}"
            )


def _rows(source: Source) -> Iterator[tuple[int, str]]:
    """Numbered lines that say something: no blanks, comments, imports or lone brackets."""
    imports = {
        number
        for node in source.nodes
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    for number, line in enumerate(source.lines, 1):
        said = " ".join(line.split())
        if number not in imports and SAYS_SOMETHING.search(said) and not said.startswith("#"):
            yield number, said


def _shared(rows: list[list[tuple[int, str]]]) -> Iterator[tuple[Spot, Spot]]:
    spots: dict[tuple[str, ...], list[Spot]] = defaultdict(list)
    for file, lines in enumerate(rows):
        said = [line for _, line in lines]
        for start in range(len(said) - BLOCK + 1):
            spots[tuple(said[start : start + BLOCK])].append((file, start))
    for places in spots.values():
        if len(places) <= IDIOM:
            yield from combinations(places, 2)
