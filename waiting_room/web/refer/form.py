"""The fields of a referral, read the same way from the public form and from the desk."""

from __future__ import annotations

from typing import Any

from babel import Locale

from waiting_room import library
from waiting_room.care import intake
from waiting_room.pages.security import TOKEN_FIELD, Fields
from waiting_room.web import form_fields

DATE_PARTS = ("year", "month", "day")
BIRTH_DATE = tuple(f"birth_date-{part}" for part in DATE_PARTS)
NATIONS = form_fields.NATIONS
SOURCES = (
    ("gp", "GP practice"),
    ("social-care", "Social care"),
    ("hospital", "Hospital"),
    ("housing", "Housing"),
    ("charity", "Charity or community group"),
    ("friend-or-family", "Friend, family or neighbour"),
    ("self", "I am referring myself"),
    ("other", "Somebody else"),
)
NEEDS = (
    ("loneliness", "Loneliness"),
    ("mental-health", "Mental health"),
    ("money", "Money"),
    ("housing", "Housing"),
    ("physical-activity", "Being more active"),
    ("bereavement", "Bereavement"),
    ("caring", "Caring for somebody"),
    ("work", "Work or volunteering"),
    ("sleep", "Sleep"),
    ("other", "Something else"),
)
# No answer the form knows, so that it is asked again.
UNANSWERED = "unanswered"
SAFE = (("yes", "Yes"), ("no", "No, or not sure. Please phone or write as said above"))


def read(fields: Fields) -> dict[str, object]:
    """What was typed, as `intake.check` wants it. A field nobody knows stays, to be refused."""
    names = set(fields.form) - {TOKEN_FIELD, *BIRTH_DATE}
    given: dict[str, object] = {name: fields.text(name) for name in names}
    given["needs"] = fields.texts("needs")
    # Nobody may pass over this one: a message on the wrong phone can do harm.
    given["safe_to_message"] = fields.text("safe_to_message") or UNANSWERED
    if "birth_date" not in names:
        given["birth_date"] = _iso(*(fields.text(name) for name in BIRTH_DATE))
    return given


def typed(fields: Fields) -> dict[str, Any]:
    """What was typed, to be shown again beside what is wrong."""
    known = {name: fields.text(name) for name in intake.FIELDS}
    parts = zip(DATE_PARTS, (fields.text(name) for name in BIRTH_DATE), strict=True)
    return known | {"needs": fields.texts("needs"), "birth_date": dict(parts)}


def languages() -> list[tuple[str, str]]:
    """The languages there are words in, by their English names."""
    return [
        (code, Locale.parse(code).get_display_name("en") or code) for code in library.languages()
    ]


def _iso(year: str, month: str, day: str) -> str:
    """Three numbers as one date; what is no date stays none, and is refused with a reason."""
    if not (year or month or day):
        return ""
    return f"{year:0>4}-{month:0>2}-{day:0>2}"
