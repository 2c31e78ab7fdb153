"""What can only be seen with all pages side by side: translations, links, labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from waiting_room.library import labels
from waiting_room.library.markdown import linked_pages
from waiting_room.library.page import FALLBACK_LANGUAGE, Page, Problem

SHOWN = 8  # letters of a digest that an editor writes down
Pages = Mapping[tuple[str, str], Page]


def problems(pages: Pages) -> Iterator[Problem]:
    """Warnings about how the pages fit together."""
    yield from _translations(pages)
    yield from _links(pages)
    yield from _labels(pages)


def _translations(pages: Pages) -> Iterator[Problem]:
    for language in sorted({language for language, _ in pages} - {FALLBACK_LANGUAGE}):
        for (spoken, key), english in sorted(pages.items()):
            # English is the measure: it is what people see where a translation is missing.
            if spoken == FALLBACK_LANGUAGE:
                yield from _translation(english, pages.get((language, key)), language)


def _translation(english: Page, page: Page | None, language: str) -> Iterator[Problem]:
    file = f"{language}/{english.key}.md"
    if page is None:
        message = "It is not translated; people see the English page. Add this file."
        yield Problem(file, 1, "translation", "warning", message)
        return
    said = page.meta.get("translated_from")
    # Nothing is asked of a page that does not say what it was made from.
    if said and not english.digest.startswith(str(said)):
        message = (
            "The English page has changed since. Compare the two, then write "
            f"translated_from: {english.digest[:SHOWN]}"
        )
        yield Problem(file, 1, "translation", "warning", message)
    lost = sorted(english.placeholders - page.placeholders)
    if lost:
        names = ", ".join(f"{{{name}}}" for name in lost)
        message = f"The English page has {names} and this one has not. Compare the two."
        yield Problem(file, 1, "translation", "warning", message)


def _links(pages: Pages) -> Iterator[Problem]:
    for page in pages.values():
        for key in linked_pages(page):
            # Only a warning: the words of the link stay, so a reader loses no meaning.
            if (FALLBACK_LANGUAGE, key) not in pages and (page.language, key) not in pages:
                message = f"It leads to {key}, which is no page. Correct the link."
                yield Problem(f"{page.name}.md", 1, "link", "warning", message)


def _labels(pages: Pages) -> Iterator[Problem]:
    meanings: dict[str, str] = {}
    for (language, key), page in sorted(pages.items()):
        if key != labels.PAGE:
            continue
        for name, words in labels.of(page).items():
            # A press arrives as text, and the room may not know which language the phone shows: one
            # label must mean the same in all of them.
            other = meanings.setdefault(labels.normalise_label(words), name)
            if other != name:
                message = f"{words!r} is {other} in another language and {name} here. Change one."
                yield Problem(f"{language}/{key}.md", 1, "labels", "warning", message)
