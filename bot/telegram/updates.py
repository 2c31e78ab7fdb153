"""What an update of Telegram means. Every part of it may have any shape."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot import raw
from bot.turn import Heard, Kind
from waiting_room import clock
from waiting_room.models.address import TELEGRAM

Json = Mapping[str, Any]

# The kinds of update we ask for; whatever else comes is ignored.
ALLOWED = ["message", "edited_message", "callback_query", "my_chat_member"]
GROUPS = ("group", "supergroup")
# Spoken into the phone just now, and nobody can screen it. A video or a song may be anybody's.
VOICES = ("voice", "video_note")
# Messages that Telegram itself writes into a private chat: nobody said anything.
SERVICE = {
    "boost_added",
    "chat_background_set",
    "chat_shared",
    "message_auto_delete_timer_changed",
    "pinned_message",
    "proximity_alert_triggered",
    "users_shared",
    "write_access_allowed",
}
START = re.compile(r"/start(?:@\w+)?(?:\s+(?P<payload>.*))?", re.DOTALL)
# The shape of `crypto.new_token`.
LINK_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{2,4})?")
# A message "from tomorrow" would stand below everything that is said after it.
CLOCKS_DIFFER_BY = timedelta(minutes=1)


class Unreadable(ValueError):
    """Somebody may have said something here, and nobody can tell who or what."""


@dataclass(frozen=True)
class Moved:
    """The person blocked the bot, or let it write again."""

    chat_id: str
    blocked: bool


@dataclass(frozen=True)
class Ignored:
    """Nothing that a person said to us: stored, counted, and left at that."""

    why: str


Meaning = Heard | Moved | Ignored


def read(update: Json, *, now: datetime) -> Meaning:
    """What this update means to the room. Raises Unreadable and nothing else."""
    for kind, understand in KINDS.items():
        if kind in update:
            return understand(_part(update, kind), now)
    return Ignored("unknown kind")


def group_of(update: Json) -> int | None:
    """The group this update comes from, which the bot must leave; None when from no group."""
    for part in update.values():
        chat = _part(_part(part, "message"), "chat") or _part(part, "chat")
        number = chat.get("id")
        if chat.get("type") in GROUPS and type(number) is int:
            return number
    return None


def query_of(update: Json) -> str | None:
    """The press that waits for an answer; None when this is no press."""
    number = _part(update, "callback_query").get("id")
    return number if isinstance(number, str) else None


def _message(message: Json, now: datetime) -> Meaning:
    chat_id = _private_chat(message)
    if chat_id is None:
        return Ignored("not a private chat")
    if _part(message, "from").get("is_bot") is True:
        return Ignored("said by a bot")
    kind, text = _content(message)
    if kind is None:
        return Ignored("nothing was said")
    started = START.fullmatch(text) if kind == Kind.TEXT else None
    payload = (started["payload"] or "").strip() if started else ""
    if started:
        # A link's token is a secret; anything else after /start may be words for us.
        kind, text = Kind.START, "" if LINK_TOKEN.fullmatch(payload) else payload
    return Heard(
        channel=TELEGRAM,
        chat_id=chat_id,
        kind=kind,
        told_at=_moment(message.get("date"), now),
        message_id=_number(message.get("message_id")),
        text=text,
        start=payload,
        language=_language(message),
        forwarded=any(name in message for name in ("forward_origin", "forward_date")),
    )


def _edited(message: Json, now: datetime) -> Meaning:
    chat_id = _private_chat(message)
    if chat_id is None:
        return Ignored("not a private chat")
    text = _text(message)
    # Telegram also calls it an edit when a live location moves.
    if not text:
        return Ignored("an edit without words")
    changed_at = message.get("edit_date")
    number = _number(message.get("message_id"))
    return Heard(
        channel=TELEGRAM,
        chat_id=chat_id,
        kind=Kind.EDIT,
        told_at=_moment(changed_at, now),
        # One message may be edited many times: each edit is a thing of its own.
        message_id=f"{number}.{_number(changed_at)}.{zlib.crc32(text.encode()):08x}",
        text=text,
        language=_language(message),
        forwarded="forward_origin" in message,
    )


def _press(query: Json, now: datetime) -> Meaning:
    message = _part(query, "message")
    # A message of an inline bot has no chat: then the sender is the chat.
    chat_id = _private_chat(message if "chat" in message else {"chat": query.get("from")})
    if chat_id is None:
        return Ignored("not a private chat")
    return Heard(
        channel=TELEGRAM,
        chat_id=chat_id,
        kind=Kind.PRESS,
        told_at=now,
        message_id=_clean(query.get("id"))[:40],
        press=_clean(query.get("data"))[:64],
        language=_language(query),
    )


def _member(change: Json, now: datetime) -> Meaning:
    chat_id = _private_chat(change)
    status = _part(change, "new_chat_member").get("status")
    if chat_id is None or status not in ("kicked", "member"):
        return Ignored("not about a private chat")
    return Moved(chat_id, blocked=status == "kicked")


KINDS = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _press,
    "my_chat_member": _member,
}


def _content(message: Json) -> tuple[Kind | None, str]:
    """What kind of thing it is, and the words in it."""
    text = _text(message)
    if any(name in message for name in VOICES):
        return Kind.VOICE, text
    if isinstance(message.get("text"), str):
        return Kind.TEXT, text
    if not SERVICE.isdisjoint(message):
        return None, ""
    if "text" in message:
        return Kind.UNREADABLE, _whole("\n".join(raw.strings(message)))
    # Whatever Telegram invents next is answered like a photo: the caption counts.
    return Kind.MEDIA, text


def _text(message: Json) -> str:
    poll = _part(message, "poll").get("question")
    found = (message.get("text"), message.get("caption"), poll)
    return next((_whole(words) for words in found if isinstance(words, str) and words), "")


def _whole(words: str) -> str:
    """Half characters cannot be written down as UTF-8: pairs are joined, lone halves marked."""
    return words.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _private_chat(part: Json) -> str | None:
    """The chat's id; None when it is a group or a channel, where nobody is answered."""
    chat = _part(part, "chat")
    number = chat.get("id")
    # `type` and not `isinstance`: for Python True is a number too.
    if type(number) is not int or abs(number) >= 2**63:
        raise Unreadable("no chat")
    return str(number) if number > 0 and chat.get("type", "private") == "private" else None


def _part(whole: Any, name: str) -> Json:
    part = whole.get(name) if isinstance(whole, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _number(value: Any) -> str:
    return str(value) if type(value) is int and abs(value) < 2**63 else ""


def _clean(value: Any) -> str:
    """A text that any database takes: no half characters, nothing invisible."""
    return "".join(c for c in value if c.isprintable()) if isinstance(value, str) else ""


def _language(part: Json) -> str:
    spoken = _part(part, "from").get("language_code")
    if isinstance(spoken, str) and LANGUAGE.fullmatch(spoken):
        return spoken
    return ""


def _moment(seconds: Any, now: datetime) -> datetime:
    """When it was said, on the room's clock; now when that is not told or lies ahead."""
    if type(seconds) is not int or not 0 < seconds < 2**33:
        return now
    said = datetime.fromtimestamp(seconds, UTC) + clock.offset()
    return said if said < now + CLOCKS_DIFFER_BY else now
