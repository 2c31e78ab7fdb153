"""How are you? One tap; a bad answer reaches a person, and we say when."""

from __future__ import annotations

from bot.screens import home
from bot.turn import Scene, Turn, say
from waiting_room.care import check_ins, duty, unread
from waiting_room.errors import Refused
from waiting_room.letters import Choice, Letter, one_each
from waiting_room.models import CheckIn

COMMENT = "check_in.comment"


def show(scene: Scene) -> Turn:
    """The person wants to say how they are, asked or not."""
    row = check_ins.ask_now(scene.session, scene.person, now=scene.now)
    return say(Letter("check-ins/weekly", {}, check_ins.choices_of(row), keys="answers"))


def answer(scene: Scene) -> Turn:
    """An answer by key: `<check-in>:<value>`, or `open:<value>` for the newest open asking."""
    # A key of last week is still on the phone. It names its own check-in; words typed by hand mean
    # the newest.
    which, _, value = scene.argument.partition(":")
    if which == "open":
        row: CheckIn | None = check_ins.meant(scene.session, scene.person, value, now=scene.now)
    else:
        row = check_ins.one_of(scene.session, scene.person.id, which)
    if row is None:
        return _closed()
    try:
        colour = check_ins.answer(scene.session, row, value, now=scene.now)
    except Refused:
        return _closed()
    return _thanks(scene, row, value, colour)


def say_more(scene: Scene) -> Turn:
    """Ask for the words behind an answer."""
    choices = one_each(Choice("no_thanks", "home.show"))
    asked = Letter("conversation/check-in-comment", {}, choices)
    return say(asked, place=COMMENT, check_in=scene.argument)


def hear_comment(scene: Scene) -> Turn:
    """The words behind an answer reach the worker with it."""
    carried = scene.address.carried or {}
    row = check_ins.one_of(scene.session, scene.person.id, carried.get("check_in", ""))
    if row is not None:
        check_ins.comment(row, scene.heard.text)
    # Without it the worker would see "Not great" and not the reason.
    unread.await_reading(scene.session, scene.message, now=scene.now)
    return say(Letter("conversation/thank-you", {}, home.keys(), keys="menu"), place=home.PLACE)


def _thanks(scene: Scene, row: CheckIn, value: str, colour: str | None) -> Turn:
    values = {}
    if colour is not None:
        values["when_read"] = duty.when_read(scene.session, colour, now=scene.now)
    more = one_each(Choice("say_more", f"check_in.say_more:{row.id}"))
    thanks = Letter(f"conversation/check-in-thanks-{value}", values, more)
    return say(thanks, home.menu(), place=home.PLACE)


def _closed() -> Turn:
    return say(Letter("conversation/check-in-closed", {}, home.keys(), keys="menu"))
