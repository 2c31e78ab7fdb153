"""Talk to my worker, in the same chat, with honest words about when it is read."""

from __future__ import annotations

from bot import answering
from bot.screens import home
from bot.turn import Scene, Turn, say
from waiting_room import library
from waiting_room.care import alerts, duty, messages, providers, referrals, unread
from waiting_room.care.colours import Colour
from waiting_room.letters import Letter

PLACE = "talk"


def show(scene: Scene) -> Turn:
    """Invite the person to write, and say who reads it and when."""
    values = {"reader": _reader(scene), "when_read": _when(scene)}
    return say(Letter("conversation/talk", values), place=PLACE)


def hear(scene: Scene) -> Turn:
    """Words for the worker. The person stays here, so that a second line goes the same way."""
    alert = alerts.awaiting(scene.session, scene.person.id)
    if alert is None:
        unread.await_reading(scene.session, scene.message, now=scene.now)
    else:
        # "Please do not ring now" must reach whoever is about to.
        messages.for_worker(scene.message)
        alerts.add_words(scene.session, alert, scene.message.id, now=scene.now)
    provider = providers.here(scene.session)
    if providers.is_staffed(provider, now=scene.now):
        values = {"reader": _reader(scene), "when_read": _when(scene)}
        letter = Letter("conversation/talk-received", values, home.keys(), keys="menu")
    else:
        opens = {"opens": providers.opening_words(provider, now=scene.now)}
        letter = Letter("conversation/talk-received-closed", opens, home.keys(), keys="menu")
    # Five lines in a row are one letter to a worker: they get one "received", not five.
    return Turn(answering.calmly(scene, letter))


def is_awaited(scene: Scene) -> bool:
    """Whether somebody is being called for this person: then what they write is for them."""
    alert = alerts.awaiting(scene.session, scene.person.id) if scene.patient else None
    return alert is not None


def _reader(scene: Scene) -> str:
    worker = referrals.worker_of(scene.session, scene.person.id, now=scene.now)
    return worker.name if worker else library.phrase("our_team", scene.address.language)


def _when(scene: Scene) -> str:
    alert = alerts.awaiting(scene.session, scene.person.id)
    colour = alert.colour if alert is not None else Colour.GREEN
    return duty.when_read(scene.session, colour, now=scene.now)
