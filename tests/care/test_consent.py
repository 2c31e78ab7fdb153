"""Five uses of a person's data, each with their own yes or no, in the words they were shown."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests import people as sample
from waiting_room import db, library
from waiting_room.care import consent, conversations, invitations
from waiting_room.models import Address, AuditRow, Consent, Patient

DAY = timedelta(days=1)


@pytest.fixture
def joined(any_room: Path, now: datetime) -> tuple[str, str]:
    """The ids of somebody who has just joined and was asked nothing yet, and of their chat."""
    with db.write() as session:
        referral = sample.referral(session, now=now)
        issued = invitations.invite(session, referral, by="system", now=now)
        invitation = invitations.find(session, issued.token, now=now)
        chat = conversations.address(session, "telegram", "1", now=now)
        invitations.join(session, invitation.id, issued.pin, chat, now=now)
        return referral.patient_id, chat.id


def test_nobody_is_asked_at_first(joined: tuple[str, str]) -> None:
    with db.read() as session:
        found = consent.current(session, joined[0])
        assert found == dict.fromkeys(consent.PURPOSES, consent.NOT_ASKED)
        assert not consent.allows(session, joined[0], consent.CONTACT)


@pytest.mark.parametrize("purpose", consent.PURPOSES)
def test_an_answer_is_kept_with_the_words_shown(
    joined: tuple[str, str], now: datetime, purpose: str
) -> None:
    with db.write() as session:
        chat = session.get_one(Address, joined[1])
        row = consent.answer(session, chat, purpose, yes=True, now=now)
        shown = library.page(consent.page_for(purpose))
        assert (row.page, row.digest, row.language) == (shown.key, shown.digest, "en")
        assert (row.channel, row.by, row.at) == ("telegram", joined[0], now)
        assert consent.allows(session, joined[0], purpose)
        others = set(consent.PURPOSES) - {purpose}
        assert not any(consent.allows(session, joined[0], other) for other in others)


ANSWERS = [
    ([True], consent.GIVEN),
    ([False], consent.REFUSED),
    ([True, True], consent.GIVEN),
    ([True, False], consent.WITHDRAWN),
    ([True, False, False], consent.WITHDRAWN),
    ([True, False, True], consent.GIVEN),
    ([False, False], consent.REFUSED),
    ([False, True], consent.GIVEN),
]


@pytest.mark.parametrize(("said", "stands"), ANSWERS)
def test_the_newest_answer_counts_and_none_is_lost(
    joined: tuple[str, str], now: datetime, said: list[bool], stands: str
) -> None:
    with db.write() as session:
        chat = session.get_one(Address, joined[1])
        for number, yes in enumerate(said):
            consent.answer(session, chat, consent.WORKER, yes=yes, now=now + number * DAY)
        assert consent.state_of(session, joined[0], consent.WORKER) == stands
        assert len(session.scalars(select(Consent)).all()) == len(said)
        newest = consent.newest(session, joined[0], consent.WORKER)
        assert newest is not None and newest.state == stands
        audit = select(AuditRow).where(AuditRow.did.like("%consent: worker"))
        assert len(session.scalars(audit).all()) == len(said)


def test_two_answers_of_one_moment_keep_their_order(joined: tuple[str, str], now: datetime) -> None:
    with db.write() as session:
        chat = session.get_one(Address, joined[1])
        for yes in (True, False, True, False):
            consent.answer(session, chat, consent.GROUPS, yes=yes, now=now)
        assert consent.state_of(session, joined[0], consent.GROUPS) == consent.WITHDRAWN


@pytest.mark.parametrize(("before", "after"), [([], consent.REFUSED), ([True], consent.WITHDRAWN)])
def test_a_worker_takes_a_yes_back_at_the_persons_wish(
    joined: tuple[str, str], now: datetime, before: list[bool], after: str
) -> None:
    with db.write() as session:
        chat, patient = session.get_one(Address, joined[1]), session.get_one(Patient, joined[0])
        for yes in before:
            consent.answer(session, chat, consent.CONTACT, yes=yes, now=now)
        row = consent.withdraw(session, patient, consent.CONTACT, by="a worker", now=now + DAY)
        assert (row.state, row.channel, row.by) == (after, "desk", "a worker")
        again = consent.withdraw(session, patient, consent.CONTACT, by=patient.id, now=now + DAY)
        assert (again.state, again.channel) == (after, "chat")
