"""One thing heard → stored → screened → answered. Crisis comes before all.

The conversation knows no channel. Each door hands it a `Heard`; what it answers are letters in the
outbox, all in the transaction the door opened.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot import answering, crisis, routes
from bot.turn import Heard, Kind, Scene, Turn
from waiting_room.care import conversations, pushes
from waiting_room.kill_points import reached
from waiting_room.models import Address, Message

log = logging.getLogger(__name__)
# How long one "I can only read text" holds for the stickers that follow.
NOTED = timedelta(minutes=10)


def receive(session: Session, heard: Heard, *, now: datetime) -> None:
    """Store what was heard, screen it, and answer. Nothing else takes words from a person."""
    chat = conversations.address(
        session, heard.channel, heard.chat_id, now=now, language=heard.language or "en"
    )
    # Before anything is stored: after an outage Telegram may bring the same message under a new
    # update number, and a form may be sent twice.
    if heard.message_id and conversations.heard_before(session, chat, heard.message_id, heard.kind):
        return
    message = _store(session, chat, heard, now)
    reached("message kept")
    # Whoever writes has not blocked us, whatever an earlier letter was told.
    conversations.revive(chat)
    patient = conversations.patient_of(session, chat)
    scene = Scene(session, chat, patient, heard, message, now)
    # Before the answer, so that the held words arrive above it.
    scene.released = pushes.release(session, chat, now=now)
    if crisis.screened(scene):
        return
    reached("message screened")
    answering.give(scene, _turn(scene))


def _turn(scene: Scene) -> Turn:
    """What the room answers to something that is no cry for help."""
    kind = scene.heard.kind
    # An edit was screened like everything else. Answering old words anew would only confuse.
    if kind == Kind.EDIT:
        return Turn()
    if kind == Kind.VOICE:
        return crisis.unheard_voice(scene)
    if kind in (Kind.MEDIA, Kind.UNREADABLE):
        return answering.once(scene, "conversation/text-only", within=NOTED)
    if kind == Kind.START:
        return routes.start(scene)
    if kind == Kind.PRESS:
        value = conversations.press(scene.session, scene.address, scene.heard.press, now=scene.now)
        return routes.follow(scene, value) if value else routes.gone(scene)
    return routes.words(scene)


def _store(session: Session, chat: Address, heard: Heard, now: datetime) -> Message:
    details = {"forwarded": True} if heard.forwarded else {}
    return conversations.said(
        session,
        chat,
        conversations.Said(heard.kind, heard.text, heard.message_id, heard.told_at, details),
        now=now,
    )
