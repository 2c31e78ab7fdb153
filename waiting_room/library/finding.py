"""Finds pages by the words people type on a phone: no apostrophes, slips of the thumb, slang.

SQLite's full-text index (FTS5) stems and finds. Each thing that is asked for is looked up by
itself, together with what editors say means the same, so that a page which answers to more of it
comes first.
"""

from __future__ import annotations

import math
import re
import sqlite3
import threading
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from rapidfuzz import process
from rapidfuzz.distance import OSA

from waiting_room.library.page import Page

FOLDERS = ("self-care", "help-lines")
# What editors know of the words people type.
WORDS = "search"
# What a page is called, by itself and by people, tells more than what else it says.
WEIGHTS = {"title": 4.0, "also": 3.0, "summary": 1.0, "body": 0.5}
EXACT, SAME = 1.0, 0.9
# For each word of a name that stands in a question as a whole.
NAMED, LONGEST_NAME = 3.0, 6
# Shorter words with one letter changed are other words.
SHORTEST_SLIP, LONG_WORD = 4, 7
LONGEST_QUERY, MOST_WORDS = 200, 20
# What only stands somewhere in a text, beside a better answer, is no answer.
WORTH = 0.4
APOSTROPHES = str.maketrans("", "", "'’‘`´")
WORD = re.compile(r"[^\W_]+")


