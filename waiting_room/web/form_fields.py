"""Fields that need reading before they mean anything: a day in three boxes."""

from __future__ import annotations

from datetime import date

from waiting_room.errors import BadInput
from waiting_room.pages.security import Fields


def day(fields: Fields, name: str) -> date:
    """The day of a `date_field`. Raises BadInput in words for the person."""
    typed = day_typed(fields, name)
    try:
        year, month, number = (int(typed[part]) for part in ("year", "month", "day"))
        return date(year, month, number)
    except ValueError:
        raise BadInput(name, "Enter a day, a month and a year, such as 31 3 2027.") from None


def day_typed(fields: Fields, name: str) -> dict[str, str]:
    """The three boxes as they were typed, to show them again."""
    return {part: fields.text(f"{name}-{part}") for part in ("day", "month", "year")}
