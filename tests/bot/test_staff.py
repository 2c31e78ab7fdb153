"""The staff bot links accounts, gives alerts to the first who wants them, and tells nobody else."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from bot import staff
from tests import people
from waiting_room import db, library, permissions
from waiting_room.care import alerts, proofs, staff_links
from waiting_room.care.alerts import Cause
from waiting_room.care.colours import Colour
from waiting_room.models import Alert, LetterRow, Patient, Staff, StaffChannel

SAM, KIM, STRANGER = 7_234_567_891, 7_234_567_892, 7_234_567_899
numbers = count(1)


@dataclass
class Phone:
    """A worker's phone: says and presses, and reads what the outbox holds for it."""

    chat: int
    now: datetime
    kind: str = "private"
    seen: list[str] = field(default_factory=list)

    def hears(self, update: dict[str, Any]) -> str:
        """Hand an update over; returns what was answered."""
        with db.write() as session:
            staff.hear(session, {"update_id": next(numbers), **update}, now=self.now)
        return self.answer()

    def says(self, text: str) -> str:
        return self.hears({"message": self._message(text)})

    def presses(self, data: str) -> str:
        query = {"id": "1", "from": {"id": self.chat}, "message": self._message("x"), "data": data}
        return self.hears({"callback_query": query})

    def moves(self, status: str) -> str:
        head = {"chat": self._message("")["chat"], "from": {"id": self.chat}}
        return self.hears({"my_chat_member": {**head, "new_chat_member": {"status": status}}})

    def answer(self) -> str:
        """The newest letter to this chat, as it is read; "" when there is no new one."""
        with db.read() as session:
            rows = session.scalars(select(LetterRow).order_by(LetterRow.id.desc()))
            mine = [row for row in rows if row.place == str(self.chat)]
            row = mine[0] if mine else None
            if row is None or row.id in self.seen:
                return ""
            self.seen.append(row.id)
            return library.to_text(library.by_digest(session, row.digest), row.values)

    def buttons(self) -> list[str]:
        """What the buttons under the newest answer mean."""
        with db.read() as session:
            row = session.get_one(LetterRow, self.seen[-1])
            return [offer["token"] for line in row.choices["rows"] for offer in line]

    def _message(self, text: str) -> dict[str, Any]:
        chat = {"id": self.chat, "type": self.kind}
        return {"message_id": 1, "date": 0, "chat": chat, "from": {"id": self.chat}, "text": text}


@pytest.fixture
def team(room: Path, now: datetime) -> dict[str, Staff]:
    with db.write() as session:
        return people.team(session, now=now)


@pytest.fixture
def sam(team: dict[str, Staff], now: datetime) -> Phone:
    return linked(team["worker"], SAM, now)


@pytest.fixture
def kim(team: dict[str, Staff], now: datetime) -> Phone:
    return linked(team["backup"], KIM, now)


@pytest.fixture
def alert(team: dict[str, Staff], sam: Phone, now: datetime) -> Alert:
    with db.write() as session:
        person, address = people.patient(session, worker=team["worker"], now=now)
        cause = Cause(Colour.RED, "danger words", person.id, address.id)
        found = alerts.raise_(session, cause, now=now)
    sam.answer()
    return found


def linked(person: Staff, chat: int, now: datetime) -> Phone:
    """A phone that belongs to this person."""
    with db.write() as session:
        people.channel(session, person, "staff_telegram", str(chat), now=now)
    return Phone(chat, now)


def channel_of(person: Staff) -> StaffChannel:
    with db.read() as session:
        mine = (StaffChannel.staff_id == person.id, StaffChannel.kind == "staff_telegram")
        return session.scalars(select(StaffChannel).where(*mine)).one()


def code_for(person: Staff, now: datetime) -> str:
    with db.write() as session:
        return staff_links.issue_code(session, person, now=now)


@pytest.mark.parametrize("how", ["{code}", "/start {code}", " {lower} "])
def test_a_code_links_the_account(team: dict[str, Staff], now: datetime, how: str) -> None:
    code = code_for(team["worker"], now)
    said = Phone(SAM, now).says(how.format(code=code, lower=code.lower()))
    assert "linked" in said and "Sample Sam" in said
    assert channel_of(team["worker"]).place == str(SAM)


def test_a_code_that_is_wrong_used_or_old_links_nothing(
    team: dict[str, Staff], now: datetime
) -> None:
    code = code_for(team["worker"], now)
    assert "not right" in Phone(SAM, now).says("CDFGHJKM")
    assert "not right" in Phone(SAM, now + timedelta(minutes=11)).says(code)
    assert "linked" in Phone(SAM, now).says(code)
    assert "not right" in Phone(STRANGER, now).says(code)


