"""The rows of sample people, sealed by the product's own fields, without the cost of its ORM."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from benchmarks.peers.chats import FIRST_CHAT
from waiting_room import keyring, library, permissions
from waiting_room.care import check_ins, consent, conversations, people, referrals
from waiting_room.models import (
    Address,
    Alert,
    AlertEvent,
    CheckIn,
    CheckInPlan,
    Consent,
    LetterRow,
    Message,
    Patient,
    Referral,
    SearchHash,
    Share,
    new_id,
)
from waiting_room.models.base import REFERENCE_LETTERS, Base, Sealed

NOW = datetime(2025, 11, 26, 10, 0, tzinfo=UTC)
"""A Wednesday in staffed hours, and past: the moment every seed is made for."""
NEVER = datetime(2100, 1, 1, 10, 0, tzinfo=UTC)
"""When the next check-ins are due, so that no tick disturbs a figure that is not about them."""
FIRST = ("Ada", "Ben", "Cora", "Dev", "Elin", "Farah", "Glyn", "Hana", "Ivor", "Jean")
LAST = ("Sample", "Example", "Specimen", "Placeholder", "Stand-in", "Model", "Pattern", "Proof")
Rows = dict[type[Base], list[dict[str, Any]]]


@dataclass(frozen=True)
class Plenty:
    """How many patients, and how much of a past each of them has."""

    patients: int
    messages: int = 10
    letters: int = 5
    answers: int = 4


@dataclass(frozen=True)
class House:
    """What the people of a room belong to."""

    organisation_id: str
    workers: list[str]


def of_one(
    number: int, plenty: Plenty, house: House
) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    """Every row of one person."""
    patient = _patient(number, house)
    owner = patient["id"]
    yield Patient, patient
    yield from _findable(number, owner)
    state = _state(number)
    yield _referral(number, owner, state)
    yield from _shares(number, owner, state, house)
    for purpose in (consent.CONTACT, consent.WORKER):
        yield _consent(owner, purpose)
    address = _address(number, owner)
    yield Address, address
    plan = new_id()
    yield CheckInPlan, _plan(plan, owner, state)
    yield from _asked(owner, plan, plenty)
    yield from _talk(number, owner, address, plenty)
    if number % 20 == 0:
        yield from _alert(number, owner)


def owners(number: int) -> Iterable[str]:
    """The owners of keys among the rows of this person."""
    return patient_id(number), f"chat:{chat_hash(number)}"


def by_table(rows: Iterable[tuple[type[Base], dict[str, Any]]]) -> Rows:
    """The same rows, by table, those that others refer to first."""
    found: Rows = defaultdict(list)
    for kind, row in rows:
        found[kind].append(row)
    return found


def patient_id(number: int) -> str:
    """The id of the n-th person: known beforehand, and in the shape of all ids."""
    return f"0190{number:04x}"[:8] + f"-0000-7000-8000-{number:012x}"


def chat_hash(number: int) -> str:
    """The hash of the n-th person's chat."""
    return conversations.chat_hash("telegram", str(FIRST_CHAT + number))


def row(kind: type[Base], owner: str, /, **values: Any) -> dict[str, Any]:
    """A row for a bulk insert, its personal fields sealed as the product seals them."""
    draft = SimpleNamespace(id=values.pop("id", None) or new_id(), sealed_for=owner)
    draft.__tablename__ = kind.__tablename__
    for name, value in values.items():
        field = getattr(kind, name)
        if isinstance(field, Sealed):
            field.__set__(draft, value)  # type: ignore[arg-type]
        else:
            setattr(draft, name, value)
    made = vars(draft)
    del made["sealed_for"], made["__tablename__"]
    return made


def _patient(number: int, house: House) -> dict[str, Any]:
    person = patient_id(number)
    return row(
        Patient,
        person,
        id=person,
        name=_name(number),
        birth_date=_born(number),
        phone=_phone(number),
        area=f"LS{number % 30}",
        lock_screen_words=number % 2 == 0,
        organisation_id=house.organisation_id,
        made_at=NOW - timedelta(days=number % 300 + 10),
    )


