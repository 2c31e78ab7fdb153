"""What is said: a page of the library, the values for its blanks, and the choices under it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Priority(IntEnum):
    """Which letter leaves first. A crisis letter never waits for another."""

    # Gaps are no accident: the numbers are stored, and a kind that comes later finds its place.
    CRISIS = 0
    REPLY = 1
    CHECK_IN = 2
    BROADCAST = 9


@dataclass(frozen=True)
class Choice:
    """Something the person can press. `label` is a key of the labels page; `text` is data."""

    label: str
    value: str = ""
    text: str = ""
    url: str = ""


Rows = tuple[tuple[Choice, ...], ...]


@dataclass(frozen=True)
class Letter:
    """One page to one person. `keys` names the set of large keys under the chat, if any."""

    page: str
    values: Mapping[str, str] = field(default_factory=dict)
    choices: Rows = ()
    keys: str = ""
    priority: Priority = Priority.REPLY


def leading_to(address: str, values: Mapping[str, str]) -> dict[str, str]:
    """The values of a letter; its link, kept as a path, now leads to this address."""
    # A path in the row: the room may have another address by the time the letter is read.
    return {
        name: f"{address}{value}" if name == "link" and value.startswith("/") else value
        for name, value in values.items()
    }


def one_each(*choices: Choice) -> Rows:
    """Choices under one another, one a row: easiest to hit with a thumb."""
    return tuple((choice,) for choice in choices)