class Index:
    """The pages of one language, to be searched. Never changes; threads may share it."""

    def __init__(self, pages: Iterable[Page], words: Iterable[Page] = ()) -> None:
        self._pages = list(pages)
        self._means, self._skipped = _meanings(words)
        self._called: dict[str, set[int]] = defaultdict(set)
        self._known = Counter[str]()
        self._lock = threading.Lock()
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        columns, stems = ", ".join(WEIGHTS), "porter unicode61 remove_diacritics 2"
        self._db.execute(f"CREATE VIRTUAL TABLE page USING fts5({columns}, tokenize='{stems}')")
        for number, page in enumerate(self._pages):
            self._put(number, page)
        self._said = {word for phrase in self._means for word in phrase.split()} | self._skipped
        self._by_first: dict[str, list[str]] = defaultdict(list)
        for word in sorted(self._said | self._known.keys()):
            self._by_first[word[0]].append(word)

    def search(self, query: str, *, most: int) -> list[Page]:
        """The pages that answer best, best first; none when nothing of it is known here."""
        return [self._pages[number] for number, _ in self.ranked(query)[:most]]

    def ranked(self, query: str) -> list[tuple[int, float]]:
        """The numbers of the pages that answer, best first, and how well."""
        words = [self._spelled(word) for word in _words(query[:LONGEST_QUERY])[:MOST_WORDS]]
        phrases, others = self._phrases(words)
        known = [word for word in others if word in self._known]
        told = sum(len(phrase.split()) for phrase in phrases)
        strange = len(others) - len(known)
        # One word that happens to be known, among others that nobody here ever wrote, is chance.
        if told + len(known) < strange + (not phrases):
            return []
        scores: dict[int, float] = defaultdict(float)
        meant = [self._meanings(phrase) for phrase in phrases]
        for phrase, meanings in zip(phrases, meant, strict=True):
            called = {number for name in meanings for number in self._called.get(name, ())}
            for number in called:
                scores[number] += NAMED * len(phrase.split())
        for asked in (*meant, *({word: EXACT} for word in known)):
            for number, score in self._best(asked).items():
                scores[number] += score
        found = sorted(scores.items(), key=lambda one: (-one[1], *self._place(one[0])))
        return [(number, score) for number, score in found if score >= found[0][1] * WORTH]

    def _place(self, number: int) -> tuple[int, str]:
        """Of two that answer as well, words to read come before a number to call."""
        page = self._pages[number]
        return FOLDERS.index(page.folder) if page.folder in FOLDERS else 0, page.key

    def _put(self, number: int, page: Page) -> None:
        names = _names(page)
        for name in names:
            if name not in self._skipped:
                self._called[name].add(number)
        about = " ".join((page.summary, *_list(page.meta.get("needs"))))
        columns = names[0], " ".join(names[1:]), about, page.body
        told = [" ".join(_words(column)) for column in columns]
        insert = f"INSERT INTO page(rowid, {', '.join(WEIGHTS)}) VALUES (?, ?, ?, ?, ?)"
        self._db.execute(insert, (number, *told))
        self._known.update(word for column in told for word in column.split())

    def _phrases(self, words: list[str]) -> tuple[list[str], list[str]]:
        """The longest runs of words that editors know, and the other words that say something."""
        found, left = [], list[str]()
        rest = words
        while rest:
            runs = (" ".join(rest[:length]) for length in range(LONGEST_NAME, 0, -1))
            known = (run for run in runs if run in self._means or run in self._called)
            phrase = next(known, "")
            if phrase:
                found.append(phrase)
            elif rest[0] not in self._skipped:
                left.append(rest[0])
            rest = rest[max(1, len(phrase.split())) :]
        return found, left

    def _meanings(self, phrase: str) -> dict[str, float]:
        """The words to look up for a phrase, and what each is worth."""
        own = {phrase: EXACT} if self._known.keys() >= set(phrase.split()) else {}
        return own | dict.fromkeys(self._means.get(phrase, ()), SAME)

    def _spelled(self, word: str) -> str:
        """The word that was meant: itself, or one of ours that is a slip of the thumb away."""
        if word in self._known or word in self._said or len(word) < SHORTEST_SLIP:
            return word
        slips = 2 if len(word) >= LONG_WORD else 1
        # Hardly anybody gets the first letter wrong, and many other words differ in it.
        ours = self._by_first[word[0]]
        near = process.extract(word, ours, scorer=OSA.distance, score_cutoff=slips, limit=None)
        return min(near, key=lambda one: (one[1], -self._known[one[0]], one[0]), default=(word,))[0]

    def _best(self, asked: Mapping[str, float]) -> dict[int, float]:
        """Of all the words one thing goes by, the one that tells most, page by page."""
        best: dict[int, float] = {}
        for phrase, worth in asked.items():
            for number, score in self._look_up(phrase).items():
                best[number] = max(best.get(number, 0.0), score * worth)
        return best

    def _look_up(self, phrase: str) -> dict[int, float]:
        found: dict[int, float] = defaultdict(float)
        hits = {column: self._where(column, phrase) for column in WEIGHTS}
        # A word that stands on few pages tells more. How long a page is, or how many other names
        # it has, says nothing against it.
        few = math.log(1 + len(self._pages) / (1 + len(set().union(*hits.values()))))
        for column, numbers in hits.items():
            for number in numbers:
                found[number] += WEIGHTS[column] * few
        return found

    def _where(self, column: str, phrase: str) -> list[int]:
        ask = "SELECT rowid FROM page WHERE page MATCH ?"
        with self._lock:
            return [number for (number,) in self._db.execute(ask, (f'{column} : "{phrase}"',))]


def _meanings(words: Iterable[Page]) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """What each phrase means in words of our pages, and the words that say nothing."""
    means: dict[str, tuple[str, ...]] = {}
    skipped = set[str]()
    for page in words:
        groups = page.meta.get("same")
        for topic, phrases in (groups if isinstance(groups, dict) else {}).items():
            for phrase in filter(None, map(_plain, _list(phrases))):
                means[phrase] = (*means.get(phrase, ()), _plain(str(topic)))
        skipped.update(word for said in _list(page.meta.get("skip")) for word in _words(said))
    return means, frozenset(skipped)


def _names(page: Page) -> list[str]:
    """What a page is called: its title, its file, and what people say."""
    file = page.key.rpartition("/")[2].replace("-", " ")
    said = file, str(page.meta.get("name") or ""), *_list(page.meta.get("also"))
    return [_plain(page.title), *filter(None, map(_plain, said))]


def _list(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _plain(text: str) -> str:
    return " ".join(_words(text))


def _words(text: str) -> list[str]:
    """Small letters without marks: "Can't" and "cant" are one word."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(APOSTROPHES))
    return WORD.findall("".join(c for c in plain if not unicodedata.combining(c)))
