"""Somebody without an invitation: how to come in; and after a cry for help, what becomes of their
words."""

from __future__ import annotations

from bot import answering
from bot.turn import Scene, Turn
from waiting_room.care import alerts, duty, providers
from waiting_room.care.colours import Colour
from waiting_room.letters import Letter


def hear(scene: Scene) -> Turn:
    """One line says how to come in. While somebody is told of their danger, what they write more,
    perhaps a name and a number, reaches the same people."""
    alert = alerts.open_at(scene.session, scene.address.id)
    if alert is None:
        return answering.once(scene, "conversation/stranger")
    alerts.add_words(scene.session, alert, scene.message.id, now=scene.now)
    values = {
        "provider": providers.here(scene.session).name,
        "when_read": duty.when_read(scene.session, Colour.AMBER, now=scene.now),
    }
    return Turn(answering.calmly(scene, Letter("conversation/stranger-passed-on", values)))
