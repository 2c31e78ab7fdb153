"""Who hears what Telegram brings: the patients' bot leads to the conversation, the staff's bot to
its own."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot import conversation, inbox, staff
from bot.telegram import updates
from bot.turn import Heard
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


HEARERS: inbox.Hearers = {PATIENTS: hear_patient, STAFF: staff.hear}


def work_once(*, now: datetime, limit: int = 50) -> int:
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
