"""The menu: large keys, so that a press survives an outage."""

from __future__ import annotations

from bot import answering
from bot.turn import Scene, Turn, say
from waiting_room.care import people
from waiting_room.letters import Choice, Letter, Rows

PLACE = "home"
NOT_UNDERSTOOD = "conversation/not-understood"


def show(scene: Scene) -> Turn:
    """The home menu."""
    return say(_home(scene), place=PLACE)


def shown(scene: Scene) -> Turn:
    """ "Show": what was held is on its way already; with nothing held, the menu."""
    return Turn(place=PLACE) if scene.released else show(scene)


def arrive(scene: Scene) -> Turn:
    """The first time in the room: what happens next, and the keys to everything."""
    values = {"first_name": people.first_name(scene.person)}
    return say(Letter("conversation/welcome-in", values, keys(), keys="menu"), place=PLACE)


def menu() -> Letter:
    """A plain line that brings the keys back after another set of keys."""
    return Letter("conversation/menu", choices=keys(), keys="menu")


def not_understood(scene: Scene) -> Turn:
    """Words that mean nothing here. A person may always be written to by "Talk to my worker"."""
    letter = Letter(NOT_UNDERSTOOD, choices=keys(), keys="menu")
    return Turn(answering.calmly(scene, letter), PLACE)


def keys() -> Rows:
    """The main keys, help first."""
    return (
        # A row to itself and the first: under a shaking thumb it must be impossible to miss.
        (Choice("help_now", "help_now.show"),),
        (Choice("talk", "talk.show"), Choice("check_in", "check_in.show")),
        (Choice("my_wait", "my_wait.show"), Choice("self_care", "self_care.show")),
        (Choice("people", "people.show"), Choice("help_lines", "help_lines.show")),
        (Choice("my_data", "my_data.show"),),
    )


def _home(scene: Scene) -> Letter:
    values = {"first_name": people.first_name(scene.person)}
    return Letter("conversation/home", values, keys(), keys="menu")
