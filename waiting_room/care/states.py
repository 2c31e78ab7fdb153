"""States are tables. A noun is moved by its one function, and only along its table."""

from __future__ import annotations

from collections.abc import Mapping

from waiting_room.errors import Refused

Moves = Mapping[str, frozenset[str]]


def table(**moves: str) -> Moves:
    """Write a table the short way: `received="invited declined"`."""
    return {state: frozenset(after.split()) for state, after in moves.items()}


def check_move(moves: Moves, noun: str, old: str, new: str) -> None:
    """Refuse a move the table does not have, by name."""
    if new not in moves.get(old, frozenset()):
        raise Refused(f"This {noun} is {old}; it cannot become {new}.")
