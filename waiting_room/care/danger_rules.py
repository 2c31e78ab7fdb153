"""What the danger rules are made of, and the least of them, which no missing file can take away."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from waiting_room.care.colours import Colour

# In the order of how soon a person must look, when two rules of one colour match.
KINDS = ("life", "medical", "child", "abuse", "self-harm", "neglect", "doubt")


@dataclass(frozen=True)
class Line:
    """Words an editor wrote, and where."""

    text: str
    file: str = "built in"
    number: int = 0


@dataclass
class Rule:
    """One thing a person may say: its patterns, its kind and colour, and its examples."""

    name: str
    kind: str = ""
    colour: Colour = Colour.AMBER
    page: str = ""
    says: list[Line] = field(default_factory=list)
    must: list[Line] = field(default_factory=list)
    must_not: list[Line] = field(default_factory=list)
    where: Line = field(default_factory=lambda: Line(""))

    @property
    def built_in(self) -> bool:
        """True for the minimum, which no file can silence."""
        return not self.where.number


@dataclass
class Book:
    """All files of the folder read together, lists kept by language."""

    rules: list[Rule] = field(default_factory=list)
    lists: dict[str, dict[str, str]] = field(default_factory=dict)
    harmless: list[Line] = field(default_factory=list)
    long_ago: list[Line] = field(default_factory=list)
    softening: set[str] = field(default_factory=set)
    past: set[str] = field(default_factory=set)
    between: set[str] = field(default_factory=set)
    starts: set[str] = field(default_factory=set)
    safe: list[Line] = field(default_factory=list)
    softer: list[Line] = field(default_factory=list)

    def lists_for(self, line: Line) -> dict[str, str]:
        """The named lists of the language this line is written in: `en` for en-life.md."""
        return self.lists.setdefault(Path(line.file).stem.split("-")[0], {})


_SELF = "myself|my_self"
# Plain words only: what stands here can be made softer by an editor, never silenced.
BUILT_IN = (
    ("life", "a wish to die", "want|wants|wish|wishing|rather to? die"),
    ("life", "a wish to be dead", "wish|rather|better <2> dead END"),
    ("life", "to end one's life", f"kill|killing {_SELF}"),
    ("life", "to end one's life, other words", "end|ending my life|misery|existence"),
    ("life", "to end it all", "end|ending it_all|everything"),
    ("life", "to take one's life", "take|taking my own? life"),
    ("life", "a way to die", f"hang|hanging|drown|drowning|stab|shoot {_SELF}"),
    ("life", "thoughts of suicide", "am|feel|feeling|so|very ~suicidal"),
    ("life", "plans of suicide", "~suicidal thoughts|plans|again|now"),
    ("life", "suicide", "commit|committing|attempt|attempted ~suicide"),
    ("life", "no wish to live", "not want|wish to live|be_alive END"),
    ("life", "no reason to live", "no reason|point to|in live|living END"),
    ("life", "a burden", "better off without me END"),
    ("life", "an overdose", "took|taken|taking an|another ~overdose"),
    ("self-harm", "self-harm", f"harm|harming {_SELF}"),
    ("self-harm", "self-harm, other words", "self harm|harming|harmed"),
    ("abuse", "violence at home", "he|she|husband|wife|partner hits|beats|rapes me"),
    ("abuse", "rape", "was|been raped"),
)
BUILT_IN_HARMLESS = (
    "die|kill|killing|killed|hurt myself? laughing|of_laughter",
    "die of <1> embarrassment|boredom|laughter|shame|curiosity",
    "die to? hear|see|know",
)


def minimum() -> Book:
    """`BUILT_IN` as a book of its own: it stands when the folder is missing or broken."""
    book = Book(softening={"not", "never"}, between={"i", "am", "do", "want", "to", "going"})
    book.starts = {"i", "and", "but", "because", "so", "please", "sorry"}
    for kind, name, say in BUILT_IN:
        book.rules.append(Rule(name, kind, Colour.RED, says=[Line(say)]))
    book.harmless = [Line(say) for say in BUILT_IN_HARMLESS]
    return book
