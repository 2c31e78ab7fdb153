"""A message of the bot's, as the person sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """Text as last edited; `json` is the whole message as the Bot API returned it."""

    json: Json
    reply_markup: Json
    silent: bool
    edited: bool
    deleted: bool
    revision: int

    @property
    def message_id(self) -> int:
        """Return Telegram's id of the message."""
        return int(self.json["message_id"])

    @property
    def text(self) -> str:
        """Return the words, or the caption."""
        return str(self.json.get("text", self.json.get("caption", "")))

    @property
    def entities(self) -> list[Json]:
        """Return bold, links and the like."""
        return list(self.json.get("entities") or self.json.get("caption_entities") or [])

    @property
    def date(self) -> int:
        """Return when it was sent, in seconds since 1970."""
        return int(self.json["date"])

    @property
    def protected(self) -> bool:
        """Say whether it can be forwarded or saved."""
        return bool(self.json.get("has_protected_content"))

    @property
    def rows(self) -> list[list[Json]]:
        """Return the inline buttons it shows now."""
        found: list[list[Json]] = self.json.get("reply_markup", {}).get("inline_keyboard", [])
        return found

    @property
    def labels(self) -> list[str]:
        """Return the words on its inline buttons."""
        return [button["text"] for row in self.rows for button in row]

    @property
    def keys(self) -> list[str]:
        """Return the words on the reply keyboard it came with."""
        rows = self.reply_markup.get("keyboard", [])
        return [key if isinstance(key, str) else key["text"] for row in rows for key in row]
