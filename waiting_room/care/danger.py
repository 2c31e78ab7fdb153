"""Fixed, readable rules that bring a person: they look for words, they know nothing of the writer.

The rules are the files of content/danger-words. A small minimum is written in `danger_rules` and
always stays. No model, no score, no diagnosis: a rule matches or it does not, and a person decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from waiting_room.care.colours import Colour
from waiting_room.care.danger_files import add_folder
from waiting_room.care.danger_machine import Machine
from waiting_room.care.danger_patterns import Row, parse
from waiting_room.care.danger_rules import Book, Line, Rule, minimum
from waiting_room.care.danger_text import read
from waiting_room.care.danger_weighing import DOUBT, Owner, Weighing, rank_of

_COLOURS = list(Colour)


@dataclass(frozen=True)
class Hit:
    """The most serious thing the rules found: which words, by which rule."""

    colour: Colour
    kind: str
    matched: str
    rule: str


@dataclass(frozen=True)
class Rules:
    """The rules compiled. Read only, and the same for every thread."""

    book: Book
    machine: Machine
    owners: tuple[Owner, ...]

    def page_of(self, hit: Hit) -> str:
        """The page the rule names for this hit, or "" when it names none."""
        return next((rule.page for rule in self.book.rules if rule.name == hit.rule), "")


def compile_book(book: Book) -> Rules:
    """The rules of this book, ready to screen with."""
    rows: list[Row] = []
    owners: list[Owner] = []
    for role, rule, line in _lines(book):
        for row in parse(line.text, book.lists_for(line)):
            rows.append(row)
            denies = any(step.words & book.softening for step in row)
            rank = rank_of(rule.colour, rule.kind) if rule else 0
            owners.append(Owner(role, rule, line, denies, rank))
    return Rules(book, Machine(rows, frozenset(book.starts)), tuple(owners))


def _lines(book: Book) -> Iterator[tuple[str, Rule | None, Line]]:
    for rule in book.rules:
        yield from (("rule", rule, line) for line in rule.says)
    yield from (("harmless", None, line) for line in book.harmless)
    yield from (("long ago", None, line) for line in book.long_ago)


def load(folder: Path) -> Rules:
    """The rules of all files, with the minimum. Raises BadInput naming file and line."""
    return compile_book(add_folder(folder, minimum()))


def screen(text: str, rules: Rules) -> Hit | None:
    """The most serious hit, or None. Pure, in time linear in the text, never raises for a str."""
    reading = read(text, rules.machine.vocabulary)
    matches = rules.machine.run(reading)
    if not any(rules.owners[match.row].rule for match in matches):
        return None
    weighing = Weighing(rules.book, rules.machine, rules.owners, reading)
    best: tuple[int, Hit] | None = None
    for found in weighing.weigh(matches):
        hit = Hit(found.colour, found.kind, found.words, found.rule)
        rank = rank_of(hit.colour, hit.kind)
        if best is None or rank < best[0]:
            best = (rank, hit)
        if rank == 0:
            break
    return best[1] if best else None


BUILT_IN = compile_book(minimum())
_in_use = [BUILT_IN]


def use(rules: Rules) -> None:
    """From now on `current()` gives these rules, in the whole process."""
    _in_use[0] = rules


def current() -> Rules:
    """The rules in use: never none, since the minimum stands before any file is read."""
    return _in_use[0]


def check(folder: Path) -> list[tuple[str, int, str]]:
    """Every example that does not behave as its file says: file, line, message."""
    rules = load(folder)
    return [*_wrong_rules(rules), *_wrong_lines(rules)]


def _wrong_rules(rules: Rules) -> Iterator[tuple[str, int, str]]:
    for rule in rules.book.rules:
        if rule.built_in:
            continue
        alone = compile_book(_only(rule, rules.book))
        for line in rule.must:
            hit, own = screen(line.text, rules), screen(line.text, alone)
            if own is None or own.kind != rule.kind:
                yield line.file, line.number, f"the rule does not match: {line.text}"
            elif hit is None or _COLOURS.index(hit.colour) > _COLOURS.index(rule.colour):
                yield line.file, line.number, f"another rule hides this one: {line.text}"
        for line in rule.must_not:
            if screen(line.text, alone) is not None:
                yield line.file, line.number, f"the rule matches, but must not: {line.text}"


def _only(rule: Rule, book: Book) -> Book:
    return Book(
        rules=[rule], lists=book.lists, harmless=book.harmless, long_ago=book.long_ago,
        softening=book.softening, past=book.past, between=book.between, starts=book.starts,
    )  # fmt: skip


def _wrong_lines(rules: Rules) -> Iterator[tuple[str, int, str]]:
    for line in rules.book.safe:
        if (hit := screen(line.text, rules)) is not None:
            yield line.file, line.number, f"must be quiet, but {hit.rule} matches: {line.text}"
    for line in rules.book.softer:
        hit = screen(line.text, rules)
        if hit is None or (hit.colour, hit.kind) != (Colour.AMBER, DOUBT):
            yield line.file, line.number, f"must be a doubt: {line.text}"