def test_an_unknown_account_hears_one_neutral_line_whatever_it_does(
    alert: Alert, now: datetime
) -> None:
    stranger = Phone(STRANGER, now)
    line = stranger.says("Who is K7F3P?")
    assert line.startswith("This bot is for the staff of a service.")
    assert stranger.presses(f"confirm:{alert.id}") == line
    assert stranger.says("/start") == line
    with db.read() as session:
        assert session.get_one(Alert, alert.id).acknowledged_by is None


def test_groups_hear_nothing(alert: Alert, now: datetime) -> None:
    group = Phone(-100_123, now, kind="supergroup")
    assert group.says("hello") == group.presses(f"take:{alert.id}") == ""


def test_an_alert_is_taken_with_the_second_tap(
    team: dict[str, Staff], alert: Alert, sam: Phone, now: datetime
) -> None:
    assert "do you have this?" in sam.presses(f"take:{alert.id}")
    with db.read() as session:
        assert session.get_one(Alert, alert.id).state == "notifying"
    said = sam.presses(sam.buttons()[0])
    assert f"You have ALERT {alert.reference}" in said and f"/desk/alerts/{alert.id}" in said
    assert "Alex" not in said
    with db.read() as session:
        found = session.get_one(Alert, alert.id)
        assert (found.state, found.acknowledged_by) == ("acknowledged", team["worker"].id)


def test_saying_no_takes_nothing(alert: Alert, sam: Phone) -> None:
    sam.presses(f"take:{alert.id}")
    assert "stays open" in sam.presses(sam.buttons()[1])
    with db.read() as session:
        assert session.get_one(Alert, alert.id).state == "notifying"


def test_the_second_person_is_told_who_has_it(
    team: dict[str, Staff], alert: Alert, sam: Phone, kim: Phone, now: datetime
) -> None:
    with db.write() as session:
        people.lead_of(session, session.get_one(Patient, alert.patient_id), team["backup"], now=now)
    sam.presses(f"confirm:{alert.id}")
    assert "Sample Sam has this already." in kim.presses(f"confirm:{alert.id}")
    assert "You have this already." in sam.presses(f"confirm:{alert.id}")


def test_who_may_not_see_the_person_cannot_take_their_alert(
    alert: Alert, kim: Phone, now: datetime
) -> None:
    with db.write() as session:
        permissions.end_share(session, str(alert.patient_id), role="intake", now=now)
    for press in (f"take:{alert.id}", f"confirm:{alert.id}", "take:nothing", "leave:"):
        assert "no such alert" in kim.presses(press)


def test_the_person_hears_who_has_taken_it(alert: Alert, sam: Phone, now: datetime) -> None:
    with db.write() as session:
        # Words may show on this lock screen, so they come at once.
        session.execute(update(Patient).values(lock_screen_words=True))
    sam.presses(f"confirm:{alert.id}")
    assert "Sample Sam has seen your message" in Phone(7_234_567_890, now).answer()


def test_taking_an_alert_proves_the_chat(
    team: dict[str, Staff], alert: Alert, sam: Phone, now: datetime
) -> None:
    sam.now = now + timedelta(minutes=3)
    sam.presses(f"confirm:{alert.id}")
    assert channel_of(team["worker"]).proved_at == now + timedelta(minutes=3)


def test_the_button_of_a_test_proves_the_chat(
    team: dict[str, Staff], sam: Phone, kim: Phone, now: datetime
) -> None:
    with db.write() as session:
        session.execute(update(StaffChannel).values(proved_at=None))
        proofs.send_test(session, team["worker"].id, now=now)
    sam.answer()
    button = sam.buttons()[0]
    assert "too old" in kim.presses(button)
    assert channel_of(team["worker"]).proved_at is None
    assert "reaches you" in sam.presses(button)
    assert channel_of(team["worker"]).proved_at == now


def test_who_blocks_the_bot_is_not_counted_on(team: dict[str, Staff], sam: Phone) -> None:
    sam.moves("kicked")
    assert channel_of(team["worker"]).dead_why == "blocked"
    sam.moves("member")
    assert "This bot is for the staff" in sam.says("hello")


def test_a_linked_worker_who_just_writes_is_shown_the_desk(sam: Phone) -> None:
    assert "open the desk: /desk" in sam.says("Sample Alex called me")
    assert "open the desk" in sam.presses("nonsense")


def test_somebody_who_left_takes_nothing(team: dict[str, Staff], alert: Alert, sam: Phone) -> None:
    with db.write() as session:
        session.get_one(Staff, team["worker"].id).is_active = False
    assert "for the staff" in sam.presses(f"confirm:{alert.id}")
