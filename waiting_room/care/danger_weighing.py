"""Whether a match counts as it stands, is softer (said not, said of long ago), or is a saying."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from waiting_room.care.colours import Colour
from waiting_room.care.danger_machine import Machine, Match
from waiting_room.care.danger_rules import KINDS, Book, Line, Rule
from waiting_room.care.danger_text import STRONG, Reading

DOUBT = "doubt"
LOOKS = 300  # matches looked at closely; any after that count as they stand
_REACH = 8  # words before a match that may belong to it
_FILE, _BUILT_IN = 1, 2


@dataclass(frozen=True)
class Owner:
    """Whose row it is: a rule, a harmless saying, or words for long ago."""

    role: str
    rule: Rule | None
    line: Line
    denies: bool  # a word of denial is part of the pattern itself
    rank: int = 0  # the most serious first


def rank_of(colour: Colour, kind: str) -> int:
    """Red before amber, and within a colour the order of KINDS."""
    return list(Colour).index(colour) * len(KINDS) + KINDS.index(kind)


@dataclass(frozen=True)
class Found:
    """A match weighed."""

    colour: Colour
    kind: str
    words: str
    rule: str


class Weighing:
    """Weighs the matches of one message. The work is bounded by LOOKS, however long the text."""

    def __init__(
        self, book: Book, machine: Machine, owners: Sequence[Owner], reading: Reading
    ) -> None:
        self.book = book
        self.machine = machine
        self.owners = owners
        self.words = reading.words
        self.breaks = reading.breaks
        self.covered = bytearray(len(reading.words))
        self.sentences = list(accumulate(mark == STRONG for mark in reading.breaks))
        self.past: list[int] = []

    def weigh(self, matches: Sequence[Match]) -> Iterator[Found]:
        """Each match that brings a person, the most serious rules first."""
        for match in matches:
            self._note(match)
        ours = [match for match in matches if self.owners[match.row].rule]
        ours.sort(key=lambda match: self.owners[match.row].rank)
        for number, match in enumerate(ours):
            found = self._one(match) if number < LOOKS else self._plain(match)
            if found:
                yield found

    def _rule(self, match: Match) -> Rule:
        rule = self.owners[match.row].rule
        assert rule is not None
        return rule

    def _note(self, match: Match) -> None:
        owner = self.owners[match.row]
        if owner.role == "harmless":
            mark = _FILE if owner.line.number else _BUILT_IN
            for at in range(self.machine.start(match, self.words), match.last + 1):
                self.covered[at] = max(self.covered[at], mark)
        elif owner.role == "long ago":
            self.past.append(match.last)

    def _plain(self, match: Match) -> Found:
        rule = self._rule(match)
        return Found(rule.colour, rule.kind, self.words[match.last], rule.name)

    def _one(self, match: Match) -> Found | None:
        rule, cover = self._rule(match), self.covered[match.last]
        # A file may hush its own rules; the minimum it can only make softer.
        if cover == _BUILT_IN or (cover == _FILE and not rule.built_in):
            return None
        start = self.machine.start(match, self.words)
        said = " ".join(self.words[start : match.last + 1])
        if cover or self._denied(match, start) or self._long_ago(start, match.last):
            return Found(Colour.AMBER, DOUBT, said, rule.name)
        return Found(rule.colour, rule.kind, said, rule.name)

    def _lead(self, start: int) -> Iterator[int]:
        """Places before a match, back to the first word that does not belong to it."""
        own = self.book.between | self.book.softening | self.book.past
        for at in range(start - 1, max(start - _REACH, 0) - 1, -1):
            if self.breaks[at + 1] == STRONG or self.words[at] not in own:
                return
            yield at

    def _denied(self, match: Match, start: int) -> bool:
        """A "not" shortly before the words, or within them where the rule has none of its own."""
        inside = self.words[start : match.last + 1]
        if not self.owners[match.row].denies and self.book.softening.intersection(inside):
            return True
        # "I can not stop thinking of it" is no denial.
        return any(
            self.words[at] in self.book.softening
            and (at == 0 or self.words[at - 1] not in ("can", "could"))
            for at in self._lead(start)
        )

    def _long_ago(self, start: int, last: int) -> bool:
        """Told as past, in a sentence that says it is long ago."""
        if not any(self.sentences[at] == self.sentences[last] for at in self.past[:LOOKS]):
            return False
        told = {*self.words[start : last + 1], *(self.words[at] for at in self._lead(start))}
        return bool(told & self.book.past)
