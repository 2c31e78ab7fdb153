"""What the room says when it cannot store a message: from memory, with no database and no pages.

The one place where words for a person stand in the code, on purpose. They are the words of
content/en/crisis/could-not-pass-on.md; content/en/staff/fixed-lines.md shows them to editors.
"""

from __future__ import annotations

from typing import Protocol

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


class Speaker(Protocol):
    """What can say words of our own to a chat: the Telegram channel."""

    async def say_plain(self, place: str, text: str) -> str:
        """Say this now; raises NotSent."""
        ...


def could_not_pass_on(language: str = FALLBACK) -> str:
    """The whole answer: that nobody has seen the message, and who to call."""
    # English rather than a guess: in a crisis only words that stand above may be said.
    spoken = language.partition("-")[0]
    spoken = spoken if spoken in LINES else FALLBACK
    before, after = NOT_PASSED_ON[spoken]
    return f"{before}\n\n{LINES[spoken]}\n\n{after}"


async def say_fixed(speaker: Speaker, chat_id: int | str, *, language: str = FALLBACK) -> None:
    """Say the lines in this chat, from memory. Raises NotSent: then it is to be tried again.

    For the poller and the webhook, once storage refused. They see to it that an update is answered
    once, and keep the update: the offset stays, the webhook says 503.
    """
    await speaker.say_plain(str(chat_id), could_not_pass_on(language))
