"""Letters where they arrive, in the fake Telegram and in the mailbox, and which came once more.

A process that dies with a letter in its hands may have sent it; the next one sends it again, and
says so in it. So each extra copy was in somebody's hands, bears the words, and no crisis letter
has more than one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.journeys import live
from tests.journeys.live import LiveRoom
from waiting_room.letters import Priority
from waiting_room.models import LetterRow

Held = set[tuple[str, int]]
NONE: Held = set()
CHANNELS = {"telegram": live.PATIENTS_TOKEN, "staff_telegram": live.STAFF_TOKEN}
SEEN = "You may have seen this already."


@dataclass(frozen=True)
class Arrival:
    """One that came: by what channel and where to, its words (of a mail its number), and its
    number there."""

    channel: str
    place: str
    words: str
    number: str
    again: bool = False

    @property
    def letter(self) -> tuple[str, str, str]:
        """All copies of a letter have this in common."""
        return self.channel, self.place, self.words


def copies(
    came: Sequence[Arrival], letters: Mapping[str, LetterRow], held: Held
) -> tuple[int, int]:
    """How many came more often than they left, routine and crisis. Fails where one that left never
    came, where a copy was in nobody's hands or does not say so, where a crisis letter came thrice.
    """
    known = {(one.channel, one.place, one.number): one.letter for one in came}
    marked = {_mark(letter): letter for letter in letters.values() if _left(letter)}
    assert not marked.keys() - known.keys(), "marked as sent and never arrived"
    once = Counter(known[mark] for mark in marked)
    extra = Counter(one.letter for one in came) - once
    silent = extra - Counter(one.letter for one in came if one.again)
    assert not silent, f"copies that do not say so: {silent}"
    of_crisis = (mark for mark, letter in marked.items() if letter.priority == Priority.CRISIS)
    urgent = Counter(known[mark] for mark in of_crisis)
    crisis = Counter({letter: n for letter, n in extra.items() if letter in urgent})
    assert not crisis - urgent, f"crisis letters that came thrice: {crisis - urgent}"
    _in_hands(extra, letters, held)
    return (extra - crisis).total(), crisis.total()


def _in_hands(
    extra: Counter[tuple[str, str, str]], letters: Mapping[str, LetterRow], held: Held
) -> None:
    allowed = Counter((letters[n].channel, str(letters[n].place)) for n, _ in held if n in letters)
    where: Counter[tuple[str, str]] = Counter()
    for (channel, place, _), count in extra.items():
        where[channel, place] += count
    assert not where - allowed, f"copies of what was in nobody's hands: {where - allowed}"


def arrived(room: LiveRoom) -> Iterator[Arrival]:
    """All that came until now."""
    for channel, token in CHANNELS.items():
        for one in room.api.bot(token).ledger["accepted"]:
            again = one["text"].startswith(SEEN)
            words = one["text"].removeprefix(SEEN).lstrip()
            yield Arrival(channel, str(one["chat_id"]), words, str(one["message_id"]), again)
    for mail in room.mail.mails:
        number = str(mail.message["Message-ID"])[1:].partition("@")[0]
        yield Arrival("email", mail.to[0], number, number, SEEN in mail.text)


def _left(letter: LetterRow) -> bool:
    return letter.state == "sent" and letter.channel in (*CHANNELS, "email")


def _mark(letter: LetterRow) -> tuple[str, str, str]:
    return letter.channel, str(letter.place), letter.channel_message_id
