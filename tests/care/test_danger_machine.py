"""The work for a message is bounded by its length, whatever is in it: counted, not timed."""

from __future__ import annotations

import pytest

from tests.care.test_danger import RULES
from waiting_room.care import danger
from waiting_room.care.danger_machine import Machine
from waiting_room.care.danger_text import read
from waiting_room.care.danger_weighing import LOOKS, Weighing

LONGEST = 4096
WORST = {
    "one letter": "i " * 2048,
    "hits": "kms " * 1024,
    "softer hits": "not kms " * 512,
    "sayings": "kill myself laughing " * 195,
    "half hits": "nobody would care if they never come and i can not see it " * 70,
    "spelled out": "k i l l " * 512,
    "pictures": "😀" * 4096,
    "one long word": "kil" * 1365,
    "ligatures": "ﷺi " * 1365,
    "dots": "a.b" * 1365,
    "long ago": "i tried to kill myself years ago " * 120,
}


class Counting(Machine):
    """A machine that counts how often it looks at a word."""

    looked = 0

    def accepts(self, word: str) -> int:
        """As the machine does, and counted."""
        self.looked += 1
        return super().accepts(word)


@pytest.fixture(scope="module")
def machine() -> Counting:
    """The rules of the room in a machine that counts; built once."""
    return Counting(RULES.machine.rows, frozenset(RULES.book.starts))


@pytest.mark.parametrize("name", WORST)
def test_the_work_is_linear_in_the_text(name: str, machine: Counting) -> None:
    text = WORST[name][:LONGEST]
    machine.looked = 0
    reading = read(text, machine.vocabulary)
    assert len(reading.words) <= 3 * LONGEST
    matches = machine.run(reading)
    assert machine.looked == len(reading.words)
    longest = max(len(row) for row in machine.rows)
    machine.looked = 0
    found = list(Weighing(RULES.book, machine, RULES.owners, reading).weigh(matches))
    assert len(found) <= len(matches)
    # Each saying and each of the first matches is traced back over one row at most.
    sayings = sum(RULES.owners[match.row].role == "harmless" for match in matches)
    assert machine.looked <= (LOOKS + sayings) * longest


def test_no_message_holds_the_room_up() -> None:
    for text in WORST.values():
        danger.screen(text[:LONGEST], RULES)


def test_a_hit_at_the_very_end_of_a_long_text_is_found() -> None:
    assert danger.screen("lovely day, " * 340 + "I want to die", RULES)


def test_the_rules_stay_small_enough_for_a_quick_answer() -> None:
    assert RULES.machine.size < 25_000


def test_more_sayings_than_are_weighed_count_as_they_stand() -> None:
    assert danger.screen("kill myself laughing. " * 50, RULES) is None
    assert danger.screen("kill myself laughing. " * (LOOKS + 1), RULES)
