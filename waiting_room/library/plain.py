"""Markdown as plain words: for mail and screen readers, and with marks beside it for Telegram.

Telegram counts in UTF-16 units, so an emoji is two; every offset is counted that way here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate

from waiting_room.library.markdown import filled
from waiting_room.library.page import Page
from waiting_room.library.writer import Mark, Writer

# Telegram refuses a longer message as a whole.
LONGEST_PART = 4096

Entity = dict[str, object]


def to_text(page: Page | str, values: Mapping[str, str]) -> str:
    """The page as plain words; a link's address follows its words."""
    writer = Writer(addresses=True)
    writer.tokens(filled(page, values))
    return writer.text().strip()


def to_telegram(page: Page | str, values: Mapping[str, str]) -> list[tuple[str, list[Entity]]]:
    """The page as messages of at most 4,096 units, cut between paragraphs where that can be."""
    # Most pages have no blanks, and read the same for everybody.
    if isinstance(page, Page) and "{" not in page.body:
        return list(_same_for_all(page))
    return _messages(page, values)


@lru_cache(maxsize=512)
def _same_for_all(page: Page) -> list[tuple[str, list[Entity]]]:
    return _messages(page, {})


def _messages(page: Page | str, values: Mapping[str, str]) -> list[tuple[str, list[Entity]]]:
    writer = Writer(addresses=False)
    writer.tokens(filled(page, values))
    text = writer.text()
    units = _units(text)
    return [
        (text[start:end], list(_entities(writer.marks, units, start, end)))
        for start, end in _parts(text, units)
    ]


def _units(text: str) -> Sequence[int]:
    """Where each letter begins, and where the last one ends."""
    # Nearly no page holds an emoji, and then there is nothing to count.
    if max(text, default="") <= "\uffff":
        return range(len(text) + 1)
    return [0, *accumulate(2 if letter > "\uffff" else 1 for letter in text)]


def _parts(text: str, units: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = bisect_right(units, units[start] + LONGEST_PART) - 1
        end = end if end == len(text) else _good_end(text, start, end)
        words = text[start:end]
        lead = len(words) - len(words.lstrip())
        # Telegram trims both ends and would shift the marks, so they are trimmed here.
        if words.strip():
            yield start + lead, start + lead + len(words.strip())
        start = end


def _good_end(text: str, start: int, end: int) -> int:
    # A cut in the first quarter would send a scrap: then the next best place is taken.
    for between in ("\n\n", "\n", ". ", " "):
        at = text.rfind(between, start, end)
        if at - start >= LONGEST_PART // 4:
            return at + len(between)
    return end


def _entities(
    marks: Sequence[Mark], units: Sequence[int], start: int, end: int
) -> Iterator[Entity]:
    # The outer mark before the inner one, as Telegram wants it, and each cut where the message is.
    for mark in sorted(marks, key=lambda mark: (mark.start, -mark.end)):
        first, last = max(mark.start, start), min(mark.end, end)
        if first >= last:
            continue
        entity: Entity = {
            "type": mark.kind,
            "offset": units[first] - units[start],
            "length": units[last] - units[first],
        }
        yield entity | ({"url": mark.url} if mark.url else {})
