"""Which screen answers: by what was pressed, by a word that works everywhere, or by the place."""

from __future__ import annotations

from collections.abc import Callable

from bot.screens import (
    check_in,
    consent,
    finding,
    help_lines,
    help_now,
    home,
    my_data,
    my_wait,
    people,
    rhythm,
    self_care,
    stopping,
    stranger,
    talk,
    welcome,
)
from bot.turn import Scene, Turn, say
from waiting_room import library
from waiting_room.errors import Refused
from waiting_room.letters import Letter

Screen = Callable[[Scene], Turn]

SCREENS: dict[str, Screen] = {
    "home.show": home.show,
    "home.shown": home.shown,
    "help_now.show": help_now.show,
    "help_now.call_me": help_now.call_me,
    "help_lines.show": help_lines.show,
    "my_wait.show": my_wait.show,
    "self_care.show": self_care.show,
    "self_care.read": self_care.read,
    "self_care.helped": self_care.helped,
    "people.show": people.show,
    "people.group": people.group,
    "talk.show": talk.show,
    "check_in.show": check_in.show,
    "check_in.answer": check_in.answer,
    "check_in.say_more": check_in.say_more,
    "welcome.age": welcome.age,
    "welcome.notice_read": welcome.notice_read,
    "consent.answer": consent.answer,
    "consent.show": consent.show,
    "rhythm.show": rhythm.show,
    "rhythm.first": rhythm.first,
    "rhythm.choose": rhythm.choose,
    "my_data.show": my_data.show,
    "my_data.settings": my_data.settings,
    "my_data.lock_screen": my_data.lock_screen,
    "my_data.ask": my_data.ask,
    "my_data.privacy": my_data.privacy,
    "stopping.pause": stopping.pause,
    "stopping.pause_for": stopping.pause_for,
    "stopping.resume": stopping.resume,
    "stopping.stop": stopping.stop,
    "stopping.yes_stop": stopping.yes_stop,
    "stopping.leave": stopping.leave,
    "stopping.yes_leave": stopping.yes_leave,
}
# What works without a link, before consent, after leaving.
FOR_EVERYBODY = {"help_now.show", "help_lines.show", "my_data.privacy"}

# Screens for somebody who has joined and is not through the questions yet.
ON_THE_WAY_IN = ("welcome.", "consent", "rhythm.first")

# Labels that mean the same wherever they are typed: a press arrives as text.
LABELS = {
    "help_now": "help_now.show",
    "my_wait": "my_wait.show",
    "self_care": "self_care.show",
    "people": "people.show",
    "help_lines": "help_lines.show",
    "talk": "talk.show",
    "check_in": "check_in.show",
    "my_data": "my_data.show",
    "menu": "home.show",
    "show": "home.shown",
    "privacy": "my_data.privacy",
    "resume": "stopping.resume",
    "ok": "check_in.answer:open:ok",
    "not_great": "check_in.answer:open:not-great",
    "need_help": "check_in.answer:open:need-help",
}

# Whole messages that are orders. *Stop* acts only as a whole message, and at once.
WORDS = {
    "/help": "help_now.show",
    "help": "help_now.show",
    "/privacy": "my_data.privacy",
    "/menu": "home.show",
    "/start": "home.show",
    "/stop": "stopping.yes_stop",
    "stop": "stopping.yes_stop",
    "stop.": "stopping.yes_stop",
    "stop!": "stopping.yes_stop",
}

PLACES: dict[str, Screen] = {
    "welcome.pin": welcome.hear_pin,
    "welcome.age": welcome.ask_age,
    "welcome.notice": welcome.show_notice,
    "welcome.under_18": welcome.turned_away,
    rhythm.FIRST: rhythm.ask_again,
    "consent": consent.hear,
    "talk": talk.hear,
    "check_in.comment": check_in.hear_comment,
    finding.PLACE: finding.hear,
    home.PLACE: finding.hear,
}


def start(scene: Scene) -> Turn:
    """A joining link was opened, or /start was sent."""
    return welcome.open_link(scene)


def follow(scene: Scene, value: str) -> Turn:
    """Go to the screen a button or key stands for."""
    name, _, scene.argument = value.partition(":")
    screen = SCREENS.get(name)
    if screen is None:
        return gone(scene)
    if name not in FOR_EVERYBODY and not name.startswith(ON_THE_WAY_IN):
        barred = _barred(scene)
        if barred is not None:
            return barred
    try:
        return screen(scene)
    # Pressed in good faith a moment too late: that is no error, the button is gone.
    except Refused:
        return gone(scene)


def words(scene: Scene) -> Turn:
    """Text: an order, a label of this chat, a label known everywhere, or words for this place."""
    said = library.normalise_label(scene.heard.text)
    # This chat's own labels before everybody's: they mean what was last shown here.
    keys = scene.address.keys or {}
    order = WORDS.get(said) or keys.get(said) or LABELS.get(library.all_labels().get(said, ""))
    if order:
        return follow(scene, order)
    # Whatever a stranger writes, there is nobody to talk to yet: one line says how to come in.
    if scene.patient is None and scene.address.place != "welcome.pin":
        return stranger.hear(scene)
    screen = PLACES.get(scene.address.place)
    return screen(scene) if screen else home.not_understood(scene)


def gone(scene: Scene) -> Turn:
    """A button that is no longer ours to press: too old, hand-made, or of another chat."""
    if scene.patient is None:
        return say(Letter("conversation/button-gone"))
    return say(Letter("conversation/button-gone"), home.menu())


def _barred(scene: Scene) -> Turn | None:
    """Who is not in yet goes back to where they stand; a stranger is told how to come in."""
    if scene.patient is None:
        return say(Letter("conversation/stranger"))
    place = scene.address.place
    if place.startswith(ON_THE_WAY_IN):
        return PLACES[place](scene)
    return None
