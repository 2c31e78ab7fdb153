"""A page that is being looked over before it is published."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from waiting_room.library.page import Page, Problem

# Written out rather than left empty, so that a page nobody has checked says so to its reader.
NOBODY = "nobody yet"


@dataclass(frozen=True)
class Draft:
    """A page with its file, so that each finding can name a line."""

    file: str
    source: str
    page: Page
    body_line: int
    today: date

    def error(self, rule: str, message: str, line: int = 1) -> Problem:
        """Something that keeps the page from being published."""
        return Problem(self.file, line, rule, "error", message)

    def warning(self, rule: str, message: str, line: int = 1) -> Problem:
        """Something an editor should see to."""
        return Problem(self.file, line, rule, "warning", message)

    def line_of(self, field: str) -> int:
        """The line of the file a front matter field stands on."""
        # Only at the top of the file: a line of the body may begin with the same word and a colon.
        for number, line in enumerate(self.source.splitlines()[: self.body_line], start=1):
            if re.match(rf"{re.escape(field)}\s*:", line):
                return number
        return 1

    def line_with(self, words: str) -> int:
        """The first line of the body that has these words."""
        before, found, _ = self.page.body.partition(words)
        return self.body_line + before.count("\n") if found else self.body_line


def is_nobody(name: object) -> bool:
    """The honest mark of a page no person has looked over."""
    return str(name).strip().casefold() == NOBODY
