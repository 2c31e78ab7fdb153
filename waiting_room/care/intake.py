"""What a referral must say, checked field by field before anything is stored."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import phonenumbers
from nhs_number.validate import is_valid as is_nhs_number

from waiting_room.care import people
from waiting_room.errors import BadForm

NAME_LIMIT, TEXT_LIMIT, LINE_LIMIT = 200, 4_000, 200
EMPTY_PROBLEMS = {
    "name": "Enter the person's full name.",
    "birth_date": "Enter the birth date: day, month and year.",
    "reason": "Say why you are referring them.",
    "referrer": "Enter your name and how to reach you.",
}
CHOICE_PROBLEMS = {
    "source": "Choose who you are.",
    "safe_to_message": "Choose whether it is safe to send them messages.",
}
ADULT, OLDEST = 18, 120
NATIONS = ("england", "wales", "scotland", "northern-ireland")
SOURCES = (
    "gp",
    "social-care",
    "hospital",
    "housing",
    "charity",
    "friend-or-family",
    "self",
    "other",
)
NEEDS = (
    "loneliness",
    "mental-health",
    "money",
    "housing",
    "physical-activity",
    "bereavement",
    "caring",
    "work",
    "sleep",
    "other",
)
OUTWARD = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?")
EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,120}\.[^@\s\x00-\x1f]{2,20}")
FIELDS = {
    "name", "birth_date", "nation", "area", "phone", "email", "nhs_number", "gp_practice",
    "risks", "no_known_risks", "source", "referrer", "reason", "needs", "language", "reach",
    "safe_to_message", "agreed",
}  # fmt: skip


@dataclass(frozen=True)
class Intake:
    """A referral that has been checked."""

    name: str
    birth_date: date
    source: str
    reason: str
    agreed: bool = True
    nation: str = "england"
    area: str = ""
    phone: str = ""
    email: str = ""
    nhs_number: str = ""
    gp_practice: str = ""
    risks: str = ""
    referrer: str = ""
    needs: tuple[str, ...] = ()
    language: str = "en"
    reach: str = ""
    safe_to_message: bool = True


class _Reader:
    """Reads one field after the other and keeps what is wrong, so that all shows at once."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self.given = given
        self.problems: dict[str, str] = {}

    def text(self, field: str, *, limit: int = LINE_LIMIT) -> str:
        value = self.given.get(field) or ""
        if not isinstance(value, str):
            self.problems[field] = "Enter this as text."
            return ""
        value = _clean(value) if limit == TEXT_LIMIT else " ".join(_clean(value).split())
        if len(value) > limit:
            self.problems[field] = f"Use {limit:,} characters or fewer."
        elif not value and field in EMPTY_PROBLEMS:
            self.problems[field] = EMPTY_PROBLEMS[field]
        return value

    def one_of(self, field: str, allowed: tuple[str, ...], *, default: str = "") -> str:
        value = self.text(field) or default
        if value not in allowed:
            self.problems.setdefault(
                field, CHOICE_PROBLEMS.get(field, "Choose one of the answers.")
            )
        return value

    def ticked(self, field: str) -> bool:
        return self.given.get(field) in (True, "yes")


def check(given: Mapping[str, object], *, today: date) -> Intake:
    """The referral, checked; raises BadForm naming every field that is wrong and how to mend it.

    `given` holds text by field, `needs` as a list, and `agreed` as true or "yes".
    """
    reader = _Reader(given)
    for field in given:
        if field not in FIELDS:
            reader.problems[field] = "unknown_field: this form has no such field."
    intake = Intake(
        name=_name(reader),
        birth_date=_birth_date(reader, today) or today,
        source=reader.one_of("source", SOURCES),
        reason=reader.text("reason", limit=TEXT_LIMIT),
        agreed=_agreed(reader),
        nation=reader.one_of("nation", NATIONS, default="england"),
        area=_area(reader),
        phone=_phone(reader),
        email=_email(reader),
        nhs_number=_nhs_number(reader),
        gp_practice=reader.text("gp_practice", limit=100),
        risks=_risks(reader),
        referrer=reader.text("referrer"),
        needs=_needs(reader),
        language=reader.text("language", limit=8) or "en",
        reach=reader.text("reach", limit=LINE_LIMIT),
        safe_to_message=_safe(reader),
    )
    if reader.problems:
        raise BadForm(reader.problems)
    return intake


