"""The pages of one moment, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from waiting_room.library import finding, labels
from waiting_room.library.page import FALLBACK_LANGUAGE, Page, Problem


@dataclass(frozen=True)
class Shelf:
    """The pages of one moment, and what was wrong with the files they came from."""

    pages: dict[tuple[str, str], Page] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict, repr=False)
    _indexes: dict[str, finding.Index] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def by_digest(self) -> Mapping[str, Page]:
        """The page that has exactly these words."""
        return {page.digest: page for page in self.pages.values()}

    @cached_property
    def languages(self) -> list[str]:
        """English first, then the others by name."""
        found = {language for language, _ in self.pages}
        return sorted(found, key=lambda language: (language != FALLBACK_LANGUAGE, language))

    def index(self, language: str) -> finding.Index:
        """What can be searched in this language; what is not translated is found in English."""
        # Made by the first who searches: most processes never do.
        if language not in self._indexes:
            pages = {
                key: page for one in (FALLBACK_LANGUAGE, language) for key, page in self._of(one)
            }
            found = (page for page in pages.values() if page.folder in finding.FOLDERS)
            self._indexes[language] = self.index_of(found, language)
        return self._indexes[language]

    def index_of(self, pages: Iterable[Page], language: str = FALLBACK_LANGUAGE) -> finding.Index:
        """The same search over other pages, with the words our editors know."""
        words = (page for _, page in self._of(language) if page.folder == finding.WORDS)
        return finding.Index(pages, words)

    def _of(self, language: str) -> Iterator[tuple[str, Page]]:
        return ((key, page) for (its, key), page in self.pages.items() if its == language)

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
