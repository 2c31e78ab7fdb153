"""The one organisation that runs this room, and what it settled on its first day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from waiting_room import audit
from waiting_room.care import hours
from waiting_room.errors import BadForm
from waiting_room.models import Organisation, Provider, new_id

RUNGS = ("worker", "backup", "duty lead", "on call", "everybody")
EMPTY_PROBLEMS = {
    "name": "Enter the name of your organisation.",
    "contact": "Enter a contact for questions and complaints.",
    "privacy_text": "Enter your own words for the privacy page.",
}
LONGEST_STEP = 7 * 24 * 60
NAME_LIMIT = 200
WEEKDAYS_9_TO_5: list[dict[str, Any]] = [{"days": [0, 1, 2, 3, 4], "from": "09:00", "to": "17:00"}]
# Only to start with; a provider sets its own. Open alerts keep the copy they were raised with.
LADDERS: dict[str, list[dict[str, Any]]] = {
    "red": [
        {"rung": "worker", "minutes": 5},
        {"rung": "backup", "minutes": 5},
        {"rung": "duty lead", "minutes": 5},
    ],
    "amber": [
        {"rung": "worker", "minutes": 30},
        {"rung": "backup", "minutes": 30},
        {"rung": "duty lead", "minutes": 30},
    ],
    "green": [
        {"rung": "worker", "minutes": 480},
        {"rung": "backup", "minutes": 480},
        {"rung": "duty lead", "minutes": 480},
    ],
}


@dataclass(frozen=True)
class SetUp:
    """What the first-run page asks for."""

    name: str
    contact: str
    phone: str
    privacy_text: str
    lawful_basis: str = ""
    nation: str = "england"
    time_zone: str = "Europe/London"
    expected_wait: str = ""
    staffed_hours: tuple[dict[str, Any], ...] = tuple(WEEKDAYS_9_TO_5)
    ladders: dict[str, list[dict[str, Any]]] | None = None


def current(session: Session) -> Provider | None:
    """The provider, or None before anything was set up."""
    return session.get(Provider, 1)


def here(session: Session) -> Provider:
    """The provider of this room. Every process makes sure there is one before it serves."""
    provider = session.get(Provider, 1)
    if provider is None:
        raise LookupError("this room has no provider yet")
    return provider


def found(session: Session, *, now: datetime, name: str = "") -> Provider:
    """Make the provider's row on the very first start; the first-run page fills it in."""
    provider = session.get(Provider, 1)
    if provider is not None:
        return provider
    organisation = Organisation(id=new_id(), name=name, is_provider=True)
    session.add(organisation)
    session.flush()
    provider = Provider(
        id=1,
        organisation_id=organisation.id,
        name=name,
        staffed_hours=WEEKDAYS_9_TO_5,
        ladders=LADDERS,
    )
    session.add(provider)
    session.flush()
    audit.record(session, by=audit.SYSTEM, did="founded", to=("provider", "1"), now=now)
    return provider


def set_up(session: Session, wanted: SetUp, *, by: str, now: datetime) -> Provider:
    """Store what the first-run page was told; raises BadForm with every field that is wrong."""
    problems = _problems(wanted)
    if problems:
        raise BadForm(problems)
    provider = found(session, now=now, name=wanted.name)
    for field in ("name", "contact", "phone", "privacy_text", "lawful_basis", "nation"):
        setattr(provider, field, getattr(wanted, field).strip())
    provider.time_zone, provider.expected_wait = wanted.time_zone, wanted.expected_wait
    provider.staffed_hours = [_tidy(span) for span in wanted.staffed_hours]
    provider.ladders = wanted.ladders or provider.ladders or LADDERS
    provider.ready_at = provider.ready_at or now
    organisation = session.get_one(Organisation, provider.organisation_id)
    organisation.name = provider.name
    audit.record(session, by=by, did="set up", to=("provider", "1"), now=now)
    return provider


def is_staffed(provider: Provider, *, now: datetime) -> bool:
    """Whether somebody is at work at this provider now."""
    zone, nation = provider.time_zone, provider.nation
    return hours.is_staffed(now, provider.staffed_hours, zone=zone, nation=nation)


def next_opening(provider: Provider, *, now: datetime) -> datetime:
    """When staffed hours start next."""
    zone, nation = provider.time_zone, provider.nation
    return hours.next_opening(now, provider.staffed_hours, zone=zone, nation=nation)


def after_staffed(provider: Provider, worked: timedelta, *, now: datetime) -> datetime:
    """When this provider has worked for so long from now on, in UTC."""
    zone, nation = provider.time_zone, provider.nation
    return hours.after_staffed(now, worked, provider.staffed_hours, zone=zone, nation=nation)


def opening_words(provider: Provider, *, now: datetime) -> str:
    """The next opening as people say it."""
    opening = next_opening(provider, now=now)
    return hours.in_words(opening, now=now, zone=provider.time_zone)


def _problems(wanted: SetUp) -> dict[str, str]:
    empty = [field for field in EMPTY_PROBLEMS if not getattr(wanted, field).strip()]
    problems = {field: EMPTY_PROBLEMS[field] for field in empty}
    if len(wanted.name) > NAME_LIMIT:
        problems["name"] = f"Use {NAME_LIMIT} characters or fewer."
    if not wanted.staffed_hours:
        problems["staffed_hours"] = "Enter the hours in which somebody is at work."
    elif not all(_is_span(span) for span in wanted.staffed_hours):
        problems["staffed_hours"] = "Choose days, and an end after the start: 09:00 to 17:00."
    if wanted.nation not in hours.SUBDIVISION:
        problems["nation"] = "Choose England, Wales, Scotland or Northern Ireland."
    if not hours.is_zone(wanted.time_zone):
        problems["time_zone"] = "Enter a time zone, such as Europe/London."
    return problems | _ladder_problems(wanted.ladders or {})


def _ladder_problems(ladders: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    problem = "{}: each step needs somebody, and 1 minute to 7 days."
    # An empty ladder would raise an alert that nobody is ever told of.
    wrong = [c for c in ladders if c not in LADDERS or not ladders[c]]
    wrong += [c for c, steps in ladders.items() if not all(map(_is_step, steps))]
    return {f"ladder_{colour}": problem.format(colour.upper()) for colour in wrong}


def _is_step(step: dict[str, Any]) -> bool:
    minutes = step.get("minutes")
    return step.get("rung") in RUNGS and type(minutes) is int and 1 <= minutes <= LONGEST_STEP


def _tidy(span: dict[str, Any]) -> dict[str, Any]:
    # Spans are compared as text, so "0900" must become "09:00".
    start, end = (time.fromisoformat(span[name]) for name in ("from", "to"))
    return {"days": sorted(span["days"]), "from": f"{start:%H:%M}", "to": f"{end:%H:%M}"}


def _is_span(span: dict[str, Any]) -> bool:
    if not span["days"] or not set(span["days"]) <= set(range(7)):
        return False
    try:
        return time.fromisoformat(span["from"]) < time.fromisoformat(span["to"])
    except (ValueError, TypeError):  # TypeError: only one of the two names its zone
        return False
