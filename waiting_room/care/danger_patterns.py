"""The small language of the danger rules: a line an editor wrote becomes rows of steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from waiting_room.care.danger_text import simple
from waiting_room.errors import BadInput

MOST_ROWS = 400
MOST_GAP = 6
LOOSE = 7  # a slip in a shorter word makes another word: tablet, table
END = "END"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Step:
    """One place in a row: any of these words, or any word at all, or the end of a thought."""

    words: frozenset[str] = frozenset()
    beginnings: frozenset[str] = frozenset()
    slips: frozenset[str] = frozenset()
    optional: bool = False
    gap: bool = False
    end: bool = False


Row = tuple[Step, ...]


def parse(say: str, lists: Mapping[str, str]) -> list[Row]:
    """Every row of steps this pattern stands for. Raises BadInput saying what is wrong."""
    parts = [_part(item, lists) for item in say.split()]
    size = 1
    for part in parts:
        size *= len(part)
    if size > MOST_ROWS:
        raise BadInput("say", f"too many combinations ({size}); write two shorter patterns")
    made = (_trim([step for piece in chosen for step in piece]) for chosen in product(*parts))
    rows = list(dict.fromkeys(made))
    for row in rows:
        _check(row)
    return rows


def _trim(steps: list[Step]) -> Row:
    """What may be absent at either edge says nothing, so it goes."""
    while steps and steps[0].optional:
        del steps[0]
    while steps and steps[-1].optional:
        del steps[-1]
    return tuple(steps)


def _check(row: Row) -> None:
    if not any(not step.optional and not step.end for step in row):
        raise BadInput("say", "a pattern needs at least one word that must be there")
    if any(step.end for step in row[:-1]):
        raise BadInput("say", "END can only be the last word of a pattern")


def _part(item: str, lists: Mapping[str, str]) -> list[Row]:
    if item == END:
        return [(Step(end=True),)]
    if item.startswith("<") and item.endswith(">"):
        return [_gap(item)]
    optional = item.endswith("?")
    choices = _choices(item.rstrip("?"), lists)
    rows: list[Row] = [row for row in choices if len(row) > 1]
    single = [row[0] for row in choices if len(row) == 1]
    if single:
        rows.append((_merge(single, optional),))
    elif optional:
        rows.append(())
    return rows


def _gap(item: str) -> Row:
    number = item[1:-1]
    if not number.isdecimal() or not 1 <= int(number) <= MOST_GAP:
        raise BadInput("say", f"{item}: a gap is a number from 1 to {MOST_GAP}, such as <2>")
    return (Step(optional=True, gap=True),) * int(number)


def _merge(steps: list[Step], optional: bool) -> Step:
    return Step(
        words=frozenset().union(*(step.words for step in steps)),
        beginnings=frozenset().union(*(step.beginnings for step in steps)),
        slips=frozenset().union(*(step.slips for step in steps)),
        optional=optional,
    )


def _choices(item: str, lists: Mapping[str, str]) -> list[Row]:
    rows: list[Row] = []
    for choice in item.split("|"):
        if not choice:
            raise BadInput("say", f"{item}: nothing stands on one side of a |")
        if choice.startswith("@"):
            if choice[1:] not in lists:
                raise BadInput("say", f"{choice}: there is no list of that name")
            # A list may name earlier lists; the reader of files forbids naming later ones.
            rows += _choices(lists[choice[1:]], lists)
        else:
            rows.append(_phrase(choice))
    return rows


# The same lists stand in hundreds of lines; their words are read, and held, once.
@lru_cache(maxsize=4096)
def _phrase(choice: str) -> Row:
    steps: list[Step] = []
    for word in choice.split("_"):
        loose, beginning = word.startswith("~"), word.endswith("*")
        bare = word.removeprefix("~").removesuffix("*")
        plain = simple(bare)
        if not plain or not bare.replace("'", "").isalnum():
            raise BadInput("say", f"{choice}: only letters and digits can be part of a word")
        if beginning and (len(plain) > 1 or len(plain[0]) < 3):
            raise BadInput("say", f"{choice}: a beginning needs at least 3 letters")
        if loose and len(bare) < LOOSE:
            raise BadInput("say", f"{choice}: only a word of {LOOSE} letters or more can have a ~")
        steps += [_step(one, loose=loose, beginning=beginning) for one in plain]
    return tuple(steps)


def _step(word: str, *, loose: bool, beginning: bool) -> Step:
    if beginning:
        return Step(beginnings=frozenset([word]))
    return Step(words=frozenset([word]), slips=frozenset([word] if loose else []))


def slips_of(word: str) -> set[str]:
    """The word with one letter wrong, missing, doubled or swapped; its first letter is kept."""
    cuts = [(word[:n], word[n:]) for n in range(1, len(word) + 1)]
    missing = {left + right[1:] for left, right in cuts if right}
    wrong = {left + c + right[1:] for left, right in cuts if right for c in _LETTERS}
    extra = {left + c + right for left, right in cuts for c in _LETTERS}
    return missing | wrong | extra | swaps_of(word)


def swaps_of(word: str) -> set[str]:
    """The word with two neighbouring letters changed over; its first letter is kept."""
    return {word[:n] + word[n + 1] + word[n] + word[n + 2 :] for n in range(1, len(word) - 1)}
