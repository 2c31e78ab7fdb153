"""The Bot API's methods, by their names in lower case."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.bot_api import errors
from tests.fakes.bot_api.call import Call
from tests.fakes.bot_api.errors import ApiError, bad
from tests.fakes.bot_api.world import Json, Webhook

#: A button press can be answered this long (the real figure is not published).
ANSWERABLE = 150
DELETABLE = 48 * 3600
SETTINGS = ("mycommands", "myname", "mydescription", "myshortdescription", "chatmenubutton")

Method = Callable[[Call], Any]


def get_me(call: Call) -> Json:
    """Say who the bot is."""
    return {
        **call.bot.me(),
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def edit_message_text(call: Call) -> Json:
    """Change the words (and the inline keyboard) of one of the bot's messages."""
    kept = _editable(call)
    text, entities = call.words("text")
    replaced = ("entities", "reply_markup")
    head = {key: value for key, value in kept.json.items() if key not in replaced}
    changed = {**head, "text": text, **({"entities": entities} if entities else {})}
    return call.edit(kept, {**changed, **_inline(call)})


def edit_message_reply_markup(call: Call) -> Json:
    """Change or remove the inline keyboard of one of the bot's messages."""
    kept = _editable(call)
    head = {key: value for key, value in kept.json.items() if key != "reply_markup"}
    return call.edit(kept, {**head, **_inline(call)})


def _inline(call: Call) -> Json:
    markup = call.markup()
    return {"reply_markup": markup} if markup.get("inline_keyboard") else {}


def _editable(call: Call) -> Any:
    kept = call.chat().messages.get(call.integer("message_id"))
    if kept is None or kept.deleted:
        raise bad(errors.NOTHING_TO_EDIT)
    if not kept.ours:
        raise bad(errors.NOT_OURS)
    return kept


def delete_message(call: Call) -> bool:
    """Delete one message not older than two days."""
    kept = call.chat().messages.get(call.integer("message_id"))
    if kept is None or kept.deleted:
        raise bad(errors.NOTHING_TO_DELETE)
    if call.now() - kept.json["date"] >= DELETABLE:
        raise bad(errors.TOO_OLD_TO_DELETE)
    kept.deleted = True
    kept.revision = call.world.touch()
    return True


def delete_messages(call: Call) -> bool:
    """Delete up to a hundred; those that cannot be found are passed over."""
    numbers = call.structure("message_ids", [])
    if not 1 <= len(numbers) <= 100:
        raise bad("incorrect message identifiers specified")
    found = [call.chat().messages.get(int(number)) for number in numbers]
    for kept in found:
        if kept and call.now() - kept.json["date"] < DELETABLE:
            kept.deleted = True
            kept.revision = call.world.touch()
    return True


def answer_callback_query(call: Call) -> bool:
    """Answer a button press once, while it is fresh."""
    query = call.bot.queries.get(call.text("callback_query_id"))
    if query is None or query.answer is not None or call.now() - query.asked_at > ANSWERABLE:
        raise bad(errors.OLD_QUERY)
    if len(call.text("text")) > 200:
        raise bad("MESSAGE_TOO_LONG")
    query.answer = {"text": call.text("text"), "show_alert": call.flag("show_alert")}
    call.world.touch()
    return True


def set_webhook(call: Call) -> bool:
    """Push updates to an address from now on; plain http is allowed on this machine only."""
    url = call.text("url")
    if not url:
        return delete_webhook(call)
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
        raise bad(errors.BAD_WEBHOOK)
    secret = call.text("secret_token")
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        raise bad(errors.BAD_SECRET)
    call.allow_updates()
    if call.flag("drop_pending_updates"):
        call.world.drop(call.bot)
    call.bot.webhook = Webhook(url, secret, call.integer("max_connections", 40))
    call.world.wake(call.bot.token)
    return True


def delete_webhook(call: Call) -> bool:
    """Stop pushing."""
    if call.flag("drop_pending_updates"):
        call.world.drop(call.bot)
    call.bot.webhook = None
    call.world.wake(call.bot.token)
    return True


