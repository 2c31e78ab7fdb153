"""Sample people for the demo, made with the room's own verbs. Marked as samples everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot import conversation
from bot.turn import Heard, Kind
from waiting_room import clock, crypto
from waiting_room.care import (
    chat_log,
    check_ins,
    conversations,
    duty,
    invitations,
    providers,
    referrals,
)
from waiting_room.care import people as records
from waiting_room.care import staff as team
from waiting_room.care.intake import Intake
from waiting_room.community import groups
from waiting_room.models import Group, Patient, Referral, Staff, new_id
from waiting_room.models.address import WEB_CHAT
from waiting_room.models.staff import ADMINISTRATOR, CASE_WORKER, COORDINATOR

BY = "sample"
PRIVACY = "We keep what you write for as long as we help you, and for 2 years after that."
TEAM = (
    ("Priya Sample", "priya@example.org", ADMINISTRATOR, ""),
    ("Kim Sample", "kim@example.org", CASE_WORKER, duty.BACKUP),
    ("Sam Sample", "sam@example.org", COORDINATOR, duty.LEAD),
)
# Name, host, place, price, and what to expect.
GROUPS = (
    ("Tuesday tea and dominoes", "Joan", "Sample Library, Headingley", "Free. Tea is 50p.",
     "We play, we chat, or we just sit. Nobody has to talk."),
    ("Walk and talk", "Amir", "Park gates, Sample Road", "Free",
     "A slow mile round the park. There are benches on the way, and we wait for everybody."),
    ("Online book chat", "Lena", "A video call from home", "Free",
     "Short books, or just the first chapter. You can keep your camera off."),
    ("Chair yoga", "Rosa", "Sample Church Hall", "£3, or £1 if money is tight",
     "Gentle moves in a chair. Wear what you like and do what you can."),
    ("Mend and make", "Bill", "Sample Street Workshop", "Free",
     "Bring something broken, or help somebody else with theirs. Tools are there."),
    ("Allotment mornings", "Grace", "Plot 9, Sample Lane", "Free. Take home what you grow.",
     "An hour of digging, watering or drinking tea in the shed. No skill needed."),
    ("Singing for fun", "Owen", "Sample Community Centre", "£2, first time free",
     "Old songs, no notes to read, no solos. You can hum."),
    ("Carers' coffee", "Asha", "Back room of the Sample Cafe", "Free. Coffee is on us.",
     "For people who look after somebody. You may bring them too."),
    ("After a loss", "Father Tom and Mary", "Sample Church Hall", "Free",
     "A quiet hour for people who miss somebody. Come as often as you like, or once."),
)  # fmt: skip
SEATS = 12


@dataclass(frozen=True)
class Doors:
    """What the demo prints: a one-time sign-in, and a link and PIN for a patient."""

    name: str
    sign_in: str
    chat: str
    pin: str


def start_the_day(session: Session) -> None:
    """A demo begins when somebody is at work: on a Sunday night no ladder climbs."""
    provider, now = providers.here(session), clock.now()
    if provider.ready_at is None and not providers.is_staffed(provider, now=now):
        clock.advance(providers.next_opening(provider, now=now) + timedelta(hours=1) - now)


def fill(session: Session, *, now: datetime) -> None:
    """Fill an empty room once; a room that has people in it is left alone."""
    provider = providers.here(session)
    if provider.is_sample or provider.ready_at is not None:
        return
    provider.is_sample = True
    contact = "hello@example.org"
    wanted = providers.SetUp(
        "Sample Street Charity", contact, "0113 496 0100", PRIVACY, expected_wait="3 to 6 weeks"
    )
    providers.set_up(session, wanted, by=BY, now=now)
    staff = _team(session, now)
    _groups(session, provider.organisation_id, now)
    _waiting(session, now)
    _silent(session, staff[0], now)
    _not_great(session, staff[0], now)
    _in_danger(session, staff[0], now)
    _writing(session, staff[0], now)


def doors(session: Session, *, now: datetime, wall: datetime) -> Doors:
    """Fresh ways in for a visitor."""
    administrator = team.by_email(session, TEAM[0][1])
    assert administrator is not None
    sign_in = team.one_time_sign_in(session, administrator, wall=wall)
    referral = _refer(session, now, name="Alex Sample", needs=("loneliness", "sleep"))
    issued = invitations.invite(session, referral, by=BY, now=now)
    return Doors(administrator.name, sign_in, issued.token, issued.pin)


def _team(session: Session, now: datetime) -> list[Staff]:
    people = []
    for name, email, role, rung in TEAM:
        person = team.add(session, name=name, email=email, role=role, by=BY, now=now)
        person.is_sample = True
        for channel in duty.channels_of(session, person.id):
            duty.prove(session, channel, now=now)
        if rung:
            duty.stand(session, person.id, rung, since=now - timedelta(days=30))
        people.append(person)
    return people


def _groups(session: Session, organisation_id: str, now: datetime) -> None:
    for number, (name, host, where, price, about) in enumerate(GROUPS, start=1):
        row = Group(
            id=new_id(),
            organisation_id=organisation_id,
            name=name,
            about=about,
            host=host,
            where=where,
            area="" if "Online" in name else "LS6",
            price=price,
            how_to_join=f"Just come along, or tell your worker and {host} will look out for you.",
            join_url="https://example.org/book-chat" if "Online" in name else "",
            seats=SEATS,
            # The fourth is full, so that the demo shows what a full group looks like.
            taken=SEATS if number == 4 else 2 * (number % 5),
            next_at=(now + timedelta(days=number)).replace(hour=14, minute=0, second=0),
            state=groups.FULL if number == 4 else groups.OPEN,
            is_sample=True,
        )
        session.add(row)


def _refer(session: Session, now: datetime, **changes: Any) -> Referral:
    facts: dict[str, Any] = {
        "birth_date": date(1958, 3, 27),
        "source": "gp",
        "reason": "Lives alone since the spring. Would like company and help with sleep.",
        "area": "LS6",
        "phone": "+447700900123",
        "email": "patient@example.org",
        "referrer": "Sample Surgery, 0113 496 0123",
        "gp_practice": "Sample Surgery",
    }
    return referrals.receive(session, Intake(**facts | changes), by=BY, now=now, is_sample=True)


class _Person:
    """A sample patient who came in through the conversation, like anybody."""

    def __init__(self, session: Session, now: datetime, days: int, **facts: Any) -> None:
        since = now - timedelta(days=days)
        self.session, self.token = session, crypto.new_token()
        self.spoken = 0
        referral = _refer(session, since, **facts)
        issued = invitations.invite(session, referral, by=BY, now=since)
        self.says("/start", since, kind=Kind.START, start=issued.token)
        for words in (issued.pin, "I am 18 or over", "Continue", *["Yes"] * 5, "Every week"):
            self.says(words, since)
        self.patient = session.get_one(Patient, referral.patient_id)
        plan = check_ins.plan_of(session, self.patient.id)
        assert plan is not None
        # The next asking is days away: a visitor who jumps sees the silence that is there already.
        plan.starts_on = (now + timedelta(days=5)).date()

    def says(self, words: str, when: datetime, *, kind: Kind = Kind.TEXT, start: str = "") -> None:
        # A few seconds between the words, so that the timeline reads like a conversation.
        self.spoken += 1
        when += timedelta(seconds=2 * self.spoken)
        heard = Heard(WEB_CHAT, self.token, kind, when, new_id(), words, start=start)
        conversation.receive(self.session, heard, now=when)
        address = conversations.address_known(self.session, WEB_CHAT, self.token)
        assert address is not None
        seen = chat_log.last(self.session, address, now=when)
        chat_log.shown(self.session, address, seen, now=when)

    def assigned(self, worker: Staff, when: datetime) -> _Person:
        referrals.assign(self.session, self.patient, worker, by=BY, now=when)
        return self


def _waiting(session: Session, now: datetime) -> None:
    facts = {"name": "Bea Sample", "birth_date": date(1990, 11, 2), "source": "self"}
    person = _Person(session, now, 24, needs=("money", "housing"), **facts)
    for days, words in ((17, "I'm OK"), (10, "I'm OK"), (3, "I'm OK")):
        person.says("How I am", now - timedelta(days=days))
        person.says(words, now - timedelta(days=days) + timedelta(minutes=2))


def _silent(session: Session, worker: Staff, now: datetime) -> None:
    """Asked yesterday, no answer yet: two days later somebody is told."""
    facts = {"name": "Col Sample", "birth_date": date(1949, 7, 9), "source": "social-care"}
    person = _Person(session, now, 40, needs=("loneliness",), **facts)
    person.assigned(worker, now - timedelta(days=20))
    person.says("How I am", now - timedelta(hours=20))
    row = check_ins.open_one(session, person.patient.id, now=now)
    assert row is not None
    row.answer_by = now + timedelta(hours=4)


def _not_great(session: Session, worker: Staff, now: datetime) -> None:
    facts = {"name": "Dee Sample", "birth_date": date(1983, 1, 15), "source": "housing"}
    person = _Person(session, now, 12, needs=("sleep",), **facts)
    person.assigned(worker, now - timedelta(days=6))
    person.says("How I am", now - timedelta(minutes=9))
    person.says("Not great", now - timedelta(minutes=8))


def _in_danger(session: Session, worker: Staff, now: datetime) -> None:
    facts = {
        "name": "Eli Sample",
        "birth_date": date(2001, 5, 30),
        "source": "friend-or-family",
    }
    person = _Person(session, now, 9, needs=("mental-health",), **facts)
    person.assigned(worker, now - timedelta(days=4))
    person.says("I can't see the point any more. I want to end my life", now - timedelta(minutes=2))


def _writing(session: Session, worker: Staff, now: datetime) -> None:
    facts = {"name": "Fay Sample", "birth_date": date(1972, 9, 4), "source": "charity"}
    person = _Person(session, now, 30, needs=("bereavement",), **facts)
    person.assigned(worker, now - timedelta(days=15))
    person.says("Talk to my worker", now - timedelta(hours=3))
    person.says("Is the Tuesday group easy to reach by bus?", now - timedelta(hours=3))
    note = "Prefers mornings. Sister visits at weekends."
    records.note(session, person.patient.id, note, by=worker.id, now=now - timedelta(days=2))
