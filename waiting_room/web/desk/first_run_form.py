"""The long form of the first run: from the provider to fields, and back to what is wanted."""

from __future__ import annotations

from typing import Any

from waiting_room.care import duty, providers
from waiting_room.models import Provider
from waiting_room.pages.security import Fields
from waiting_room.web import form_fields

Typed = dict[str, Any]

SPANS, STEPS = 3, 3
PLAIN = (
    "name",
    "contact",
    "phone",
    "nation",
    "privacy_text",
    "lawful_basis",
    "expected_wait",
)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NATIONS = form_fields.NATIONS
RUNGS = (
    (duty.WORKER, "the person's own worker"),
    (duty.BACKUP, "backup"),
    (duty.LEAD, "duty lead"),
    (duty.ON_CALL, "on call"),
    (duty.EVERYBODY, "everybody"),
)
COLOURS = (
    ("red", "Words of danger. Minutes count."),
    ("amber", "A bad answer, a voice note nobody has heard, a wish for contact."),
    ("green", "A task: no answer to a check-in, a letter that could not be delivered."),
)
BASES = (
    ("Public task, and health or social care", "UK GDPR Articles 6(1)(e) and 9(2)(h)"),
    ("Legitimate interests, and health or social care", "UK GDPR Articles 6(1)(f) and 9(2)(h)"),
    ("Consent", "UK GDPR Articles 6(1)(a) and 9(2)(a)"),
)
BASES_CHOICES = tuple((f"{words} ({law})", words, law) for words, law in BASES)


def of_provider(provider: Provider | None) -> Typed:
    """What the form shows at first: what is stored, else the defaults."""
    typed: Typed = {name: getattr(provider, name, "") for name in PLAIN}
    typed["nation"] = typed["nation"] or "england"
    hours = provider.staffed_hours if provider else providers.WEEKDAYS_9_TO_5
    typed["spans"] = [_span(hours, place) for place in range(SPANS)]
    ladders = provider.ladders if provider else providers.LADDERS
    typed["ladders"] = {colour: _steps(ladders[colour]) for colour, _ in COLOURS}
    # Only on the first day: later a saved setting must not put anybody back on a rung.
    typed["i_lead"] = provider is None or provider.ready_at is None
    return typed


def typed(fields: Fields) -> Typed:
    """What came back, as it was typed."""
    found: Typed = {name: fields.text(name) for name in PLAIN}
    found["spans"] = [
        {
            "days": fields.texts(f"days_{place}"),
            "from": fields.text(f"from_{place}"),
            "to": fields.text(f"to_{place}"),
        }
        for place in range(SPANS)
    ]
    found["ladders"] = {colour: _typed_steps(fields, colour) for colour, _ in COLOURS}
    found["i_lead"] = bool(fields.text("i_lead"))
    return found


def wanted(typed: Typed) -> providers.SetUp:
    """What these fields ask for. Nothing is checked here."""
    plain = {name: typed[name] for name in PLAIN}
    used = [span for span in typed["spans"] if span["days"] or span["from"] or span["to"]]
    spans = tuple(span | {"days": [_number(day) for day in span["days"]]} for span in used)
    ladders = {
        colour: [
            {"rung": step["rung"], "minutes": _number(step["minutes"])}
            for step in steps
            if step["rung"]
        ]
        for colour, steps in typed["ladders"].items()
    }
    return providers.SetUp(**plain, staffed_hours=spans, ladders=ladders)


def _span(hours: list[Any], place: int) -> dict[str, Any]:
    if place >= len(hours):
        return {"days": [], "from": "", "to": ""}
    span: dict[str, Any] = hours[place]
    return span | {"days": [str(day) for day in span["days"]]}


def _steps(ladder: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return (ladder + [{"rung": "", "minutes": ""}] * STEPS)[:STEPS]


def _typed_steps(fields: Fields, colour: str) -> list[dict[str, str]]:
    return [
        {
            "rung": fields.text(f"{colour}_rung_{place}"),
            "minutes": fields.text(f"{colour}_minutes_{place}"),
        }
        for place in range(STEPS)
    ]


def _number(text: str) -> int:
    # What is no number becomes one that is refused by name further down.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else -1
