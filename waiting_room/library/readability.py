"""How hard a text is to read. It ranks what to rewrite; it proves nothing about a reader.

The automated readability index of E. A. Smith and R. J. Senter, "Automated Readability Index",
AMRL-TR-66-220, Aerospace Medical Research Laboratories, 1967:

    grade = 4.71 * characters / words + 0.5 * words / sentences - 21.43

It needs letters and sentences only, no list of easy words. A child in grade 1 of a school in the
United States is 6 years old, so the age is the grade plus 5.
"""

from __future__ import annotations

import re
from math import ceil

from waiting_room.library.plain import to_text

# A handful of words says nothing: one long name would be a hard text.
FEWEST_WORDS = 30
AGE_BEFORE_GRADE_ONE = 5
SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)]*\s+|\n+")
# An address is one very long "word" that nobody reads aloud.
ADDRESS = re.compile(r"\(?(https://|mailto:|tel:)[^\s)]+\)?")
WORD = re.compile(r"\w[\w'’-]*")


def sentences(markdown: str) -> list[str]:
    """The sentences of a page; a heading or a point of a list is one."""
    text = ADDRESS.sub("", to_text(markdown, {}))
    return [piece.strip() for piece in SENTENCE_END.split(text) if WORD.search(piece)]


def words(sentence: str) -> list[str]:
    """The words of a sentence; a number is a word."""
    return WORD.findall(sentence)


def reading_age(markdown: str) -> int | None:
    """The age at which a child reads this with ease; None when there is too little to tell."""
    parts = [words(sentence) for sentence in sentences(markdown)]
    count = sum(map(len, parts))
    if count < FEWEST_WORDS:
        return None
    letters = sum(len(re.sub(r"\W", "", word)) for part in parts for word in part)
    grade = 4.71 * letters / count + 0.5 * count / len(parts) - 21.43
    return max(AGE_BEFORE_GRADE_ONE, ceil(grade) + AGE_BEFORE_GRADE_ONE)
