"""What a person does in a chat, turned into the updates Telegram would make of it."""

from __future__ import annotations

import re
from typing import Any

from tests.fakes.bot_api.checks import utf16
from tests.fakes.bot_api.world import Bot, Chat, Json, Kept, Query, World

MARKS = (("bot_command", re.compile(r"(?<!\S)/\w+")), ("url", re.compile(r"https?://\S+")))
MEDIA: dict[str, Json] = {
    "voice": {"duration": 4, "mime_type": "audio/ogg", "file_size": 9_120},
    "video_note": {"duration": 5, "length": 240, "file_size": 60_000},
    "document": {"file_name": "sample.pdf", "mime_type": "application/pdf", "file_size": 12_000},
    "photo": {"width": 640, "height": 480, "file_size": 40_000},
    "sticker": {
        "type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False,
        "emoji": "👍", "set_name": "SampleSet", "file_size": 20_000,
    },
}  # fmt: skip
PLAIN: dict[str, Json] = {
    "location": {"latitude": 51.5, "longitude": -0.12},
    "contact": {"phone_number": "+447700900123", "first_name": "Sample"},
    "dice": {"emoji": "🎲", "value": 3},
}


class Refusal(ValueError):
    """The person cannot do that now: there is no such button, or they blocked the bot."""


def entities(text: str) -> list[Json]:
    """Return the commands and links Telegram marks by itself."""
    found = []
    for kind, pattern in MARKS:
        for hit in pattern.finditer(text):
            offset, length = utf16(text[: hit.start()]), utf16(hit.group())
            found.append({"offset": offset, "length": length, "type": kind})
    return sorted(found, key=lambda entity: int(entity["offset"]))


