"""A person's chat with the bot, driven by a test."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.fakes.bot_api.sent import Json, Sent

Wanted = str | int | Callable[[Sent], bool]


class Telephone:
    """One person's chat with the bot: what they do, and what they see."""

    def __init__(self, call: Callable[..., Any], token: str, number: int) -> None:
        self._call = call
        self._token = token
        self.id = number

    def _act(self, verb: str, **args: Any) -> int:
        return int(self._call("act", token=self._token, chat=self.id, verb=verb, args=args))

    def says(self, text: str, *, ago: float = 0) -> int:
        """Send words (written `ago` seconds ago); return the message's id."""
        return self._act("says", text=text, ago=ago)

    def presses(self, label: str, *, message_id: int = 0) -> int:
        """Press the newest button with this label or these data, or the reply key."""
        return self._act("presses", label=label, message_id=message_id)

    def calls_back(self, data: str) -> int:
        """Send callback data no button holds."""
        return self._act("calls_back", data=data)

    def sends(self, kind: str, *, caption: str = "", **more: Any) -> int:
        """Send voice, photo, sticker, video_note, document, location, contact or dice."""
        return self._act("sends", kind=kind, caption=caption, **more)

    def sends_voice(self) -> int:
        """Send a voice note."""
        return self.sends("voice")

    def sends_photo(self, caption: str = "") -> int:
        """Send a photo."""
        return self.sends("photo", caption=caption)

    def sends_sticker(self) -> int:
        """Send a sticker."""
        return self.sends("sticker")

    def edits(self, message_id: int, text: str) -> int:
        """Change what was said."""
        return self._act("edits", message_id=message_id, text=text)

    def forwards(self, text: str, *, sender: str = "Sample Sender") -> int:
        """Pass on somebody else's words."""
        return self._act("forwards", text=text, sender=sender)

    def blocks(self) -> None:
        """Block the bot: it gets my_chat_member, and 403 when it writes."""
        self._act("blocks")

    def unblocks(self) -> None:
        """Unblock the bot."""
        self._act("unblocks")

    def deactivates(self) -> None:
        """Delete the account: 403 when the bot writes."""
        self._act("deactivates")

    def adds_bot(self) -> None:
        """Put the bot into this group."""
        self._act("adds_bot")

    def migrates(self, to: int) -> Telephone:
        """Give the chat another id; the old one answers with migrate_to_chat_id."""
        self._act("migrates", to=to)
        return Telephone(self._call, self._token, to)

    def raw(self, update: Json) -> int:
        """Issue an update made by hand; return the id it was given."""
        return self._act("raw", update=update)

    def suffers(self, how: str, **where: Any) -> int:
        """Misbehave towards this chat only."""
        return int(self._call("suffers", how=how, token=self._token, chat=self.id, **where))

    def _view(self) -> Json:
        view: Json = self._call("view", token=self._token, chat=self.id)
        return view

    @property
    def messages(self) -> list[Sent]:
        """Return all the bot ever sent here, in order, the deleted too."""
        return _sent(self._view())

    @property
    def screen(self) -> list[Sent]:
        """Return what of it can still be seen."""
        return [sent for sent in self.messages if not sent.deleted]

    @property
    def last(self) -> Sent:
        """Return the bot's last message that can be seen."""
        return self.screen[-1]

    @property
    def keyboard(self) -> list[str]:
        """Return the labels in reach: under the last message, then the reply keys."""
        labels: list[str] = self._view()["on_screen"]
        return labels

    def wait_for(self, wanted: Wanted = 1, timeout: float = 5, *, ever: bool = False) -> Sent:
        """Return the message with this text in it, or that fits, or the n-th one.

        Looks at what the bot sent or edited since the person last did something, unless `ever`.
        """
        end = time.monotonic() + timeout
        while True:
            view = self._view()
            since = 0 if ever else view["mark"]
            news = [sent for sent in _sent(view) if sent.revision > since and not sent.deleted]
            found = _pick(news, wanted)
            left = end - time.monotonic()
            if found is not None:
                return found
            if left <= 0:
                shown = [f"\n  - {sent.text!r} {sent.labels}" for sent in news] or ["nothing"]
                raise AssertionError(
                    f"no {wanted!r} within {timeout} s; the bot said: {''.join(shown)}"
                )
            self._call("wait", after=view["revision"], timeout=left)


def _sent(view: Json) -> list[Sent]:
    return [
        Sent(
            json=kept["json"],
            reply_markup=kept["reply_markup"],
            silent=kept["silent"],
            edited=kept["edited"],
            deleted=kept["deleted"],
            revision=kept["revision"],
        )
        for kept in view["messages"]
        if kept["ours"]
    ]


def _pick(news: list[Sent], wanted: Wanted) -> Sent | None:
    if isinstance(wanted, int):
        return news[wanted - 1] if len(news) >= wanted else None
    fits = wanted if callable(wanted) else lambda sent: str(wanted) in sent.text
    return next((sent for sent in news if fits(sent)), None)
