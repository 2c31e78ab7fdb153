"""Times in words: "5:30pm" in English as the NHS writes it, the custom of the country elsewhere."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time

ENGLISH = "en"
# "12am" and "12pm" are read both ways; the NHS service manual avoids them.
NAMED = {time(0): "midnight", time(12): "midday"}


def say_time(at: time, language: str = ENGLISH) -> str:
    """A time of day: "9am", "5:30pm", "midnight"; "17:30" in other languages."""
    # Nobody is told seconds, and midnight must be found whatever they are.
    at = at.replace(second=0, microsecond=0, tzinfo=None)
    locale = _locale(language)
    # Only English has this custom; "5:30pm" in a Polish sentence looks like a mistake.
    if locale.language != ENGLISH:
        return format_time(at, "short", locale=locale)
    if at in NAMED:
        return NAMED[at]
    minutes = f":{at.minute:02}" if at.minute else ""
    return f"{at.hour % 12 or 12}{minutes}{'am' if at.hour < 12 else 'pm'}"


def say_day(day: date, language: str = ENGLISH) -> str:
    """A day in full: "Monday 3 March"."""
    return format_date(day, "EEEE d MMMM", locale=_locale(language))


def say_moment(at: datetime, now: datetime, language: str = ENGLISH) -> str:
    """When that is, seen from now: "5pm" today, "Monday 9am" this week, else with the date."""
    if at.date() == now.date():
        return say_time(at.time(), language)
    if at.date() - now.date() < timedelta(days=7):
        weekday = format_date(at, "EEEE", locale=_locale(language))
        return f"{weekday} {say_time(at.time(), language)}"
    return f"{say_day(at.date(), language)}, {say_time(at.time(), language)}"


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale.parse(ENGLISH)