def get_webhook_info(call: Call) -> Json:
    """Say where updates go and what failed last."""
    hook = call.bot.webhook
    call.world.expire(call.bot)
    info: Json = {
        "url": hook.url if hook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(call.bot.queue),
    }
    if hook:
        info |= {"max_connections": hook.max_connections, "ip_address": "127.0.0.1"}
        if hook.error_date:
            info |= {
                "last_error_date": hook.error_date,
                "last_error_message": hook.error_message,
            }
    if call.bot.allowed:
        info["allowed_updates"] = sorted(call.bot.allowed)
    return info


def get_file(call: Call) -> Json:
    """Say where a file can be fetched."""
    number = call.text("file_id")
    if number not in call.bot.files:
        raise bad(errors.NO_FILE)
    kept = call.bot.files[number]
    return {
        "file_id": number,
        "file_unique_id": f"u{number}",
        "file_size": len(kept["content"]),
        "file_path": kept["path"],
    }


def get_chat(call: Call) -> Json:
    """Describe a chat."""
    return {**call.chat().json, "accent_color_id": 0, "max_reaction_count": 11}


def leave_chat(call: Call) -> bool:
    """Leave a group; a private chat cannot be left."""
    chat = call.chat()
    if chat.id > 0:
        raise bad(errors.NO_LEAVING)
    chat.state = "left"
    call.world.touch()
    return True


def send_chat_action(call: Call) -> bool:
    """Show "typing", if the chat can be written to."""
    call.open_chat()
    return True


def pin(call: Call) -> bool:
    """Pin or unpin: only checked, not kept."""
    call.open_chat()
    return True


def send_message(call: Call) -> Json:
    """Send words."""
    text, entities = call.words("text")
    return call.send({"text": text, **({"entities": entities} if entities else {})})


def _send_file(kind: str) -> Method:
    def send(call: Call) -> Json:
        caption, entities = call.caption()
        body: Json = {kind: call.upload(kind)}
        if caption:
            body |= {"caption": caption, **({"caption_entities": entities} if entities else {})}
        return call.send(body)

    return send


def _set(name: str) -> Method:
    def keep(call: Call) -> bool:
        call.bot.settings[name] = dict(call.args)
        return True

    return keep


def _get(name: str) -> Method:
    def recall(call: Call) -> Any:
        kept = call.bot.settings.get(name, {})
        key = name.removeprefix("my")
        found = call.decoded(kept, "short_description" if key == "shortdescription" else key)
        return (found or []) if key == "commands" else {key: found or ""}

    return recall


METHODS: dict[str, Method] = {
    "getme": get_me,
    "sendmessage": send_message,
    "sendphoto": _send_file("photo"),
    "senddocument": _send_file("document"),
    "sendvoice": _send_file("voice"),
    "sendchataction": send_chat_action,
    "editmessagetext": edit_message_text,
    "editmessagereplymarkup": edit_message_reply_markup,
    "deletemessage": delete_message,
    "deletemessages": delete_messages,
    "answercallbackquery": answer_callback_query,
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": get_webhook_info,
    "getfile": get_file,
    "getchat": get_chat,
    "leavechat": leave_chat,
    "pinchatmessage": pin,
    "unpinchatmessage": pin,
    "logout": lambda call: True,
    "close": lambda call: True,
    "deletemycommands": lambda call: bool(call.bot.settings.pop("mycommands", None)) or True,
    **{f"set{name}": _set(name) for name in SETTINGS},
    **{f"get{name}": _get(name) for name in SETTINGS},
}
#: What counts against the limits on sending.
LIMITED = {name for name in METHODS if name.startswith("send") or name.startswith("editmessage")}


def run(call: Call, method: str) -> Any:
    """Carry out a method, or refuse as Telegram does."""
    if method not in METHODS:
        raise ApiError(404, errors.NO_SUCH_METHOD)
    with call.world.lock:
        return METHODS[method](call)
