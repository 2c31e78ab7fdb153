"""The person: their record, how to find it again, and where they are reached."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from waiting_room import audit, keyring
from waiting_room.errors import BadInput
from waiting_room.models import Address, Note, Patient, SearchHash, new_id

# A search by the first letters needs these hashes; each length gives a little more away (decision
# 2).
BEGINNINGS = (2, 3, 4)
NOTE_LIMIT = 4_000
DAY_FIRST = re.compile(r"(\d{1,2})[/. -](\d{1,2})[/. -](\d{4})")
YEAR_FIRST = re.compile(r"\d{4}-\d{2}-\d{2}")
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
# Letters by Unicode's tables, and nothing at all to the eye.
BLANK = "\u115f\u1160\u2800\u3164\uffa0"
# How long after its last sign of life a web-chat page still counts as open.
LIVE_PAGE_SECONDS = 90


def enter(
    session: Session,
    *,
    name: str,
    birth_date: date,
    organisation_id: str,
    now: datetime,
    is_sample: bool = False,
) -> Patient:
    """A new person's record. Further fields are set by the caller before `remember`."""
    patient = Patient(
        id=new_id(),
        name=name,
        birth_date=birth_date.isoformat(),
        organisation_id=organisation_id,
        made_at=now,
        is_sample=is_sample,
    )
    session.add(patient)
    session.flush()
    return patient


def remember(session: Session, patient: Patient) -> None:
    """Store the keyed hashes by which this person is found again, and nobody is read."""
    session.execute(delete(SearchHash).where(SearchHash.patient_id == patient.id))
    for kind, hashed in hashes(patient):
        session.add(SearchHash(patient_id=patient.id, kind=kind, hash=hashed))


def hashes(patient: Patient) -> list[tuple[str, str]]:
    """The keyed hashes that stand for this person: (kind, hash)."""
    return [(kind, _hash(kind, words)) for kind, words in _findable(patient)]


def search(query: str) -> list[tuple[str, str]]:
    """The hashes a person's record must have to be found by these words: (kind, hash)."""
    number = _number(query)
    if number:
        return [number]
    found = []
    for word in _tokens(query):
        digits = "".join(c for c in word if c.isdigit())
        if len(digits) == 10 and digits == word:
            found.append(("nhs", _hash("nhs", digits)))
        elif word.isalpha() and len(word) >= min(BEGINNINGS):
            kind = "name" if len(word) > max(BEGINNINGS) else "start"
            found.append((kind, _hash(kind, word)))
    return found


def _number(query: str) -> tuple[str, str] | None:
    """A query that is one number as a whole: a birth date, an NHS number or a phone."""
    dated, written = DAY_FIRST.fullmatch(query.strip()), YEAR_FIRST.fullmatch(query.strip())
    if dated:
        return "born", _hash("born", f"{dated[3]}-{dated[2]:0>2}-{dated[1]:0>2}")
    if written:
        return "born", _hash("born", written[0])
    digits = "".join(c for c in query if not c.isspace() and c not in "-()")
    if not digits.removeprefix("+").isdigit():
        return None
    if len(digits) == 10 and digits[0] != "0":
        return "nhs", _hash("nhs", digits)
    phone = "+44" + digits[1:] if digits[0] == "0" else digits
    return "phone", _hash("phone", phone)


def look_alikes(session: Session, patient: Patient) -> list[Patient]:
    """Other records that may be the same person: same NHS number, or birth date and one more."""
    # By hash, so that nobody's record is opened to find out that it is not the same person.
    mine = {(kind, hashed) for kind, hashed in hashes(patient) if kind != "start"}
    telling = [hashed for kind, hashed in mine if kind in ("nhs", "born")]
    # First by what few share: in a large room thousands have the same first name.
    near = select(SearchHash.patient_id).where(SearchHash.hash.in_(telling))
    theirs = select(SearchHash.patient_id, SearchHash.kind, SearchHash.hash)
    theirs = theirs.where(SearchHash.patient_id.in_(near), SearchHash.patient_id != patient.id)
    kinds: dict[str, set[str]] = defaultdict(set)
    for patient_id, kind, hashed in session.execute(theirs):
        if (kind, hashed) in mine:
            kinds[patient_id].add(kind)
    same = [p for p, k in kinds.items() if "nhs" in k or ("born" in k and len(k) > 1)]
    query = select(Patient).where(Patient.id.in_(same), Patient.erased_at.is_(None))
    return list(session.scalars(query))


def what_matches(one: Patient, other: Patient) -> list[str]:
    """What two records have in common: "nhs", "name", "born", "phone"."""
    both = set(_findable(one)) & set(_findable(other))
    kinds = {kind for kind, _ in both}
    return [kind for kind in ("nhs", "name", "born", "phone") if kind in kinds]


def address_of(session: Session, patient_id: str) -> Address | None:
    """The living address this person used last, or None when nobody can write to them."""
    return addresses_of(session, [patient_id]).get(patient_id)


def addresses_of(session: Session, patient_ids: Collection[str]) -> dict[str, Address]:
    """The living address each of these people used last, by their id; who has none is absent."""
    latest = func.coalesce(Address.heard_at, Address.made_at)
    # Where they spoke last, not where they joined: people change phones.
    query = select(Address).where(Address.patient_id.in_(patient_ids), Address.dead_at.is_(None))
    rows = session.scalars(query.order_by(latest))
    return {str(row.patient_id): row for row in rows}


def addresses(session: Session, patient_id: str) -> list[Address]:
    """Every address this person ever had."""
    return list(session.scalars(select(Address).where(Address.patient_id == patient_id)))


def note(session: Session, patient_id: str, text: str, *, by: str, now: datetime) -> Note:
    """A note for colleagues. Never sent to the patient."""
    if not 0 < len(text.strip()) <= NOTE_LIMIT:
        raise BadInput("note", f"Write between 1 and {NOTE_LIMIT:,} characters.")
    row = Note(id=new_id(), patient_id=patient_id, staff_id=by, text=text.strip(), at=now)
    session.add(row)
    audit.record(session, by=by, did="wrote a note", to=("patient", patient_id), now=now)
    return row


def first_name(patient: Patient | None) -> str:
    """What we call the person; empty when the record has been erased."""
    words = visible(patient.name).split() if patient is not None and patient.name else []
    return words[0] if words else ""


def shown(name: str | None) -> str:
    """A name safe to show: no control or direction characters, "(no name)" when nothing is left."""
    return visible(name or "") or "(no name)"


def visible(name: str) -> str:
    """What eyes can see of a name, on one line; "" when that is nothing."""
    seen = "".join(" " if c in BLANK or c.isspace() else c for c in name)
    return " ".join("".join(c for c in seen if unicodedata.category(c) not in HIDDEN).split())


def _findable(patient: Patient) -> Iterable[tuple[str, str]]:
    for token in _tokens(patient.name or ""):
        yield "name", token
        for length in BEGINNINGS:
            if len(token) >= length:
                yield "start", token[:length]
    if patient.birth_date:
        yield "born", patient.birth_date
    if patient.phone:
        yield "phone", patient.phone
    if patient.nhs_number:
        yield "nhs", patient.nhs_number


def _tokens(text: str) -> set[str]:
    flat = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c if c.isalnum() else " " for c in flat if not unicodedata.combining(c))
    return set(letters.split())


def _hash(kind: str, words: str) -> str:
    return keyring.current().fingerprint("search", kind, words)
