"""What a draft changes, for whoever reads it second."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Literal

Change = tuple[Literal["same", "out", "in"], str]


def between(old: str, new: str) -> list[Change]:
    """The lines of both texts in order: those that stay, those that go, those that come."""
    before, after = old.splitlines(), new.splitlines()
    found: list[Change] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            found += [("same", line) for line in before[a:b]]
        else:
            found += [("out", line) for line in before[a:b]]
            found += [("in", line) for line in after[c:d]]
    return found
