"""Times as a case worker says them: "12 minutes ago", "5pm today", "34 days"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from waiting_room.care import hours

MINUTE, HOUR, DAY = 60, 3_600, 86_400


@dataclass(frozen=True)
class Moments:
    """Words for moments, seen from now, on the clock of the provider."""

    now: datetime
    zone: str

    def span(self, since: datetime) -> str:
        """How long ago that was: "2 minutes", "1 day"."""
        seconds = max(0, int((self.now - since).total_seconds()))
        for length, unit in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
            count = seconds // length
            if count:
                return f"{count} {unit}{'' if count == 1 else 's'}"
        return ""

    def ago(self, moment: datetime) -> str:
        """When that was: "just now", "3 hours ago"."""
        span = self.span(moment)
        return f"{span} ago" if span else "just now"

    def at(self, moment: datetime) -> str:
        """The time, and the day when it is not today: "10:05am", "yesterday 4pm"."""
        here, today = hours.local(moment, self.zone), hours.local(self.now, self.zone).date()
        clock = hours.clock_words(here)
        days = (here.date() - today).days
        near = {-1: "yesterday", 0: "", 1: "tomorrow"}
        if days in near:
            return f"{near[days]} {clock}".strip()
        return f"{self.day(here.date())}, {clock}"

    def day(self, day: date | datetime) -> str:
        """A day: "Wed 11 November", with the year when it is another."""
        if isinstance(day, datetime):
            day = hours.local(day, self.zone).date()
        year = "" if day.year == hours.local(self.now, self.zone).year else f" {day.year}"
        return f"{day:%a} {day.day} {day:%B}{year}"

    def iso(self, moment: datetime) -> str:
        """For a `time` element."""
        return moment.isoformat(timespec="minutes")

    def born(self, iso: str | None) -> str:
        """A birth date with the age: "27 March 1958, 68 years old"."""
        if not iso:
            return "not known"
        born, today = date.fromisoformat(iso), hours.local(self.now, self.zone).date()
        age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        return f"{born.day} {born:%B %Y}, {age} years old"