class People:
    """Each verb takes the bot and the chat first and returns the update's id."""

    def __init__(self, world: World) -> None:
        self._world = world

    def says(self, bot: Bot, chat: Chat, text: str, *, ago: float = 0) -> int:
        """Send words."""
        return self._message(bot, chat, _worded(text), ago=ago)

    def forwards(self, bot: Bot, chat: Chat, text: str, *, sender: str = "Sample Sender") -> int:
        """Pass on somebody else's words."""
        date = int(self._world.clock.now()) - 60
        origin = {"type": "hidden_user", "sender_user_name": sender, "date": date}
        return self._message(bot, chat, {"forward_origin": origin, **_worded(text)})

    def sends(self, bot: Bot, chat: Chat, kind: str, *, caption: str = "", **more: Any) -> int:
        """Send something other than words: voice, photo, sticker, location."""
        body: Json = {kind: {**PLAIN.get(kind, {}), **more}}
        if kind in MEDIA:
            body[kind] = {**self._file(bot, kind), **MEDIA[kind], **more}
        if kind == "photo":
            body[kind] = [body[kind]]
        if caption:
            body["caption"] = caption
        return self._message(bot, chat, body)

    def edits(self, bot: Bot, chat: Chat, message_id: int, text: str) -> int:
        """Change words already sent."""
        kept = chat.messages.get(message_id)
        if kept is None or kept.ours:
            raise Refusal(f"message {message_id} is not one of this person's")
        now = self._world.clock.now()
        kept.json = {**kept.json, **_worded(text), "edit_date": int(now)}
        return self._world.issue(bot, "edited_message", kept.json, lane=chat.id, date=now)

    def presses(self, bot: Bot, chat: Chat, label: str, *, message_id: int = 0) -> int:
        """Press the newest button with this label (or these callback data), or a reply key."""
        for number in [message_id] if message_id else reversed(chat.messages):
            for button in buttons(chat.messages[number]):
                if label in (button["text"], button.get("callback_data")):
                    return self._press(bot, chat, button, chat.messages[number])
        if any(label == key["text"] for row in chat.reply_keyboard for key in row):
            return self.says(bot, chat, label)
        raise Refusal(f"no button {label!r}; on the screen: {on_screen(chat)}")

    def calls_back(self, bot: Bot, chat: Chat, data: str) -> int:
        """Send hand-made callback data that no button holds."""
        ours = [kept for kept in chat.messages.values() if kept.ours and not kept.deleted]
        if not ours:
            raise Refusal("a callback needs a message of the bot's")
        return self._press(bot, chat, {"callback_data": data}, ours[-1])

    def blocks(self, bot: Bot, chat: Chat) -> int:
        """Stop the bot from writing."""
        chat.state = "blocked"
        return self._member(bot, chat, "member", "kicked")

    def unblocks(self, bot: Bot, chat: Chat) -> int:
        """Let the bot write again."""
        chat.state = "open"
        return self._member(bot, chat, "kicked", "member")

    def deactivates(self, bot: Bot, chat: Chat) -> int:
        """Delete the account: Telegram tells the bot only when it writes."""
        chat.state = "deactivated"
        return 0

    def adds_bot(self, bot: Bot, chat: Chat) -> int:
        """Put the bot into this group."""
        chat.state = "open"
        return self._member(bot, chat, "left", "member")

    def migrates(self, bot: Bot, chat: Chat, to: int) -> int:
        """Turn the chat into one with another id."""
        chat.migrated_to = to
        bot.chats[to] = Chat(json={**chat.json, "id": to}, user=chat.user)
        return 0

    def raw(self, bot: Bot, chat: Chat, update: Json) -> int:
        """Issue an update made by hand; its id is given here."""
        kind = next(key for key in update if key != "update_id")
        date = update[kind].get("date", self._world.clock.now())
        return self._world.issue(bot, kind, update[kind], lane=chat.id, date=date)

    def _message(self, bot: Bot, chat: Chat, body: Json, *, ago: float = 0) -> int:
        if chat.state != "open":
            raise Refusal(f"this person cannot write: {chat.state}")
        date = self._world.clock.now() - ago
        number = bot.new_message_id()
        head = {"message_id": number, "from": chat.user, "chat": chat.json, "date": int(date)}
        json = {**head, **body}
        chat.messages[number] = Kept(json=json, ours=False, revision=self._world.touch())
        self._world.issue(bot, "message", json, lane=chat.id, date=date)
        return number

    def _press(self, bot: Bot, chat: Chat, button: Json, kept: Kept) -> int:
        if "callback_data" not in button:
            raise Refusal(f"{button['text']!r} is a link, not an action: {button}")
        now = self._world.clock.now()
        number = str(self._world.dice.randrange(10**17, 10**18))
        bot.queries[number] = Query(chat.id, button["callback_data"], now)
        body = {
            "id": number,
            "from": chat.user,
            "message": kept.json,
            "chat_instance": str(chat.id * 31 % 10**18),
            "data": button["callback_data"],
        }
        self._world.issue(bot, "callback_query", body, lane=chat.id, date=now)
        return int(number)

    def _member(self, bot: Bot, chat: Chat, before: str, after: str) -> int:
        now = self._world.clock.now()
        body = {
            "chat": chat.json,
            "from": chat.user,
            "date": int(now),
            "old_chat_member": {"user": bot.me(), **_member_status(before)},
            "new_chat_member": {"user": bot.me(), **_member_status(after)},
        }
        return self._world.issue(bot, "my_chat_member", body, lane=chat.id, date=now)

    def _file(self, bot: Bot, kind: str) -> Json:
        number = f"Sample{kind}{len(bot.files) + 1}"
        bot.files[number] = {"path": f"{kind}/{number}.bin", "content": f"fake {kind}"}
        return {"file_id": number, "file_unique_id": f"u{number}"}


def _member_status(status: str) -> Json:
    return {"status": status, **({"until_date": 0} if status == "kicked" else {})}


def _worded(text: str) -> Json:
    marks = entities(text)
    return {"text": text, **({"entities": marks} if marks else {})}


def buttons(kept: Kept) -> list[Json]:
    """Return the inline buttons a message shows now."""
    if kept.deleted:
        return []
    rows = kept.json.get("reply_markup", {}).get("inline_keyboard", [])
    return [button for row in rows for button in row]


def on_screen(chat: Chat) -> list[str]:
    """Return the labels now in reach: under the last message, and on the reply keyboard."""
    ours = [kept for kept in chat.messages.values() if kept.ours and not kept.deleted]
    inline = [button["text"] for button in buttons(ours[-1])] if ours else []
    return inline + [key["text"] for row in chat.reply_keyboard for key in row]
