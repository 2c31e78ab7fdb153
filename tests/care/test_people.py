"""Finding somebody without reading anybody, and showing a name that cannot do harm."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import people as sample
from waiting_room import db
from waiting_room.care import conversations, people
from waiting_room.errors import BadInput
from waiting_room.models import Address, Note, Patient, SearchHash


def _patient(session: Session, now: datetime, **changes: object) -> Patient:
    return session.get_one(Patient, sample.referral(session, now=now, **changes).patient_id)


def _found(session: Session, query: str) -> list[str]:
    """The names of those whose record has every hash of the query."""
    hashes = people.search(query)
    wanted = select(Patient)
    for kind, hashed in hashes:
        fits = (SearchHash.kind == kind, SearchHash.hash == hashed)
        wanted = wanted.where(Patient.id.in_(select(SearchHash.patient_id).where(*fits)))
    return sorted(p.name for p in session.scalars(wanted)) if hashes else []


FOUND_BY = [
    ("al", ["Sample Alex"]),
    ("Ale", ["Sample Alex"]),
    ("ALEX", ["Sample Alex"]),
    ("alexander", []),
    ("sample", ["Sample Alex", "Sample Łucja-Mária O'Dare"]),
    ("samp", ["Sample Alex", "Sample Łucja-Mária O'Dare"]),
    ("sam al", ["Sample Alex"]),
    ("alex sample", ["Sample Alex"]),
    ("maria", ["Sample Łucja-Mária O'Dare"]),
    ("mária", ["Sample Łucja-Mária O'Dare"]),
    ("o'dare", ["Sample Łucja-Mária O'Dare"]),
    ("da łu", ["Sample Łucja-Mária O'Dare"]),
    ("27/3/1958", ["Sample Alex"]),
    ("27.03.1958", ["Sample Alex"]),
    ("1958-03-27", ["Sample Alex"]),
    ("07700 900123", ["Sample Alex"]),
    ("+44 7700 900123", ["Sample Alex"]),
    ("999 000 0018", ["Sample Alex"]),
    ("999\u00a0000\u00a00018", ["Sample Alex"]),
    ("alex 9990000018", ["Sample Alex"]),
    ("a", []),
    ("", []),
    ("+", []),
    ("!?", []),
    ("42", []),
]


def test_people_are_found_by_beginnings_and_numbers(room: Path, now: datetime) -> None:
    other = {"name": "Sample Łucja-Mária O'Dare", "birth_date": date(1990, 5, 1), "phone": ""}
    with db.write() as session:
        _patient(session, now, nhs_number="9990000018")
        _patient(session, now, **other)
        session.flush()
        assert [(query, _found(session, query)) for query, _ in FOUND_BY] == FOUND_BY


def test_a_changed_record_is_found_by_what_it_says_now(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient = _patient(session, now)
        patient.name = "Sample Robin"
        people.remember(session, patient)
        session.flush()
        assert _found(session, "alex") == []
        assert _found(session, "robin") == ["Sample Robin"]


def test_the_index_says_nothing_by_itself(room: Path, now: datetime) -> None:
    with db.write() as session:
        _patient(session, now)
        session.flush()
        kept = " ".join(session.scalars(select(SearchHash.hash))).casefold()
        assert "alex" not in kept and "1958" not in kept and "7700" not in kept


@pytest.mark.parametrize(
    ("changes", "alike"),
    [
        ({}, ["born", "name", "phone"]),
        ({"phone": "", "name": "Alexandra Sample"}, ["born", "name"]),
        ({"name": "Somebody Else"}, ["born", "phone"]),
        ({"name": "Somebody Else", "phone": ""}, []),
        ({"birth_date": date(1960, 1, 1)}, []),
    ],
)
def test_records_that_may_be_the_same_person(
    room: Path, now: datetime, changes: dict[str, object], alike: list[str]
) -> None:
    with db.write() as session:
        one, other = _patient(session, now), _patient(session, now, **changes)
        session.flush()
        assert people.look_alikes(session, other) == ([one] if alike else [])
        if alike:
            assert sorted(people.what_matches(one, other)) == alike


def test_one_nhs_number_is_one_person(room: Path, now: datetime) -> None:
    with db.write() as session:
        number = {"nhs_number": "9990000018"}
        one = _patient(session, now, **number)
        new = {"name": "New Name", "birth_date": date(1958, 3, 28), "phone": ""}
        other = _patient(session, now, **number, **new)
        session.flush()
        assert people.look_alikes(session, other) == [one]
        assert people.what_matches(one, other) == ["nhs"]
        one.erased_at = now
        assert people.look_alikes(session, other) == []
        one.name = one.birth_date = one.phone = one.nhs_number = None
        assert people.what_matches(one, other) == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Sample Alex", "Sample Alex"),
        ("Sample\nAlex\t", "Sample Alex"),
        ("Sample\u2028Alex", "Sample Alex"),
        ("\u202exelA elpmaS", "xelA elpmaS"),
        ("A\u200b\u200d\u2066lex", "Alex"),
        ("Al\x00\x1b[31mex", "Al[31mex"),
        ("Al\ud83dex\ue000\uffff", "Alex"),
        ("<b>Alex</b> {{ name }}", "<b>Alex</b> {{ name }}"),
        ("\u200b\u200e", "(no name)"),
        ("", "(no name)"),
        (None, "(no name)"),
    ],
)
def test_a_name_is_shown_without_what_nobody_sees(name: str | None, shown: str) -> None:
    assert people.shown(name) == shown


def test_we_call_people_by_their_first_name(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient = _patient(session, now)
        assert people.first_name(patient) == "Sample"
        patient.name = None
        assert people.first_name(patient) == ""
        assert people.first_name(None) == ""


def test_letters_go_where_a_person_was_heard_last(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, first = sample.patient(session, now=now)
        second = conversations.address(session, "web_chat", "t", now=now + timedelta(hours=1))
        second.patient_id = patient.id
        session.flush()
        assert people.address_of(session, patient.id) is second
        first.heard_at = now + timedelta(hours=2)
        session.flush()
        assert people.address_of(session, patient.id) is first
        conversations.bury(first, "blocked", now=now)
        session.flush()
        assert people.address_of(session, patient.id) is second
        assert set(people.addresses(session, patient.id)) == {first, second}
        assert len(session.scalars(select(Address)).all()) == 2


def test_a_note_is_for_colleagues_and_has_a_limit(room: Path, now: datetime) -> None:
    with db.write() as session:
        worker = sample.staff(session, now=now)
        patient = _patient(session, now)
        people.note(session, patient.id, "  Likes chess. ", by=worker.id, now=now)
        for text in ("", "  ", "n" * 4_001):
            with pytest.raises(BadInput):
                people.note(session, patient.id, text, by=worker.id, now=now)
        assert [row.text for row in session.scalars(select(Note))] == ["Likes chess."]
