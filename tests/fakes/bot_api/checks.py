"""What Telegram checks in a message before it accepts it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.bot_api import errors
from tests.fakes.bot_api.errors import bad

Json = dict[str, Any]

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
DATA_LIMIT = 64
ENTITY_TYPES = {
    "mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bold",
    "italic", "underline", "strikethrough", "spoiler", "blockquote", "expandable_blockquote",
    "code", "pre", "text_link", "text_mention", "custom_emoji", "date_time",
}  # fmt: skip


def utf16(text: str) -> int:
    """Return the length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def clean(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Check the entities against the text, then trim both as Telegram does."""
    for entity in entities:
        check_entity(text, entity)
    lead = utf16(text) - utf16(text.lstrip())
    trimmed = text.strip()
    kept = [_moved(entity, -lead, utf16(trimmed)) for entity in entities]
    return trimmed, [entity for entity in kept if entity["length"] > 0]


def _moved(entity: Json, by: int, end: int) -> Json:
    start = max(0, entity["offset"] + by)
    stop = min(entity["offset"] + by + entity["length"], end)
    return {**entity, "offset": start, "length": stop - start}


def check_entity(text: str, entity: Json) -> None:
    """Refuse an entity that is no known kind, lies outside the text or splits a character."""
    kind, offset, length = entity.get("type"), entity.get("offset"), entity.get("length")
    if kind not in ENTITY_TYPES:
        raise bad("can't parse MessageEntity: Unsupported type specified")
    if not isinstance(offset, int) or not isinstance(length, int):
        raise bad('can\'t parse MessageEntity: Field "offset" must be of type Number')
    if offset < 0 or length <= 0:
        raise bad("receive an entity with incorrect offset or length")
    begins = f"entity beginning at UTF-16 offset {offset}"
    if offset >= utf16(text):
        raise bad(f"entity begins after the end of the text at UTF-16 offset {offset}")
    if offset + length > utf16(text):
        raise bad(f"{begins} ends after the end of the text at UTF-16 offset {offset + length}")
    if _splits(text, offset) or _splits(text, offset + length):
        raise bad(f"{begins} ends in a middle of a UTF-16 symbol at byte offset {offset}")
    if kind == "text_link":
        check_url("entity", entity.get("url", ""))


def _splits(text: str, at: int) -> bool:
    """Say whether an offset falls between the halves of a surrogate pair."""
    unit = text.encode("utf-16-le")[2 * at : 2 * at + 2]
    return len(unit) == 2 and 0xDC <= unit[1] <= 0xDF


def check_url(where: str, url: str) -> None:
    """Refuse a link Telegram would not open: only http, https and tg, with a real host."""
    parts = urlsplit(url if "://" in url or ":" in url.split("/")[0] else f"http://{url}")
    if parts.scheme not in ("http", "https", "tg"):
        raise bad(f"{where} URL '{url}' is invalid: Unsupported URL protocol")
    if parts.scheme != "tg" and ("." not in (parts.hostname or "") or " " in url):
        raise bad(f"{where} URL '{url}' is invalid: Wrong HTTP URL")


def check_text(text: str) -> None:
    """Refuse words that are none, or too many."""
    if not text:
        raise bad(errors.EMPTY_TEXT)
    if utf16(text) > TEXT_LIMIT:
        raise bad(errors.LONG_TEXT)


def check_markup(markup: Json) -> None:
    """Refuse a keyboard Telegram would refuse."""
    for name, check in CHECKS.items():
        if name in markup:
            _each(markup[name], check)
            return
    if not {"remove_keyboard", "force_reply"} & set(markup):
        raise bad("object expected as reply markup")


def _each(rows: Any, check: Callable[[Json], None]) -> None:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad("can't parse inline keyboard: Field must be an Array of Array")
    for row in rows:
        for button in row:
            check(button)


def _inline(button: Json) -> None:
    kinds = set(button) - {"text", "style", "icon_custom_emoji_id"}
    if not button.get("text") or len(kinds) != 1:
        raise bad(errors.PLAIN_BUTTON)
    if "url" in button:
        check_url("inline keyboard button", button["url"])
    if not 1 <= len(button.get("callback_data", "x").encode()) <= DATA_LIMIT:
        raise bad(errors.BUTTON_DATA)


def _key(button: Any) -> None:
    text = button if isinstance(button, str) else button.get("text")
    if not text:
        raise bad('can\'t parse keyboard button: Field "text" must be of type String')


CHECKS: dict[str, Callable[[Any], None]] = {"inline_keyboard": _inline, "keyboard": _key}
