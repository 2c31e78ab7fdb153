"""What the Bot API says when it refuses, in its own words."""

from __future__ import annotations

from typing import Any

UNAUTHORIZED = "Unauthorized"
NOT_FOUND = "Not Found"
NO_SUCH_METHOD = "Not Found: method not found"
OTHER_POLLER = (
    "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
WEBHOOK_TAKES_OVER = "Conflict: terminated by setWebhook request"
BLOCKED = "Forbidden: bot was blocked by the user"
DEACTIVATED = "Forbidden: user is deactivated"
NOT_A_MEMBER = "Forbidden: bot is not a member of the group chat"
NO_CHAT_ID = "Bad Request: chat_id is empty"
NO_CHAT = "Bad Request: chat not found"
MIGRATED = "Bad Request: group chat was upgraded to a supergroup chat"
EMPTY_TEXT = "Bad Request: message text is empty"
LONG_TEXT = "Bad Request: message is too long"
LONG_CAPTION = "Bad Request: message caption is too long"
PLAIN_BUTTON = (
    "Bad Request: can't parse inline keyboard button: "
    "Text buttons are unallowed in the inline keyboard"
)
BUTTON_DATA = "Bad Request: BUTTON_DATA_INVALID"
OLD_QUERY = "Bad Request: query is too old and response timeout expired or query ID is invalid"
NOTHING_TO_EDIT = "Bad Request: message to edit not found"
NOT_OURS = "Bad Request: message can't be edited"
SAME_CONTENT = (
    "Bad Request: message is not modified: specified new message content and reply markup "
    "are exactly the same as a current content and reply markup of the message"
)
NOTHING_TO_DELETE = "Bad Request: message to delete not found"
TOO_OLD_TO_DELETE = "Bad Request: message can't be deleted for everyone"
NOTHING_TO_ANSWER = "Bad Request: message to be replied not found"
BAD_SECRET = "Bad Request: secret token contains unallowed characters"
BAD_WEBHOOK = "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
NO_FILE = "Bad Request: invalid file_id"
NO_LEAVING = "Bad Request: chat member status can't be changed in private chats"
PARSE_MODE = "Bad Request: unsupported parse_mode"


class ApiError(Exception):
    """A refusal: the HTTP code, Telegram's sentence and, at times, parameters."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> dict[str, Any]:
        """Return the JSON the Bot API answers with."""
        said: dict[str, Any] = {
            "ok": False,
            "error_code": self.code,
            "description": self.description,
        }
        if self.parameters:
            said["parameters"] = self.parameters
        return said


def bad(what: str) -> ApiError:
    """Return a 400 for one of the sentences above or for a new one."""
    return ApiError(400, what if what.startswith("Bad Request") else f"Bad Request: {what}")


def too_many(seconds: int) -> ApiError:
    """Return the 429 that asks for a pause."""
    return ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
