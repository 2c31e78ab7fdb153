"""What an editor should see to, though the page may be served as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

from waiting_room.library import help_lines, readability, schema
from waiting_room.library.draft import Draft, is_nobody
from waiting_room.library.page import Problem

OLDEST_READING_AGE = 11
LONGEST_SENTENCE = 25
# The formula was made for English: a Welsh or Polish page would get a figure that means nothing.
READING_AGE_LANGUAGE = "en"
# Of Hugo, Jekyll and WordPress: {{< video >}}, {% include %}, {{ config }}, [gallery ids="3"].
SHORTCODE = re.compile(
    r"\{\{.{1,200}?\}\}|\{%.{1,200}?%\}|\[[a-z_-]{2,30}(?: [a-z_]{1,20}=[^\]\n]{0,80})+\]"
)

Advice = Callable[[Draft], Iterator[Problem]]


def warnings(draft: Draft) -> list[Problem]:
    """What is overdue, unreviewed or hard to read on a page that has no errors."""
    return [problem for piece in ADVICE for problem in piece(draft)]


def _overdue(draft: Draft) -> Iterator[Problem]:
    review_by = draft.page.meta.get("review_by")
    if isinstance(review_by, date) and review_by < draft.today:
        message = f"It should have been reviewed by {review_by}. Read it again and move the date."
        yield draft.warning("overdue", message, draft.line_of("review_by"))


def _unreviewed(draft: Draft) -> Iterator[Problem]:
    for field in ("reviewed_by", "reviewers", "verified_by"):
        said = draft.page.meta.get(field)
        names = said if isinstance(said, list) else [said]
        # No error: refusing honesty would teach people to write any name there.
        if any(is_nobody(name) for name in names):
            message = f"{field} says nobody yet. Have it checked, and name who did."
            yield draft.warning("unreviewed", message, draft.line_of(field))


def _expired(draft: Draft) -> Iterator[Problem]:
    if draft.page.folder != help_lines.FOLDER:
        return
    line = help_lines.HelpLine.from_page(draft.page)
    if line.expired(draft.today):
        # What patients see of it now decides how urgent this is.
        shown = "is still shown" if line.never_hidden else "is hidden"
        message = f"It expired on {line.expires} and {shown}. Call it, then move the date."
        yield draft.warning("expired", message, draft.line_of("expires"))


def _sentences(draft: Draft) -> Iterator[Problem]:
    for sentence in readability.sentences(draft.page.body):
        count = len(readability.words(sentence))
        if count > LONGEST_SENTENCE:
            start = " ".join(sentence.split()[:6])
            message = f'A sentence has {count} words ("{start} …"). Make two of it.'
            yield draft.warning("sentence", message, draft.line_with(start))


def _shortcodes(draft: Draft) -> Iterator[Problem]:
    for found in SHORTCODE.finditer(draft.page.body):
        shown = found[0].split("\n")[0][:40]
        message = f"{shown} is a command of another system; here people read it as it stands."
        line = draft.body_line + draft.page.body.count("\n", 0, found.start())
        yield draft.warning("shortcode", message, line)


def _reading_age(draft: Draft) -> Iterator[Problem]:
    if draft.page.language != READING_AGE_LANGUAGE:
        return
    age = readability.reading_age(draft.page.body)
    if age is not None and age > OLDEST_READING_AGE:
        message = f"It reads like a text for age {age}; aim for 9 to 11. Use shorter words."
        yield draft.warning("reading-age", message, draft.body_line)


ADVICE: tuple[Advice, ...] = (
    schema.unknown,
    _overdue,
    _unreviewed,
    _expired,
    _sentences,
    _shortcodes,
    _reading_age,
)
