"""Who hears what Telegram brings: the patients' bot leads to the conversation, the staff's bot to
its own."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot import conversation, inbox, staff
from bot.effects import Hearer, Hearers
from bot.telegram import updates
from bot.turn import Heard
from waiting_room import foresight
from waiting_room.care import conversations
from waiting_room.care.inbox import PATIENTS, STAFF
from waiting_room.models.address import TELEGRAM

log = logging.getLogger(__name__)
ignored: Counter[str] = Counter()
"""How many updates were nothing for us, by reason, since this process started."""


def hear_patient(session: Session, update: dict[str, Any], *, now: datetime) -> None:
    """Pass on what a person said; notice when they block the bot or come back."""
    meaning = updates.read(update, now=now)
    if isinstance(meaning, Heard):
        conversation.receive(session, meaning, now=now)
    elif isinstance(meaning, updates.Moved):
        _moved(session, meaning, now=now)
    else:
        ignored[meaning.why] += 1
        log.info("an update was ignored: %s", meaning.why)


def look_ahead(session: Session, several: Sequence[dict[str, Any]], *, now: datetime) -> None:
    """Learn about everybody who wrote, in a few questions for all of them together."""
    meanings = [updates.read(update, now=now) for update in several]
    said = [
        ((TELEGRAM, conversations.chat_hash(TELEGRAM, meaning.chat_id)), meaning.message_id)
        for meaning in meanings
        if isinstance(meaning, Heard)
    ]
    foresight.look_ahead(session, said, now=now)


HEARERS: Hearers = {PATIENTS: Hearer(hear_patient, look_ahead), STAFF: Hearer(staff.hear)}


def work_once(*, now: datetime, limit: int = 100) -> int:
    """Let what waits in the inbox take effect; returns how many updates were dealt with."""
    return inbox.work_once(HEARERS, now=now, limit=limit)


async def run_worker(stop: asyncio.Event, *, beat: Callable[[], None] = lambda: None) -> None:
    """Let updates take effect as they come, until told to stop."""
    await inbox.run_worker(HEARERS, stop, beat=beat)


def _moved(session: Session, moved: updates.Moved, *, now: datetime) -> None:
    chat = conversations.address_known(session, TELEGRAM, moved.chat_id)
    if chat is None:
        return
    if moved.blocked:
        conversations.bury(chat, "blocked", now=now)
    else:
        conversations.revive(chat)