def _name(number: int) -> str:
    # Every thousandth person shares both names; a syllable of one's own tells the others apart.
    own = "".join(chr(97 + number // 26**place % 26) for place in range(3))
    return f"{FIRST[number % 10]} {own.title()}{LAST[number % 8].lower()}"


def _born(number: int) -> str:
    return (date(1940, 1, 1) + timedelta(days=number * 7919 % 24_000)).isoformat()


def _phone(number: int) -> str:
    return f"+447700900{number % 1000:03}"


def _findable(number: int, owner: str) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    known = SimpleNamespace(
        name=_name(number), birth_date=_born(number), phone=_phone(number), nhs_number=None
    )
    for kind, hashed in people.hashes(known):  # type: ignore[arg-type]
        yield SearchHash, {"id": new_id(), "patient_id": owner, "kind": kind, "hash": hashed}


def _state(number: int) -> str:
    parts = (referrals.RECEIVED, referrals.INVITED, *(referrals.WAITING,) * 3)
    parts += (*(referrals.SUPPORTED,) * 3, *(referrals.CLOSED,) * 12)
    return parts[number % len(parts)]


def _referral(number: int, owner: str, state: str) -> tuple[type[Base], dict[str, Any]]:
    at = NOW - timedelta(days=number % 300 + 5, minutes=number % 1440)
    return Referral, row(
        Referral,
        owner,
        patient_id=owner,
        reference=_reference(number),
        state=state,
        source="gp",
        reason="Lives alone since spring and would like company.",
        needs=["loneliness"],
        agreed=True,
        received_at=at,
        moved_at=at,
        accepted_at=None if state in (referrals.RECEIVED, referrals.INVITED) else at,
    )


def _reference(number: int) -> str:
    letters = REFERENCE_LETTERS
    return "".join(letters[number // len(letters) ** place % len(letters)] for place in range(6))


def _shares(
    number: int, owner: str, state: str, house: House
) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    since = NOW - timedelta(days=number % 300 + 5)
    whole = {"patient_id": owner, "since": since, "until": None}
    ours = {"organisation_id": house.organisation_id, "staff_id": None}
    is_new = state in (referrals.RECEIVED, referrals.INVITED, referrals.WAITING)
    for role, why in referrals.WHO_SEES_A_NEW_PERSON.items():
        ended = None if is_new or role != permissions.INTAKE else NOW
        share = {"id": new_id(), **whole, **ours, "role": role, "why": why}
        yield Share, share | {"until": ended}
    if state == referrals.SUPPORTED:
        theirs = {"organisation_id": None, "staff_id": house.workers[number % len(house.workers)]}
        yield Share, {"id": new_id(), **whole, **theirs, "role": "lead", "why": "assigned"}


def _consent(owner: str, purpose: str) -> tuple[type[Base], dict[str, Any]]:
    page = library.page(consent.page_for(purpose))
    return Consent, row(
        Consent,
        owner,
        patient_id=owner,
        purpose=purpose,
        state=consent.GIVEN,
        page=page.key,
        digest=page.digest,
        language="en",
        channel="telegram",
        by=owner,
        at=NOW - timedelta(days=4),
    )


def _address(number: int, owner: str) -> dict[str, Any]:
    hashed = chat_hash(number)
    return row(
        Address,
        f"chat:{hashed}",
        chat_hash=hashed,
        channel="telegram",
        patient_id=owner,
        chat_id=str(FIRST_CHAT + number),
        place="home",
        made_at=NOW - timedelta(days=5),
        heard_at=NOW - timedelta(hours=number % 90 + 1),
        proved_at=NOW - timedelta(days=5),
    )


def _plan(plan: str, owner: str, state: str) -> dict[str, Any]:
    ended = NOW if state == referrals.CLOSED else None
    return row(
        CheckInPlan,
        owner,
        id=plan,
        patient_id=owner,
        every_days=7,
        starts_on=NEVER.date(),
        ended_at=ended,
    )


def _asked(owner: str, plan: str, plenty: Plenty) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    for back in range(plenty.answers):
        at = NOW - timedelta(days=7 * back + 7)
        yield CheckIn, _check_in(owner, plan, at, check_ins.ANSWERED)
    yield CheckIn, _check_in(owner, plan, NEVER, check_ins.PLANNED)


def _check_in(owner: str, plan: str, at: datetime, state: str) -> dict[str, Any]:
    done = state == check_ins.ANSWERED
    return row(
        CheckIn,
        owner,
        patient_id=owner,
        plan_id=plan,
        local_date=at.date(),
        slot="10:00",
        state=state,
        due_at=at,
        asked_at=at if done else None,
        answered_at=at + timedelta(hours=1) if done else None,
        answer="ok" if done else None,
        comment=None,
    )


def _talk(
    number: int, owner: str, address: dict[str, Any], plenty: Plenty
) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    page = library.page("conversation/not-understood")
    chat = {"address_id": address["id"], "patient_id": owner}
    for back in range(plenty.messages, 0, -1):
        at = NOW - timedelta(days=back, minutes=number % 700)
        unread = back == 1 and number % 50 == 0
        yield (
            Message,
            row(
                Message,
                f"chat:{address['chat_hash']}",
                **chat,
                chat_hash=address["chat_hash"],
                kind="text",
                text=f"I slept badly again. Can we talk on Tuesday? {back}",
                channel_message_id=str(back),
                told_at=at,
                at=at,
                place="home",
                is_for_worker=back % 5 == 1,
                read_at=None if unread or back % 5 != 1 else at,
            ),
        )
    for back in range(plenty.letters, 0, -1):
        at = NOW - timedelta(days=back, minutes=number % 700)
        yield (
            LetterRow,
            row(
                LetterRow,
                owner,
                **chat,
                owner=owner,
                channel="telegram",
                place=str(FIRST_CHAT + number),
                page=page.key,
                digest=page.digest,
                language="en",
                values={},
                choices={"rows": [], "keys": "menu"},
                priority=1,
                state="sent",
                made_at=at,
                due_at=at,
                settled_at=at,
            ),
        )


def _alert(number: int, owner: str) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    # One in a hundred of them is open: a fifth of a percent of a whole town is in trouble now.
    is_open = number % 2_000 == 0
    raised = NOW - timedelta(minutes=number % 5_000 + 1)
    alert = row(
        Alert,
        owner,
        patient_id=owner,
        reference="A" + _reference(number),
        colour=("red", "amber", "green")[number // 2_000 % 3],
        kind="check-in: need-help",
        state="acknowledged" if is_open else "closed",
        ladder=[],
        raised_at=raised,
        due_at=NEVER if is_open else None,
        closed_at=None if is_open else raised + timedelta(minutes=30),
    )
    yield Alert, alert
    for verb in ("raised", "told", "taken"):
        yield (
            AlertEvent,
            row(AlertEvent, owner, alert_id=alert["id"], verb=verb, by="system", at=raised),
        )


def ready_keys(numbers: Iterable[int]) -> None:
    """Keys for everybody in one transaction."""
    whose = [owner for number in numbers for owner in owners(number)]
    keyring.current().ready(whose, make=True)
