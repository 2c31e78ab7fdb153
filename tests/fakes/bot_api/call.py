"""One request to the Bot API: its arguments in whatever form they came, and what it may do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.bot_api import errors
from tests.fakes.bot_api.checks import CAPTION_LIMIT, check_markup, check_text, clean, utf16
from tests.fakes.bot_api.errors import ApiError, bad
from tests.fakes.bot_api.world import Bot, Chat, Json, Kept, World

STATES = {
    "blocked": errors.BLOCKED,
    "deactivated": errors.DEACTIVATED,
    "left": errors.NOT_A_MEMBER,
}


def as_integer(value: Any, default: int = 0) -> int:
    """Read a whole number in whatever form it came."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return default


@dataclass
class Call:
    """Arguments arrive as JSON, form fields or a query string; files as uploads."""

    world: World
    bot: Bot
    args: Json
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def now(self) -> float:
        """Return Telegram's time."""
        return self.world.clock.now()

    def text(self, name: str) -> str:
        """Return an argument as text, empty when absent."""
        return str(self.args.get(name, "") or "")

    def integer(self, name: str, default: int = 0) -> int:
        """Return an argument as a whole number."""
        return as_integer(self.args.get(name), default)

    def flag(self, name: str) -> bool:
        """Return an argument as yes or no."""
        return str(self.args.get(name, "")).lower() in ("true", "yes", "1")

    def structure(self, name: str, default: Any) -> Any:
        """Return an argument that is JSON, even when it came as text."""
        return self.decoded(self.args, name) or default

    @staticmethod
    def decoded(args: Json, name: str) -> Any:
        """Return one JSON argument out of several; plain text stays text."""
        value = args.get(name)
        if not isinstance(value, str) or value[:1] not in ("[", "{"):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise bad(f"can't parse {name} JSON object") from None

    def chat(self) -> Chat:
        """Return the chat meant, whatever its state."""
        if not self.text("chat_id"):
            raise bad(errors.NO_CHAT_ID)
        chat = self.bot.chats.get(self.integer("chat_id"))
        if chat is None:
            raise bad(errors.NO_CHAT)
        if chat.migrated_to:
            raise ApiError(400, errors.MIGRATED, migrate_to_chat_id=chat.migrated_to)
        return chat

    def open_chat(self) -> Chat:
        """Return the chat meant, if the bot may write there."""
        chat = self.chat()
        if chat.state in STATES:
            raise ApiError(403, STATES[chat.state])
        return chat

    def words(self, name: str) -> tuple[str, list[Json]]:
        """Return text and entities as they will stand."""
        if self.text("parse_mode"):
            raise bad(errors.PARSE_MODE)
        text, entities = clean(self.text(name), self.structure("entities", []))
        check_text(text)
        return text, entities

    def caption(self) -> tuple[str, list[Json]]:
        """Return a caption and its entities as they will stand."""
        text, entities = clean(self.text("caption"), self.structure("caption_entities", []))
        if utf16(text) > CAPTION_LIMIT:
            raise bad(errors.LONG_CAPTION)
        return text, entities

    def markup(self) -> Json:
        """Return the keyboard asked for, checked."""
        markup: Json = self.structure("reply_markup", {})
        if markup:
            check_markup(markup)
        return markup

    def upload(self, kind: str) -> Any:
        """Return a file's description, new or known by its id."""
        number = self.text(kind)
        if kind in self.files:
            name, content = self.files[kind]
            number = f"Sent{kind}{len(self.bot.files) + 1}"
            self.bot.files[number] = {
                "path": f"{kind}/{name}",
                "content": content.decode("latin-1"),
            }
        if number not in self.bot.files:
            raise bad("wrong remote file identifier specified: Wrong string length")
        body = {"file_id": number, "file_unique_id": f"u{number}"}
        return [{**body, "width": 640, "height": 480}] if kind == "photo" else body

    def allow_updates(self) -> None:
        """Remember which kinds of update are wanted from now on."""
        wanted = self.structure("allowed_updates", None)
        if wanted is not None or "allowed_updates" in self.args:
            self.bot.allowed = set(wanted or [])

    def send(self, body: Json) -> Json:
        """Accept a message: it is in the chat and in the ledger from here on."""
        chat = self.open_chat()
        markup = self.markup()
        head = {
            "message_id": 0,
            "from": self.bot.me(),
            "chat": chat.json,
            "date": int(self.now()),
            **self._reply(chat),
        }
        shown = {"reply_markup": markup} if "inline_keyboard" in markup else {}
        guarded = {"has_protected_content": True} if self.flag("protect_content") else {}
        sent = {**head, **guarded, **body, **shown, "message_id": self.bot.new_message_id()}
        self._keys(chat, markup)
        extra = {"reply_markup": markup, "silent": self.flag("disable_notification")}
        kept = Kept(json=sent, ours=True, extra=extra, revision=self.world.touch())
        chat.messages[sent["message_id"]] = kept
        self.bot.ledger.accepted.append(self._line(sent, extra))
        return sent

    def edit(self, kept: Kept, changed: Json) -> Json:
        """Accept an edit; one that changes nothing is refused."""
        stamp = {"edit_date": int(self.now())}
        if {**changed, **stamp} == {**kept.json, **stamp}:
            raise bad(errors.SAME_CONTENT)
        kept.json = {**changed, **stamp}
        kept.edited = True
        kept.revision = self.world.touch()
        return kept.json

    def _line(self, sent: Json, extra: Json) -> Json:
        return {
            "message_id": sent["message_id"],
            "chat_id": sent["chat"]["id"],
            "time": self.now(),
            "text": sent.get("text", sent.get("caption", "")),
            "entities": sent.get("entities", []),
            **extra,
            "protected": self.flag("protect_content"),
        }

    def _reply(self, chat: Chat) -> Json:
        wanted = self.structure("reply_parameters", {})
        number = int(wanted.get("message_id", 0))
        if not number:
            return {}
        if number in chat.messages and not chat.messages[number].deleted:
            return {"reply_to_message": chat.messages[number].json}
        if wanted.get("allow_sending_without_reply"):
            return {}
        raise bad(errors.NOTHING_TO_ANSWER)

    def _keys(self, chat: Chat, markup: Json) -> None:
        """Change the keys under the person's keyboard."""
        if markup.get("remove_keyboard"):
            chat.reply_keyboard = []
        if "keyboard" in markup:
            chat.reply_keyboard = [
                [{"text": key} if isinstance(key, str) else key for key in row]
                for row in markup["keyboard"]
            ]
