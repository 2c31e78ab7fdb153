"""Pause, stop and leave: three different acts, each confirmed in one tap, each obeyed at once."""

from __future__ import annotations

from datetime import timedelta

from bot.screens import home, rhythm
from bot.turn import Scene, Turn, say
from waiting_room.care import alerts, check_ins, consent, endings, hours, rhythms
from waiting_room.care.colours import Colour
from waiting_room.letters import Choice, Letter, one_each


def pause(scene: Scene) -> Turn:
    """For how long?"""
    offered = (Choice(name, f"stopping.pause_for:{name}") for name in rhythms.PAUSES)
    return say(Letter("conversation/pause-choose", {}, one_each(*offered)))


def pause_for(scene: Scene) -> Turn:
    """No check-ins until then. Crisis help and alerts go on as ever."""
    # A value made by hand pauses for the shortest time: a slip must not silence us for a month.
    days = rhythms.PAUSES.get(scene.argument, 7)
    until = scene.now + timedelta(days=days)
    rhythms.pause(scene.session, scene.person, until, now=scene.now)
    day = hours.day_words(hours.local(until, scene.person.time_zone).date())
    resume_key = one_each(Choice("resume", "stopping.resume"))
    return say(Letter("conversation/paused", {"until": day}, resume_key))


def resume(scene: Scene) -> Turn:
    """Start again after a pause or a stop."""
    # After a stop, "start again" is a new yes, written down with the words it was given to. After a
    # pause the old one still holds.
    stopped = not consent.allows(scene.session, scene.person.id, consent.CONTACT)
    if stopped:
        purpose = consent.CONTACT
        consent.answer(scene.session, scene.address, purpose, yes=True, now=scene.now)
    rhythms.resume(scene.session, scene.person, now=scene.now)
    resumed = Letter("conversation/resumed", {}, home.keys(), keys="menu")
    plan = check_ins.plan_of(scene.session, scene.person.id)
    # Who never chose is asked now: else "started again" would start nothing.
    asked = () if plan is not None and plan.ended_at is None else (rhythm.question(),)
    return say(resumed, *asked, place=home.PLACE)


def stop(scene: Scene) -> Turn:
    """From the menu: one tap to confirm."""
    choices = one_each(Choice("yes_stop", "stopping.yes_stop"), Choice("no_go_back", "home.show"))
    return say(Letter("conversation/stop-confirm", {}, choices))


def yes_stop(scene: Scene) -> Turn:
    """No routine word any more. "STOP" as a whole message comes straight here. An open alert stays
    with its person."""
    endings.stop(scene.session, scene.person, now=scene.now)
    return say(Letter("conversation/stopped", {}, one_each(Choice("resume", "stopping.resume"))))


def leave(scene: Scene) -> Turn:
    """From the menu: one tap to confirm."""
    choices = one_each(Choice("yes_leave", "stopping.yes_leave"), Choice("no_go_back", "home.show"))
    return say(Letter("conversation/leave-confirm", {}, choices))


def yes_leave(scene: Scene) -> Turn:
    """The place is given up; the worker is told that the person left."""
    endings.leave(scene.session, scene.person, now=scene.now)
    # Leaving the chat is not leaving care: the worker may want to ask why, by phone.
    cause = alerts.Cause(Colour.GREEN, "left the room", scene.person.id)
    alerts.raise_(scene.session, cause, now=scene.now)
    return say(Letter("conversation/left"))
