"""People like me: befriending groups with host, next time, price and seats."""

from __future__ import annotations

from bot.turn import Scene, Turn, say
from waiting_room import library
from waiting_room.care import hours
from waiting_room.community import groups
from waiting_room.letters import Choice, Letter, one_each
from waiting_room.models import Group


def show(scene: Scene) -> Turn:
    """The groups near this person. Looking tells nobody."""
    found = groups.near(scene.session, scene.person.area, now=scene.now)
    if not found:
        return say(Letter("conversation/people-none"))
    choices = [Choice("", f"people.group:{group.id}", text=group.name) for group in found]
    return say(Letter("conversation/people", {}, one_each(*choices)))


def group(scene: Scene) -> Turn:
    """One group: who hosts it, when, where, what it costs, how to join."""
    found = groups.one(scene.session, scene.argument)
    if found is None:
        return show(scene)
    choices = [Choice("join", text="", url=found.join_url)] if found.join_url else []
    choices.append(Choice("more", "people.show"))
    return say(Letter("conversation/group", _values(scene, found), one_each(*choices)))


def _values(scene: Scene, found: Group) -> dict[str, str]:
    zone, language = scene.person.time_zone, scene.address.language
    # The host may let somebody squeeze in: more taken than seats is "full", not a minus.
    free = max(found.seats - found.taken, 0)
    seats = library.phrase("free_seats", language, number=str(free), all=str(found.seats))
    return {
        "name": found.name,
        "host": found.host,
        "next_time": hours.in_words(found.next_at, now=scene.now, zone=zone),
        "price": found.price,
        "seats": seats if free else library.phrase("full", language),
        "where": found.where,
        "how_to_join": found.how_to_join,
    }
