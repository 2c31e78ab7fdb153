"""My data and settings: see it, hide it, change my choices, and the way out."""

from __future__ import annotations

from bot.screens import home
from bot.turn import Scene, Turn, say
from waiting_room.care import alerts, messages, providers
from waiting_room.care.colours import Colour
from waiting_room.letters import Choice, Letter, one_each

ASKS = {"copy": "asked for a copy of their data", "forget": "asked to be forgotten"}


def show(scene: Scene) -> Turn:
    """What we hold, and what the person may do about it."""
    choices = one_each(
        Choice("settings", "my_data.settings"),
        Choice("my_choices", "consent.show"),
        Choice("see_data", "my_data.ask:copy"),
        Choice("pause", "stopping.pause"),
        Choice("stop", "stopping.stop"),
        Choice("leave", "stopping.leave"),
        Choice("forget", "my_data.ask:forget"),
        Choice("privacy", "my_data.privacy"),
    )
    return say(Letter("conversation/my-data", {}, choices))


def settings(scene: Scene) -> Turn:
    """How often we ask, and what a lock screen may show."""
    words = "show_words_off" if scene.person.lock_screen_words else "show_words_on"
    choices = one_each(
        Choice("rhythm", "rhythm.show"),
        Choice(words, f"my_data.lock_screen:{words}"),
        Choice("pause", "stopping.pause"),
    )
    return say(Letter("conversation/settings", {}, choices))


def lock_screen(scene: Scene) -> Turn:
    """Until the person says so, a notification says only "You have a message"."""
    scene.person.lock_screen_words = scene.argument == "show_words_on"
    page = "discreet-off" if scene.person.lock_screen_words else "discreet-on"
    return say(Letter(f"conversation/{page}"))


def ask(scene: Scene) -> Turn:
    """A copy, or to be forgotten: a person does it within the time the law gives."""
    # By a person and not by this button: identity, open alerts and what the law bids us keep come
    # first.
    messages.for_worker(scene.message)
    what = {"what": "message", "what_id": scene.message.id}
    cause = alerts.Cause(Colour.GREEN, ASKS.get(scene.argument, "asked"), scene.person.id, **what)
    alerts.raise_(scene.session, cause, now=scene.now)
    return say(Letter("conversation/asked", {}, home.keys(), keys="menu"))


def privacy(scene: Scene) -> Turn:
    """The whole privacy page, for anybody."""
    provider = providers.here(scene.session)
    values = {
        "provider": provider.name,
        "contact": provider.contact,
        "privacy_text": provider.privacy_text,
    }
    return say(Letter("conversation/privacy", values))
