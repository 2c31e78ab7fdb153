"""What the room says when it cannot store a message: from memory, with no database and no pages.

The one place where words for a person stand in the code, on purpose. They are the words of
content/en/crisis/could-not-pass-on.md; content/en/staff/fixed-lines.md shows them to editors.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import Protocol

from waiting_room.channels.contract import NotSent

log = logging.getLogger(__name__)

REMEMBERED = 10_000
FALLBACK = "en"

LINES = {
    "en": """\
Call 999 or go to A&E now if:

• someone's life is at risk
• you do not feel able to keep yourself safe

If you need to talk to someone now:

• NHS: call 111 and choose the mental health option. Free, day and night.
• Samaritans: call 116 123. Free, day and night.
• Shout: text SHOUT to 85258. Free, day and night.
• In Northern Ireland, call Lifeline on 0808 808 8000."""
}

NOT_PASSED_ON = {
    "en": (
        "We could not pass this on. Please call. Nobody has seen your message. "
        "Something is wrong on our side, not yours.",
        "If it can wait, please send your message again later.",
    )
}

_answered: OrderedDict[tuple[int, int], None] = OrderedDict()


class Speaker(Protocol):
    """What can say words of our own to a chat: the Telegram channel."""

    async def say_plain(self, place: str, text: str) -> str:
        """Say this now; raises NotSent."""
        ...


def could_not_pass_on(language: str = FALLBACK) -> str:
    """The whole answer: that nobody has seen the message, and who to call."""
    spoken = language.partition("-")[0]
    spoken = spoken if spoken in LINES else FALLBACK
    before, after = NOT_PASSED_ON[spoken]
    return f"{before}\n\n{LINES[spoken]}\n\n{after}"


async def say_fixed(
    speaker: Speaker, chat_id: int | str, update_id: int, *, language: str = FALLBACK
) -> bool:
    """Answer one update that could not be stored, from memory; True when it was answered.

    The poller and the webhook call this once storage refused (StorageRefused) and keep the update:
    the offset stays, the webhook says 503. The same update coming again is not answered again; one
    whose answer did not leave is. Raises nothing.
    """
    key = (id(speaker), update_id)
    if key in _answered:
        return True
    # Noted before the first await: two doors may meet the same update at once.
    _answered[key] = None
    while len(_answered) > REMEMBERED:
        _answered.popitem(last=False)
    try:
        await speaker.say_plain(str(chat_id), could_not_pass_on(language))
    except NotSent as error:
        _answered.pop(key, None)
        log.error("the fixed help lines did not leave: %s; the next try comes with it", error)
        return False
    return True
