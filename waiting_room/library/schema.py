"""Every line the front matter of a page may have, and what may stand in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from rapidfuzz import process

from waiting_room.library.draft import Draft
from waiting_room.library.page import Problem

# Below this a guess at what was meant is worse than none.
ALIKE = 70

WORDS = "words, in quotes if they are a number, a day, or yes or no"
LIST = "a list, such as [sleep, money]"
LIST_OR_WORDS = "words, or a list of them"
TABLE = "lines of `key: words` below it, two spaces in"
YES_NO = "true or false"
DAY = "the day as 2026-03-31, or null"
OWN_RULE = ""  # another rule of its own says more than its kind

FIELDS = {
    "title": OWN_RULE,
    "summary": WORDS,
    "subject": WORDS,
    "owner": WORDS,
    "source": WORDS,
    "reviewed": DAY,
    "reviewed_by": WORDS,
    "review_by": DAY,
    "reviewers": LIST_OR_WORDS,
    "translated_from": WORDS,
    "needs": LIST,
    "also": LIST,
    "audience": LIST_OR_WORDS,
    "area": LIST_OR_WORDS,
    "languages": LIST,
    "price": WORDS,
    "audio": WORDS,
    "pictures": LIST,
    # Help lines.
    "name": WORDS,
    "number": OWN_RULE,
    "text_number": OWN_RULE,
    "text_word": WORDS,
    "other_ways": WORDS,
    "who": WORDS,
    "cost": WORDS,
    "nation": OWN_RULE,
    "hours": OWN_RULE,
    "bank_holidays": OWN_RULE,
    "hours_sure": YES_NO,
    "for_children": YES_NO,
    "verified": DAY,
    "verified_by": WORDS,
    "expires": DAY,
    # Pages the program reads.
    "choices": OWN_RULE,
    "labels": OWN_RULE,
    "phrases": TABLE,
    "instead": TABLE,
    "reasons": TABLE,
    "words": TABLE,
    "same": TABLE,
    "skip": LIST,
}
_RULES = {DAY: "date"}


def errors(draft: Draft) -> Iterator[Problem]:
    """Fields in which something stands that the room cannot read as what it should be."""
    for field, said in draft.page.meta.items():
        kind = FIELDS.get(field, OWN_RULE)
        if kind and said is not None and not _fits(said, kind):
            message = f"{field} is {_short(said)}. Write {kind}."
            yield draft.error(_RULES.get(kind, "field"), message, draft.line_of(field))


def unknown(draft: Draft) -> Iterator[Problem]:
    """Fields nobody reads, with the one that was perhaps meant."""
    for field in draft.page.meta:
        if field in FIELDS:
            continue
        meant = process.extractOne(field.replace("-", "_"), FIELDS.keys(), score_cutoff=ALIKE)
        hint = f"Did you mean {meant[0]}?" if meant else "Take it out, or ask what it is called."
        yield draft.warning("field", f"Nobody reads {field!r}. {hint}", draft.line_of(field))


def _fits(said: Any, kind: str) -> bool:
    if kind == DAY:
        return isinstance(said, date)
    if kind == YES_NO:
        return isinstance(said, bool)
    if kind == TABLE:
        return isinstance(said, dict)
    if kind == LIST:
        return _is_list(said)
    return isinstance(said, str) or (kind == LIST_OR_WORDS and _is_list(said))


def _is_list(said: Any) -> bool:
    return isinstance(said, list) and all(isinstance(item, (str, int)) for item in said)


def _short(said: object) -> str:
    shown = repr(said)
    return shown if len(shown) <= 40 else f"{shown[:40]}…"
