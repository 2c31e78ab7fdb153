"""What keeps a page from being published. Each rule says what is wrong and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from waiting_room.errors import BadInput
from waiting_room.library import help_lines, labels, placeholders, schema
from waiting_room.library.draft import Draft, is_nobody
from waiting_room.library.markdown import allowed
from waiting_room.library.page import FIELD, Problem

LONGEST_BODY = 20_000
# One pair of eyes misses what it wrote itself.
REVIEWERS_OF_CRISIS_PAGES = 2
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
# These pages may be all front matter.
NO_BODY_NEEDED = {help_lines.FOLDER}

Rule = Callable[[Draft], Iterator[Problem]]


class _Strict(MarkdownIt):
    """Sees every link and tag, so that none hides as plain words."""

    def validateLink(self, url: str) -> bool:
        return True


_strict = _Strict("commonmark", {"html": True})


def errors(draft: Draft) -> list[Problem]:
    """Everything that keeps this page from being published."""
    size = list(_size(draft))
    # Nothing is parsed that is too long: reading hostile Markdown takes time.
    return size or [problem for rule in RULES for problem in rule(draft)]


def _size(draft: Draft) -> Iterator[Problem]:
    length = len(draft.page.body)
    if length > LONGEST_BODY:
        message = f"It has {length:,} characters; {LONGEST_BODY:,} is the most. Split the page."
        yield draft.error("too-long", message, draft.body_line)


def _title(draft: Draft) -> Iterator[Problem]:
    if not draft.page.title:
        yield draft.error("title", "There is no title. Add a line such as `title: Sleep`.")
    # YAML reads an unquoted Yes as true, and 2026 as a number.
    elif not isinstance(draft.page.meta["title"], str):
        message = f"The title is {draft.page.title}. Put its words in quotes."
        yield draft.error("title", message, draft.line_of("title"))


def _body(draft: Draft) -> Iterator[Problem]:
    page = draft.page
    needed = page.folder not in NO_BODY_NEEDED and page.key != labels.PAGE
    if needed and not page.body.strip():
        message = "The page says nothing. Write its words below the second ---."
        yield draft.error("empty", message, draft.body_line)


def _characters(draft: Draft) -> Iterator[Problem]:
    found = CONTROL.search(draft.source.replace("\r", ""))
    if found:
        message = f"There is an invisible character (U+{ord(found[0]):04X}). Take it out."
        yield draft.error("control", message, draft.source.count("\n", 0, found.start()) + 1)


def _markdown(draft: Draft) -> Iterator[Problem]:
    line = draft.body_line
    for token in _strict.parse(draft.page.body):
        line = draft.body_line + token.map[0] if token.map else line
        for part in (token, *(token.children or ())):
            yield from _token(draft, part, line)


def _token(draft: Draft, token: Token, line: int) -> Iterator[Problem]:
    if token.type in ("html_block", "html_inline"):
        shown = token.content.strip().split("\n")[0][:40]
        yield draft.error("html", f"HTML is not allowed: {shown}. Write it in Markdown.", line)
    # A channel that cannot show a picture would show nothing in its place.
    if token.type == "image":
        yield draft.error("picture", "Pictures are not shown yet. Describe it in words.", line)
    if token.type == "link_open" and not allowed(str(token.attrs["href"])):
        address = str(token.attrs["href"])[:80]
        message = f"The link to {address} is not allowed: only https, tel, mailto or a page's key."
        yield draft.error("link", message, line)


def _placeholders(draft: Draft) -> Iterator[Problem]:
    known = placeholders.allowed_in(draft.page.folder)
    for name in sorted(draft.page.placeholders - known):
        message = f"Nobody fills in {{{name}}} here. Known: {', '.join(sorted(known))}."
        yield draft.error("placeholder", message, draft.line_with(f"{{{name}}}"))


def _placeholders_in_title(draft: Draft) -> Iterator[Problem]:
    for field in ("title", "summary"):
        if FIELD.search(str(draft.page.meta.get(field) or "")):
            message = f"A {field} has no placeholders. Put it into the text."
            yield draft.error("placeholder", message, draft.line_of(field))


def _help_line(draft: Draft) -> Iterator[Problem]:
    page = draft.page
    if page.folder != help_lines.FOLDER:
        return
    if not page.meta.get("number") and not page.meta.get("text_number"):
        yield draft.error("help-line", "There is no number. Add `number:` or `text_number:`.")
    # Without it nobody can check the number again, and it would be believed for ever.
    if not page.meta.get("source"):
        yield draft.error("help-line", "There is no source. Say where the number comes from.")
    try:
        help_lines.HelpLine.from_page(page)
    except BadInput as error:
        message = f"{error.field}: {error}"
        yield draft.error("help-line", message, draft.line_of(error.field))


def _reviewers(draft: Draft) -> Iterator[Problem]:
    if draft.page.folder != "crisis":
        return
    said = draft.page.meta.get("reviewers")
    names = said if isinstance(said, list) else [said] if said else []
    # "nobody yet" is an honest answer: the page is served, and production asks before it starts.
    if any(is_nobody(name) for name in names or [draft.page.meta.get("reviewed_by")]):
        return
    if len({str(name).strip().casefold() for name in names}) < REVIEWERS_OF_CRISIS_PAGES:
        message = (
            'Two people must have read a crisis page. List both in `reviewers`, or "nobody yet".'
        )
        yield draft.error("reviewers", message, draft.line_of("reviewers"))


def _choices(draft: Draft) -> Iterator[Problem]:
    if draft.page.folder != "check-ins":
        return
    said = draft.page.meta.get("choices")
    choices = said if isinstance(said, list) else []
    line = draft.line_of("choices")
    if not choices:
        yield draft.error("choices", "A check-in needs choices: a value and a label each.", line)
    if not all(isinstance(item, dict) and {"value", "label"} <= item.keys() for item in choices):
        yield draft.error("choices", "Each choice needs a value and a label.", line)
        return
    for field in ("value", "label"):
        if len({labels.normalise_label(str(item[field])) for item in choices}) < len(choices):
            yield draft.error("choices", f"Two choices have the same {field}.", line)


def _labels(draft: Draft) -> Iterator[Problem]:
    if draft.page.key != labels.PAGE:
        return
    line = draft.line_of("labels")
    if not labels.of(draft.page):
        yield draft.error("labels", "There are no labels. Add `labels:` with a key and words each.")
    said = draft.page.meta.get("labels")
    for name, words in said.items() if isinstance(said, dict) else ():
        # YAML reads an unquoted Yes or No as true or false.
        if not isinstance(words, str) or not words.strip():
            yield draft.error("labels", f"{name} has no words. Put its words in quotes.", line)
    meanings: dict[str, str] = {}
    for name, words in labels.of(draft.page).items():
        other = meanings.setdefault(labels.normalise_label(words), name)
        if other != name:
            message = f"{other} and {name} both say {words!r}, so a press is ambiguous."
            yield draft.error("labels", message, line)


# In the order an editor would mend them.
RULES: tuple[Rule, ...] = (
    _title,
    _body,
    _characters,
    _markdown,
    _placeholders,
    _placeholders_in_title,
    schema.errors,
    _help_line,
    _reviewers,
    _choices,
    _labels,
)
