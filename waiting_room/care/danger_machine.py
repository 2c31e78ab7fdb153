"""Matches all danger patterns at once in one pass: the same few steps for every word, no turning
back, so no message can make it slow.

Every step of every row is one bit of a whole number (the "shift-and" method). Reading a word moves
all bits one place on and keeps those whose step accepts the word. Optional steps are jumped with
one subtraction (Navarro and Raffinot, Flexible Pattern Matching in Strings, 2002, chapter 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from waiting_room.care.danger_patterns import Row, Step, slips_of, swaps_of
from waiting_room.care.danger_text import STRONG, Reading, Vocabulary


@dataclass(frozen=True)
class Match:
    """Row number `row` matched; `last` is the place of its last word in the message."""

    row: int
    last: int


@dataclass
class _Bits:
    first: int = 0
    final: int = 0
    ends: int = 0
    gaps: int = 0
    optional: int = 0
    before: int = 0  # the step in front of each run of optional steps
    close: int = 0  # the last step of each such run
    keep: int = 0  # what lives on after a full stop


class Machine:
    """Rows compiled to bits. Built once, then only read."""

    def __init__(self, rows: Sequence[Row], thought_starts: frozenset[str]) -> None:
        self.rows = rows
        self.size = sum(len(row) for row in rows)
        self.bits = _Bits()
        self.exact: dict[str, int] = {}
        self.beginnings: dict[str, int] = {}
        self.owner: dict[int, int] = {}
        self.offsets: list[int] = []
        self._thought_starts = thought_starts
        place = 0
        for number, row in enumerate(rows):
            self._lay(row, number, place)
            place += len(row)
        self.vocabulary = self._vocabulary()
        self._finish()

    def _lay(self, row: Row, number: int, place: int) -> None:
        self.offsets.append(place)
        self.bits.first |= 1 << place
        self.bits.final |= 1 << (place + len(row) - 1)
        self.owner[place + len(row) - 1] = number
        for at, step in enumerate(row):
            bit = 1 << (place + at)
            for word in step.words:
                self.exact[word] = self.exact.get(word, 0) | bit
            for start in step.beginnings:
                self.beginnings[start] = self.beginnings.get(start, 0) | bit
            self._mark(row, at, bit)

    def _mark(self, row: Row, at: int, bit: int) -> None:
        step, after = row[at], row[at + 1] if at + 1 < len(row) else Step()
        self.bits.gaps |= bit * step.gap
        self.bits.ends |= bit * step.end
        self.bits.optional |= bit * step.optional
        self.bits.before |= bit * (after.optional and not step.optional)
        self.bits.close |= bit * (step.optional and not after.optional)
        # No gap may reach over a full stop: only its last step stays open, for the word after it.
        self.bits.keep |= bit * (not after.gap)

    def _vocabulary(self) -> Vocabulary:
        loose = sorted({word for row in self.rows for step in row for word in step.slips})
        # A real word of the rules is never taken for a slip of another.
        slips = {swap: word for word in self.exact if len(word) > 3 for swap in swaps_of(word)}
        slips |= {slip: word for word in loose for slip in slips_of(word)}
        known = Vocabulary(self.exact, self.beginnings, {})
        return Vocabulary(
            self.exact,
            self.beginnings,
            {slip: word for slip, word in slips.items() if slip not in known.words},
        )

    def _finish(self) -> None:
        for word in list(self.exact):
            self.exact[word] |= self._begins(word) | self.bits.gaps

    def _begins(self, word: str) -> int:
        mask = 0
        for length in self.vocabulary.lengths:
            mask |= self.beginnings.get(word[:length], 0)
        return mask

    def accepts(self, word: str) -> int:
        """The steps that accept this word, as bits."""
        mask = self.exact.get(word)
        return mask if mask is not None else self._begins(word) | self.bits.gaps

    def run(self, reading: Reading) -> list[Match]:
        """Every match, in order of its last word."""
        found: list[Match] = []
        bits = self.bits
        state = 0
        for at, word in enumerate(reading.words):
            mark = reading.breaks[at]
            # A thought ends at a mark or where the next one starts: now END may match.
            if state and (mark or word in self._thought_starts):
                self._note(state << 1 & bits.ends, at - 1, found)
                if mark == STRONG:
                    state &= bits.keep
            state = (state << 1 | bits.first) & self.accepts(word)
            if state:
                full = state | bits.close
                jumped = bits.optional & (full - bits.before ^ full)
                state |= bits.optional ^ jumped
                self._note(state & bits.final, at, found)
        self._note(state << 1 & bits.ends, len(reading.words) - 1, found)
        return found

    def _note(self, done: int, last: int, found: list[Match]) -> None:
        while done:
            low = done & -done
            found.append(Match(self.owner[low.bit_length() - 1], last))
            done ^= low

    def start(self, match: Match, words: Sequence[str]) -> int:
        """Where the match began: the shortest stretch of words that explains it."""
        row, offset = self.rows[match.row], self.offsets[match.row]
        states, at = set(_earlier(row, len(row) - row[-1].end)), match.last
        while True:
            mask = self.accepts(words[at])
            states = {n for n in states if mask >> (offset + n) & 1}
            if 0 in states or at == 0 or not states:
                return at
            states = {earlier for n in states for earlier in _earlier(row, n)}
            at -= 1


def _earlier(row: Row, step: int) -> list[int]:
    """The steps that may come right before this one: the optional ones can be jumped."""
    out = [step - 1]
    while row[out[-1]].optional:
        out.append(out[-1] - 1)
    return out
