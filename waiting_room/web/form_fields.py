"""What several forms share: a day in three boxes, and the nations to choose from."""

from __future__ import annotations

from datetime import date

from waiting_room.errors import BadInput
from waiting_room.pages.security import Fields

NATIONS = (
    ("england", "England"),
    ("wales", "Wales"),
    ("scotland", "Scotland"),
    ("northern-ireland", "Northern Ireland"),
)
# "27" is a year to Python, and somebody's birthday would be 2,000 years ago.
YEARS = range(1900, 2101)


def day(fields: Fields, name: str) -> date:
    """The day of a `date_field`. Raises BadInput in words for the person."""
    typed = day_typed(fields, name)
    boxes = [typed[part] for part in ("year", "month", "day")]
    try:
        found = date.fromisoformat("{:0>4}-{:0>2}-{:0>2}".format(*boxes))
    except ValueError:
        raise BadInput(name, "Enter a day, a month and a year, such as 31 3 2027.") from None
    if found.year not in YEARS:
        raise BadInput(name, "Enter the year with 4 figures, such as 2027.")
    return found


def day_typed(fields: Fields, name: str) -> dict[str, str]:
    """The three boxes as they were typed, to show them again."""
    return {part: fields.text(f"{name}-{part}") for part in ("day", "month", "year")}