def _clean(value: str) -> str:
    """No control characters, no stray surrogates; line breaks stay."""
    spaced = value.replace("\r\n", "\n").replace("\t", " ")
    kept = (c for c in spaced if c == "\n" or unicodedata.category(c) not in {"Cc", "Cs"})
    return "".join(kept).strip()


def _name(reader: _Reader) -> str:
    text = reader.text("name", limit=NAME_LIMIT)
    # A name of dots or of characters nobody can see would be nobody's.
    if not any(c.isalpha() for c in people.visible(text)):
        reader.problems.setdefault("name", EMPTY_PROBLEMS["name"])
    return text


def _agreed(reader: _Reader) -> bool:
    if not reader.ticked("agreed"):
        reader.problems["agreed"] = "Tick the box once the person has agreed. We need their yes."
    return True


def _safe(reader: _Reader) -> bool:
    given = reader.given.get("safe_to_message")
    if isinstance(given, bool):
        return given
    return reader.one_of("safe_to_message", ("yes", "no"), default="yes") == "yes"


def _birth_date(reader: _Reader, today: date) -> date | None:
    text = reader.text("birth_date")
    if "birth_date" in reader.problems:
        return None
    try:
        born = date.fromisoformat(text)
    except ValueError:
        reader.problems["birth_date"] = "This is not a date in the calendar. Check the numbers."
        return None
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if born > today:
        reader.problems["birth_date"] = "The birth date must be in the past."
    elif age > OLDEST:
        reader.problems["birth_date"] = f"The birth date is more than {OLDEST} years ago."
    elif age < ADULT:
        reader.problems["birth_date"] = "This service is for people of 18 or over."
    return born


def _area(reader: _Reader) -> str:
    text = reader.text("area", limit=8).upper().replace(" ", "")
    outward = text[:-3] if len(text) > 4 else text
    if outward and not OUTWARD.fullmatch(outward):
        reader.problems["area"] = "Enter the first half of the postcode, such as LS6."
    return outward


def _phone(reader: _Reader) -> str:
    text = reader.text("phone", limit=30)
    if not text or "phone" in reader.problems:
        return ""
    try:
        number = phonenumbers.parse(text, "GB")
    except phonenumbers.NumberParseException:
        number = None
    # Possible, not valid: the ranges for tests and drama are possible but never assigned.
    if number is None or not phonenumbers.is_possible_number(number):
        reader.problems["phone"] = "Enter a phone number, such as 07700 900123."
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _email(reader: _Reader) -> str:
    text = reader.text("email")
    if text and not EMAIL.fullmatch(text):
        reader.problems["email"] = "Enter an email address, such as name@example.org."
    return text


def _nhs_number(reader: _Reader) -> str:
    text = "".join(c for c in reader.text("nhs_number", limit=20) if not c.isspace() and c != "-")
    if not text or "nhs_number" in reader.problems:
        return ""
    # Ten equal digits pass the sum (modulus 11) and are never a person's number.
    sound = text.isascii() and text.isdecimal() and is_nhs_number(text)
    if not sound or len(set(text)) == 1:
        reader.problems["nhs_number"] = (
            "Check the number: its last digit (check digit) does not fit."
        )
    return text


def _risks(reader: _Reader) -> str:
    text = reader.text("risks", limit=TEXT_LIMIT)
    none_known = reader.ticked("no_known_risks")
    if bool(text) == none_known:
        reader.problems.setdefault("risks", 'Write the risks, or tick "no known risks". Not both.')
    return text


def _needs(reader: _Reader) -> tuple[str, ...]:
    given = reader.given.get("needs") or []
    chosen = [given] if isinstance(given, str) else given
    # `in` and not a set: what came may be anything JSON can hold, also what no set can.
    if not isinstance(chosen, (list, tuple)) or any(need not in NEEDS for need in chosen):
        reader.problems["needs"] = "Choose needs from the list."
        return ()
    return tuple(dict.fromkeys(chosen))
