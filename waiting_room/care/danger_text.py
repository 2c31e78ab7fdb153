"""Splits a message into the plain words the danger rules look for, however they were disguised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from waiting_room.care.danger_letters import plain
from waiting_room.care.danger_talk import TALK

FULL, HALF = ".", ","
WEAK, STRONG = 1, 2
_LEET = str.maketrans("013457@$!", "oieastasi")
_EDGES = ".!?,;:'*-_/#"
_LONGEST_RUN = 40  # letters of words written together that we try to take apart
_LONGEST_WORD = 16
# Only these short words are found inside a longer one: "therapist" must not become "the rapist".
_JOINING = frozenset(("i", "a", "my", "to", "me", "it", "end", "die", "not"))


@dataclass(frozen=True)
class Reading:
    """The words in order; `breaks[n]` says what parts word n from the one before it."""

    words: list[str]
    breaks: list[int]


def squeeze(word: str) -> str:
    """The word with every doubled letter written once."""
    return "".join(letter for letter, _ in groupby(word))


class Vocabulary:
    """The words of all rules: an unknown word is compared with them and perhaps recognised."""

    def __init__(
        self, words: Iterable[str], beginnings: Iterable[str], slips: dict[str, str]
    ) -> None:
        self.words = frozenset(words) | TALK.keys()
        self.beginnings = frozenset(beginnings)
        self.lengths = tuple(sorted({len(beginning) for beginning in self.beginnings}))
        self.slips = slips
        # Sorted, so that the same rules always give the same reading.
        self.squeezed = {squeeze(word): word for word in sorted(self.words) if len(word) > 1}

    def find(self, word: str) -> str | None:
        """The rule word meant by this one, or None."""
        if word in self.words:
            return word
        if any(word[:length] in self.beginnings for length in self.lengths):
            return word
        if word in self.slips:
            return self.slips[word]
        return self._stretched(word)

    def _stretched(self, word: str) -> str | None:
        short = squeeze(word)
        found = self.squeezed.get(short)
        if not found:
            return None
        # "dieee" is die; but a short word is not changed by one letter: "bee" is not be.
        if len(word) > len(found):
            return found if len(found) > 3 or len(word) - len(short) > 1 else None
        # "kil" is kill; but a missing vowel makes another word: "nose" is not noose.
        missing = any(vowel * 2 in found for vowel in "aeiou")
        return found if len(found) > 3 and not missing else None

    def apart(self, run: str) -> list[str] | None:
        """Words written together, taken apart into the fewest known ones; None if they are not."""
        if len(run) > _LONGEST_RUN:
            return None
        best: list[list[str] | None] = [[]] + [None] * len(run)
        for end in range(1, len(run) + 1):
            for start in range(max(0, end - _LONGEST_WORD), end):
                before = best[start]
                if before is None or not self._fits(run[start:end]):
                    continue
                here = best[end]
                if here is None or len(before) + 1 < len(here):
                    best[end] = [*before, run[start:end]]
        return best[-1]

    def _fits(self, piece: str) -> bool:
        return piece in _JOINING or (len(piece) > 3 and piece in self.words)


def read(text: str, vocabulary: Vocabulary) -> Reading:
    """The message as plain words with the breaks between them. Linear in its length."""
    pieces: list[str] = []
    for chunk in plain(text).split():
        if chunk.isalpha() or chunk in (FULL, HALF):
            pieces.append(chunk)
        else:
            pieces.extend(_open(chunk, vocabulary))
    return _settle(_spelled_out(pieces, vocabulary), vocabulary)


_NO_WORDS = Vocabulary((), (), {})


def simple(text: str) -> list[str]:
    """The words of a pattern: folded and written out in full, nothing guessed."""
    return read(text, _NO_WORDS).words


def _open(chunk: str, vocabulary: Vocabulary) -> list[str]:
    # $ and @ may be letters in disguise, so they are not stripped with the other marks.
    core = chunk.strip(_EDGES)
    tail = chunk[len(chunk.rstrip(_EDGES)) :] if core else chunk
    end = [FULL] if set(tail) & set(".!?") else [HALF] if set(tail) & set(",;:-") else []
    if core in TALK:
        return [core, *end]
    if core.endswith("'s") and core[:-2].isalpha():
        return [core[:-2], "is", *end]
    bare = core.replace("'", "")
    meant = _disguised(bare, vocabulary)
    return [*([meant] if meant else _split(bare)), *end]


def _disguised(core: str, vocabulary: Vocabulary) -> str | None:
    """A word with dots, digits or a star in it, when that makes a word of the rules."""
    if core.isalpha():
        return core
    for guess in _guesses(core):
        if guess.isalpha() and (found := vocabulary.find(guess)):
            return found
    # Letters with a mark between each are spelled out, known or not: they may be several words.
    joined = _bare(core)
    return joined if joined.isalpha() and len(joined) > 3 and _spaced(core) else None


def _guesses(core: str) -> list[str]:
    if not any(char.isalpha() for char in core):
        return []
    joined = _bare(core)
    guesses = [joined] if len(joined) > 3 or _spaced(core) else []
    guesses.append(core.translate(_LEET))
    if core.count("*") == 1:
        guesses += [core.replace("*", vowel) for vowel in "aeiou"]
    return guesses


def _bare(core: str) -> str:
    return "".join(char for char in core if char.isalnum())


def _spaced(core: str) -> bool:
    return len(_bare(core)) * 2 - 1 == len(core)


def _split(core: str) -> list[str]:
    marks = {".": " . ", "!": " . ", "?": " . ", ",": " , ", ";": " , ", ":": " , "}
    return "".join(c if c.isalnum() else marks.get(c, " ") for c in core).split()


def _spelled_out(pieces: list[str], vocabulary: Vocabulary) -> list[str]:
    """Single letters in a row become the word they spell, if they spell one we know."""
    out: list[str] = []
    run: list[str] = []
    for piece in [*pieces, ""]:
        if (len(piece) == 1 and piece.isalpha()) or (run and piece in (FULL, HALF)):
            run.append(piece)
            continue
        out += _joined(run, vocabulary)
        run = []
        out.append(piece)
    return out[:-1]


def _joined(run: list[str], vocabulary: Vocabulary) -> list[str]:
    letters = "".join(piece for piece in run if piece.isalpha())
    if len(letters) < 3:
        return run
    for lead in (0, 1):
        found = vocabulary.find(letters[lead:])
        words = [found] if found else vocabulary.apart(letters[lead:])
        if words:
            return [*letters[:lead], *words]
    return run


def _settle(pieces: list[str], vocabulary: Vocabulary) -> Reading:
    words: list[str] = []
    breaks: list[int] = []
    mark = 0
    for piece in pieces:
        if piece in (FULL, HALF):
            mark = max(mark, STRONG if piece == FULL else WEAK)
            continue
        for word in _whole(piece, vocabulary):
            words.append(word)
            breaks.append(mark)
            mark = 0
    return Reading(words, breaks)


def _whole(piece: str, vocabulary: Vocabulary) -> Iterable[str]:
    if piece in TALK:
        return TALK[piece]
    found = vocabulary.find(piece)
    if found:
        return TALK.get(found, (found,))
    if len(piece) >= 8 and (parts := vocabulary.apart(piece)):
        return parts
    return (piece,)
