"""Reads the files of content/danger-words: plain Markdown, headings and lines `- key: words`."""

from __future__ import annotations

from pathlib import Path

from waiting_room.care.colours import Colour
from waiting_room.care.danger_patterns import parse
from waiting_room.care.danger_rules import KINDS, Book, Line, Rule
from waiting_room.care.danger_text import simple
from waiting_room.errors import BadInput

_LINES = {"harmless": "harmless", "long ago": "long_ago", "safe": "safe", "softer": "softer"}
_WORDS = {
    "softening words": "softening",
    "past words": "past",
    "between": "between",
    "thought starts": "starts",
}
_SAID = {"say": "says", "must": "must", "must not": "must_not"}


def add_folder(folder: Path, book: Book) -> Book:
    """Adds every rule file of the folder to the book. Raises BadInput naming file and line."""
    files = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    if not files:
        raise BadInput(str(folder), "no danger words here: the folder is missing or empty")
    # Lists first: a rule may use a list that stands in a later file of its language.
    for path in files:
        for line in _lines(path):
            _List(book).take(line)
    for path in files:
        reader = _File(book)
        for line in _lines(path):
            reader.take(line)
        reader.close()
    return book


def refuse(line: Line, message: str) -> BadInput:
    """The error an editor can act on: which file, which line, what to do."""
    return BadInput(f"{line.file}:{line.number}", f"{line.file} line {line.number}: {message}")


def _lines(path: Path) -> list[Line]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInput(path.name, f"{path.name} line 1: cannot be read as text") from problem
    return [Line(row.rstrip(), path.name, n) for n, row in enumerate(text.split("\n"), start=1)]


def _pair(line: Line) -> tuple[str, str]:
    key, colon, value = line.text[2:].partition(":")
    if not colon or not value.strip():
        raise refuse(line, "write `- key: words`")
    return key.strip(), value.strip()


class _List:
    """Takes the named lists only: they are read first, so any file may use them."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def take(self, line: Line) -> None:
        if not line.text.startswith("- @"):
            return
        name, value = _pair(line)
        lists = self.book.lists_for(line)
        if name[1:] in lists:
            raise refuse(line, f"the list {name} is already there")
        _try(Line(value, line.file, line.number), self.book)
        lists[name[1:]] = value


class _File:
    """Takes one file line by line; knows under which heading it stands."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.heading = ""
        self.rule: Rule | None = None

    def take(self, line: Line) -> None:
        if line.text.startswith("## "):
            self._head(line)
        elif line.text.startswith("- @"):
            return
        elif line.text.startswith("- "):
            self._item(line)
        elif line.text.startswith(("-", "* ", "+ ", "##", " -", "  -")):
            raise refuse(line, "begin a line with `- ` and a heading with `## `")

    def close(self) -> None:
        """The rule that ends here must be whole."""
        if self.rule is None:
            return
        missing = [key for key in ("kind", "says", "must") if not getattr(self.rule, key)]
        if missing:
            raise refuse(self.rule.where, f"this rule has no {' and no '.join(missing)}")
        self.rule = None

    def _head(self, line: Line) -> None:
        self.close()
        heading = line.text[3:].strip()
        name = heading.removeprefix("Rule:").strip()
        self.heading = heading.lower()
        if name != heading:
            full = f"{Path(line.file).stem}: {name}"
            if any(rule.name == full for rule in self.book.rules):
                raise refuse(line, f"there are two rules called {name}")
            self.rule = Rule(full, where=line)
            self.book.rules.append(self.rule)
        elif self.heading not in {*_LINES, *_WORDS, "lists"}:
            raise refuse(line, f"no such part: {heading}")

    def _item(self, line: Line) -> None:
        if self.rule is not None:
            self._of_rule(self.rule, line)
            return
        text = Line(line.text[2:].strip(), line.file, line.number)
        if self.heading in _WORDS:
            getattr(self.book, _WORDS[self.heading]).update(simple(text.text))
            return
        if self.heading not in _LINES:
            raise refuse(line, "this line stands under no heading we know")
        if self.heading in ("harmless", "long ago"):
            _try(text, self.book)
        # One word alone would hush far too much.
        if self.heading == "harmless" and len(text.text.split()) < 2:
            raise refuse(line, "a harmless saying needs at least two words")
        getattr(self.book, _LINES[self.heading]).append(text)

    def _of_rule(self, rule: Rule, line: Line) -> None:
        key, value = _pair(line)
        if key in _SAID:
            said = Line(value, line.file, line.number)
            if key == "say":
                _try(said, self.book)
            getattr(rule, _SAID[key]).append(said)
        elif key == "kind" and value in KINDS:
            rule.kind = value
        elif key == "colour" and value in (Colour.RED, Colour.AMBER):
            rule.colour = Colour(value)
        elif key == "page":
            rule.page = value
        else:
            raise refuse(line, f"`{key}: {value}` is not something a rule can have")


def _try(line: Line, book: Book) -> None:
    """A pattern that cannot be read is refused here, where its line is known."""
    try:
        parse(line.text, book.lists_for(line))
    except BadInput as problem:
        raise refuse(line, str(problem)) from problem
