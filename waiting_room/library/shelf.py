"""The pages of one moment, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from waiting_room.library import labels
from waiting_room.library.page import FALLBACK_LANGUAGE, Page, Problem


@dataclass(frozen=True)
class Shelf:
    """The pages of one moment, and what was wrong with the files they came from."""

    pages: dict[tuple[str, str], Page] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def by_digest(self) -> Mapping[str, Page]:
        """The page that has exactly these words."""
        return {page.digest: page for page in self.pages.values()}

    @cached_property
    def languages(self) -> list[str]:
        """English first, then the others by name."""
        found = {language for language, _ in self.pages}
        return sorted(found, key=lambda language: (language != FALLBACK_LANGUAGE, language))

    @cached_property
    def label_keys(self) -> Mapping[str, str]:
        """What each label of each language means; English wins where two say the same."""
        meanings: dict[str, str] = {}
        # English comes first: of two readers who type the same word, most mean that one.
        for language in self.languages:
            page = self.pages.get((language, labels.PAGE))
            for name, words in labels.of(page).items():
                meanings.setdefault(labels.normalise_label(words), name)
        return meanings
