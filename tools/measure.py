"""Print the shape of the code as one JSON line; exit 1 and say where if a budget breaks.

Usage: python tools/measure.py [ROOT]. Budgets stand in shape/budget.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from shape import arrows, copies, drift, fences, size, words
from shape.budget import Figure
from shape.source import PRODUCT, TESTS, read

ROOT = Path(__file__).resolve().parent.parent


def measure(root: Path, product: tuple[str, ...] = PRODUCT) -> list[Figure]:
    """Every figure of the tree under this root; tests are counted apart."""
    code, tests = read(root, product), read(root, TESTS)
    return [
        *size.figures(code),
        *arrows.figures(code),
        *fences.figures(code),
        *words.figures(code),
        *copies.figures(code),
        *size.figures_of_tests(tests, sum(len(source.lines) for source in code)),
        *drift.figures(root, code),
    ]


def main(arguments: list[str]) -> int:
    """Measure, print, complain; 1 if any budget is broken."""
    root = Path(arguments[0]) if arguments else ROOT
    figures = measure(root)
    print(json.dumps({"sha": _sha(root)} | {figure.key: figure.value for figure in figures}))
    broken = [figure for figure in figures if figure.broken]
    for figure in broken:
        print(figure.complaint(), file=sys.stderr)
    return 1 if broken else 0


def _sha(root: Path) -> str:
    asked = ["git", "-C", str(root), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:
        # An unpacked archive on a machine without git is measured all the same.
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
