"""What the pages about words say of states, folders and findings."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request

from waiting_room.editing import drafts, preview
from waiting_room.editing.preview import Look

DONE = {
    "published": "Published. Patients read the new words from now on.",
    "asked": "A second person can read it now. It stands on the list below.",
    "corrected": "The correction is live. A second person must read it within 24 hours.",
    "read": "Thank you. The correction has been read.",
    "back": "Sent back with your note.",
    "dropped": "The draft is thrown away. What patients read has not changed.",
    "undone": "Patients read the earlier words again.",
    "away": "Patients no longer find this page. You can bring it back below.",
    "saved": "Saved. Patients do not see it yet.",
}
STATES = {
    drafts.DRAFT: ("Draft", "blue"),
    drafts.REVIEW: ("Waits for a second reader", "yellow"),
    drafts.URGENT: ("Live, to be read within a day", "orange"),
}
FOLDERS = {
    "self-care": "Self-care pages",
    "help-lines": "Help lines",
    "crisis": "Crisis pages",
    "conversation": "What the room says in the chat",
    "check-ins": "Check-ins",
    "staff": "Messages to staff and referrers",
    "web": "Public web pages",
    "search": "Words people type when they search",
    "groups": "Groups",
}
# What a form asks beside title, words, summary and other words.
FIELDS = (
    ("name", "Name of the line", "All the chat shows beside the number. Say who it is for."),
    ("number", "Number to call", "With spaces, such as 116 123."),
    ("text_number", "Number to text", ""),
    ("subject", "Subject of the mail", "Names nobody, and nothing about health."),
)


def folder(name: str) -> str:
    """A folder as an editor would call it."""
    return FOLDERS.get(name, name)


def shapes(request: Request, look: Look | None, *, now: datetime) -> dict[str, Any]:
    """What the three shapes of a page need beside the look itself."""
    provider = request.state.provider
    local = now.astimezone(ZoneInfo(provider.time_zone))
    line = look.line if look else None
    return {"opening": preview.opening(line, local) if line else "", "look": look}
