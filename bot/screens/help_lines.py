"""Help lines that are open right now where the person lives."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime

from bot.turn import Scene, Turn, say
from waiting_room import library
from waiting_room.care import hours, providers, referrals
from waiting_room.letters import Letter, Priority

# More would not fit one message, and nobody in distress reads a directory.
SHOWN = 14


def show(scene: Scene) -> Turn:
    """The lines of this nation that are open now; the ones that never close when none is."""
    nation, look = _look(scene)
    lines = library.help_lines_for(look.language, today=look.here.date(), nation=nation)
    open_now = [line for line in lines if line.open_at(look.here, look.holidays)]
    # Said as it is, with what never closes: an empty list would look like no help anywhere.
    if not open_now:
        return say(Letter("conversation/help-lines-none-open", priority=Priority.CRISIS))
    values = {
        "now": hours.clock_words(look.here),
        "nation": library.phrase(f"nation_{nation}", look.language),
        "lines": "\n\n".join(_words(line, look) for line in _in_order(open_now, scene)[:SHOWN]),
    }
    return say(Letter("conversation/help-lines", values, priority=Priority.CRISIS))


def worded(scene: Scene, pages: Collection[library.Page], *, most: int) -> str:
    """Those of these help lines that serve where the person lives, in this order, each on a line
    with its number and when it is open; "" when there is none."""
    nation, look = _look(scene)
    lines = library.help_lines_for(look.language, today=look.here.date(), nation=nation)
    known = {line.page.key: line for line in lines if not line.for_children}
    found = [known[page.key] for page in pages if page.key in known]
    return "\n\n".join(_words(line, look) for line in found[:most])


@dataclass(frozen=True)
class Look:
    """When and in which language somebody looks at the lines."""

    here: datetime
    holidays: Callable[[date], bool]
    language: str


def _look(scene: Scene) -> tuple[str, Look]:
    nation, zone = _where(scene)
    here = hours.local(scene.now, zone)
    return nation, Look(here, hours.calendar(nation), scene.address.language)


def _where(scene: Scene) -> tuple[str, str]:
    if scene.patient is not None:
        return scene.patient.nation, scene.patient.time_zone
    provider = providers.here(scene.session)
    return provider.nation, provider.time_zone


def _in_order(lines: list[library.HelpLine], scene: Scene) -> list[library.HelpLine]:
    """Lines that never close come first: the top of the list is always right. Then those for a
    crisis and for what this person was referred for."""
    referral = referrals.open_one(scene.session, scene.patient.id) if scene.patient else None
    needs = {"crisis", *(referral.needs if referral is not None else ())}

    def rank(line: library.HelpLine) -> tuple[bool, bool, bool, bool, str]:
        far = needs.isdisjoint(line.page.meta.get("needs") or ())
        return line.for_children, not line.never_hidden, far, not line.hours.always, line.name

    return sorted(lines, key=rank)


def _words(line: library.HelpLine, look: Look) -> str:
    ways = [line.number] if line.number else []
    if line.text_number:
        ways.append(library.phrase("text_to", look.language, number=line.text_number))
    until = line.open_until(look.here, look.holidays, look.language)
    opens = line.opens_next(look.here, look.holidays, look.language)
    phrase = "open_until" if until else "opens" if opens else "day_and_night"
    if not line.hours_sure and not opens:
        phrase = "may_be_open"
    when = library.phrase(phrase, look.language, time=until or opens)
    return f"{line.name}: {', '.join(ways)} ({when})"
