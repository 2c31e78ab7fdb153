"""The little that is read of a raw update before it is stored: whose it is, and the words in it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from waiting_room import library

# What a column of both databases can hold.
HIGHEST = 2**63 - 1
# Parts of an update that hold names and marks, nothing the person said just now.
NOT_WORDS = {"from", "chat", "user", "sender_chat", "forward_origin", "via_bot", "entities"}
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Label:
    """Which update this is, and of which chat; no chat is "" and a made-up number is negative."""

    update_id: int
    chat_id: str


def load(raw: bytes) -> dict[str, Any] | None:
    """The update as it came; None when it cannot be read."""
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        # The strict reader refuses half an emoji; people's phones send them.
        found = _load_leniently(raw)
    return found if isinstance(found, dict) else None


def label(raw: bytes) -> Label:
    """Whose update this is. Never raises, because it must be stored whatever it holds."""
    update = load(raw) or {}
    number = update.get("update_id")
    if type(number) is not int or not 0 <= number <= HIGHEST:
        # The same bytes give the same number, so that a copy is still known as a copy.
        number = -1 - int.from_bytes(hashlib.sha256(raw).digest()[:7], "big")
    return Label(number, _chat_of(update))


def said_at(raw: bytes) -> int | None:
    """When it was said by the sender's calendar, in whole seconds; None when that is not told."""
    for part in _parts(load(raw) or {}):
        # An edit is said when it is edited.
        for name in ("edit_date", "date"):
            if type(part.get(name)) is int:
                return int(part[name])
    return None


def words(raw: bytes) -> str:
    """Every word in it, readable or not, so that it can be screened for danger."""
    update = load(raw)
    if update is None:
        loose = raw.decode("utf-8", "replace")
        # Not JSON any more, but words of danger inside it are still spelt as JSON spells them.
        return ESCAPED.sub(lambda found: chr(int(found[1], 16)), loose).replace("\\n", "\n")
    return "\n".join(strings(update))


def asks_for_help(raw: bytes) -> bool:
    """Whether it is the key or the words for "Help now", in any language there is."""
    labels = library.all_labels()
    said = (library.normalise_label(text) for text in strings(load(raw) or {}))
    return any(labels.get(text) == "help_now" for text in said)


def _load_leniently(raw: bytes) -> Any:
    """Half a character (a lone surrogate) is no reason to lose a message."""
    try:
        return json.loads(raw.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        return None


def _parts(update: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (part for part in update.values() if isinstance(part, dict))


def _chat_of(update: dict[str, Any]) -> str:
    for part in _parts(update):
        message = part.get("message")
        holder = message if isinstance(message, dict) else part
        for place in (holder.get("chat"), part.get("chat"), part.get("from")):
            number = place.get("id") if isinstance(place, dict) else None
            if type(number) is int and abs(number) <= HIGHEST:
                return str(number)
    return ""


def strings(part: Any) -> Iterator[str]:
    """Every text in it, in order, but for names and marks."""
    # Without recursion: an update may be nested deeper than Python can call.
    ahead = [part]
    while ahead:
        part = ahead.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, list):
            ahead.extend(reversed(part))
        elif isinstance(part, Mapping):
            inner = [value for key, value in part.items() if key not in NOT_WORDS]
            ahead.extend(reversed(inner))
