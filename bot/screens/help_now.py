"""Help now: one tap or one word away from everywhere, at any hour, for anybody."""

from __future__ import annotations

from bot.turn import Scene, Turn, say
from waiting_room.care import alerts, duty, messages, providers
from waiting_room.care.colours import Colour
from waiting_room.letters import Choice, Letter, Priority, one_each

ASKED = "asked to be contacted"


def show(scene: Scene) -> Turn:
    """The help card. Looking tells nobody; a patient may ask for a person in one more tap."""
    choices = [Choice("help_lines", "help_lines.show")]
    if scene.patient is not None:
        # Only for a patient: a stranger has no worker, and must not believe that somebody will
        # call.
        choices.insert(0, Choice("call_me", "help_now.call_me"))
    return say(Letter("crisis/help-now", {}, one_each(*choices), priority=Priority.CRISIS))


def call_me(scene: Scene) -> Turn:
    """ "Ask my worker to contact me": an alert, and honest words about when it is read."""
    messages.for_worker(scene.message)
    what = {"what": "message", "what_id": scene.message.id, "address_id": scene.address.id}
    cause = alerts.Cause(Colour.AMBER, ASKED, scene.person.id, **what)
    alerts.raise_(scene.session, cause, now=scene.now)
    return say(told(scene, Colour.AMBER))


def told(scene: Scene, colour: Colour) -> Letter:
    """Who will see this, and when; outside staffed hours, that nobody does before opening."""
    session, now = scene.session, scene.now
    provider = providers.here(session)
    if providers.is_staffed(provider, now=now):
        when = duty.when_read(session, colour, now=now)
        values = {"provider": provider.name, "when_read": when}
        return Letter("conversation/alert-open", values)
    opens = providers.opening_words(provider, now=now)
    return Letter("conversation/alert-closed-hours", {"opens": opens}, priority=Priority.CRISIS)
