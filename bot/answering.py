"""Turns what a screen answers into letters, without drowning somebody who writes in a rush."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from bot.turn import Scene, Turn, say
from waiting_room import outbox
from waiting_room.care import chat_log, conversations
from waiting_room.letters import Letter


def give(scene: Scene, turn: Turn) -> None:
    """Move the person and queue the letters, in the order the screen said them. What was just
    said in the same words is not said again."""
    if turn.place is not None:
        conversations.go(scene.address, turn.place, turn.carried)
    since = scene.now - outbox.CALM
    # Somebody who presses a key three times gets one answer, and still stands where it leads.
    if chat_log.was_just_told(scene.session, scene.address, turn.letters, since=since):
        return
    for letter in turn.letters:
        outbox.say(scene.session, scene.address, letter, now=scene.now)


def once(scene: Scene, page: str, *, within: timedelta = outbox.CALM) -> Turn:
    """This page, unless the person has just been sent it: 200 messages get no 200 answers."""
    if outbox.just_said(scene.session, scene.address, page, since=scene.now - within):
        return Turn()
    return say(Letter(page))


def calmly(scene: Scene, letter: Letter, *, alike: Collection[str] = ()) -> tuple[Letter, ...]:
    """This letter, unless the same page, or one that is alike, went out within the last 3
    seconds."""
    since = scene.now - outbox.CALM
    for page in {letter.page, *alike}:
        if outbox.just_said(scene.session, scene.address, page, since=since):
            return ()
    return (letter,)
