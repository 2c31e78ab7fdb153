"""What leads a room past each of its kill points, and the people of these stories."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
from sqlalchemy import select, update

from bot import inbox
from tests import people
from tests.bot.web_chat.site import Visitor
from tests.conftest import WEDNESDAY
from tests.fakes.bot_api import Telephone
from tests.faults.kept import KeptRoom
from tests.faults.ledger import DANGER
from tests.journeys import live
from tests.web.conftest import Browser
from waiting_room import audit, clock, db, outbox
from waiting_room.care import alerts, asking, check_ins, messages, rhythms
from waiting_room.care import staff as team_verbs
from waiting_room.care.alerts import Cause
from waiting_room.care.colours import Colour
from waiting_room.letters import Letter
from waiting_room.models import Address, Alert, CheckIn, LetterRow, Patient, Staff, new_id
from waiting_room.models.address import WEB_CHAT

FIRST = 7_200_000_000
EARLIER, OUTAGE = timedelta(minutes=10), timedelta(minutes=30)


class Scene:
    """A room and everybody who comes to it: patients by telephone, by browser, and a worker."""

    def __init__(self, room: KeptRoom) -> None:
        self.room = room
        self.now = WEDNESDAY
        self.robot = room.api.bot(live.PATIENTS_TOKEN)
        self._numbers = itertools.count()
        self._words = itertools.count(1)
        self.said_in_browsers: list[str] = []
        self.in_pieces = 0

    def newcomer(self, channel: str = "telegram", chat_id: str = "") -> tuple[str, str]:
        """A patient nobody wrote to yet: the chat and the patient's id."""
        number = next(self._numbers)
        chat_id = chat_id or str(FIRST + number)
        who = {"name": f"Sample Person {number}", "phone": f"+4477009{number:05}"}
        with db.write() as session:
            worker = session.get_one(Staff, self.room.team["worker"].id)
            joined: Any = {"channel": channel, "chat_id": chat_id, "worker": worker}
            patient, _ = people.patient(session, now=self.now, **joined, **who)
            return chat_id, patient.id

    def phone(self) -> Telephone:
        """A patient's telephone."""
        return self.robot.chat(int(self.newcomer()[0]), first_name="Sample")

    def browser(self) -> Visitor:
        """A patient's browser, which is in already."""
        token = secrets.token_hex(16)
        self.newcomer(WEB_CHAT, token)
        web = httpx2.Client(base_url=self.room.url, follow_redirects=True, timeout=10)
        web.cookies.set("chat", token)
        return Visitor(web)  # type: ignore[arg-type]

    def insist(self, send: Callable[[], Any]) -> Any:
        """What a person does when a page does not come: send the same again."""

        def sent() -> Any:
            try:
                return send()
            except httpx2.TransportError:
                return None

        return self.room.wait(sent)

    def writes(self) -> None:
        """Somebody writes about their day."""
        self.phone().says(f"my day {next(self._words)}")

    def cries(self) -> str:
        """Somebody writes that they are in danger; gives the patient's id."""
        chat, patient = self.newcomer()
        self.robot.chat(int(chat), first_name="Sample").says(DANGER)
        return patient

    def fills_in_a_form(self) -> None:
        """Somebody writes in a browser, and sends the form again until it is taken."""
        bea, words = self.browser(), f"my day on the web {next(self._words)}"
        self.insist(lambda: bea.get("/chat"))
        hidden = bea.hidden("/chat/say")
        form = {**hidden, "message": words}
        answer = self.insist(lambda: bea.web.post("/chat/say", data=form))
        assert answer.status_code == 200, answer.text
        self.said_in_browsers.append(words)
        bea.web.close()

    def works_at_the_desk(self) -> None:
        """A worker takes an alert, says what came of it and closes it."""
        patient = self.cries()
        find = select(Alert).where(Alert.patient_id == patient)

        def raised() -> Alert | None:
            with db.read() as session:
                return session.scalar(find)

        path = f"/desk/alerts/{self.room.wait(raised).id}"
        desk = Browser(httpx2.Client(base_url=self.room.url, timeout=10))  # type: ignore[arg-type]
        with db.write() as session:
            sam = session.get_one(Staff, self.room.team["worker"].id)
            token = team_verbs.one_time_sign_in(session, sam, wall=clock.wall())
        self.insist(lambda: desk.send(f"/desk/link/{token}"))
        desk.known_token = ""
        for act, fields in (
            ("take", {}),
            ("outcome", {"outcome": "spoke"}),
            ("close", {"close_reason": "person is safe"}),
        ):
            answer = self.insist(lambda a=act, f=fields: desk.send(f"{path}/{a}", **f))
            # Refused when the first try was stored and only its answer was lost.
            assert answer.status_code in (303, 409, 422), (act, answer.status_code, answer.text)
        desk.client.close()
        with db.read() as session:
            assert session.scalar(find).state == "closed"  # type: ignore[union-attr]

    def lets_an_alert_wait(self) -> None:
        """An alert that nobody took: its next step is due."""
        _, number = self.newcomer()
        with db.write() as session:
            cause = Cause(Colour.RED, "danger words", number)
            alert = alerts.raise_(session, cause, now=self.now)
            alert.due_at = self.now - timedelta(seconds=5)

    def chooses_a_rhythm(self, *, asked: bool = False, filled: bool = True) -> None:
        """Somebody wants to be asked today, was put down for it, or was asked a while ago."""
        _, number = self.newcomer()
        with db.write() as session:
            patient = session.get_one(Patient, number)
            plan = rhythms.choose(session, patient, "weekly", now=self.now)
            plan.starts_on, plan.hour = self.now.date(), self.now.hour
            session.flush()
            if filled or asked:
                rhythms.fill(session, now=self.now)
            if asked:
                asking.ask_due(session, now=self.now)
                late = update(CheckIn).where(CheckIn.patient_id == number)
                session.execute(late.values(answer_by=self.now - EARLIER))

    def was_not_heard(self) -> None:
        """Somebody was asked, and then the room was away."""
        self.chooses_a_rhythm(asked=True)
        with db.write() as session:
            check_ins.allow_for_outage(session, away=OUTAGE, now=self.now + OUTAGE)

    def leaves_the_page(self) -> None:
        """A letter waits for somebody whose page is not open any more."""
        token = secrets.token_hex(16)
        _, number = self.newcomer(WEB_CHAT, token)
        with db.write() as session:
            worker = session.get_one(Staff, self.room.team["worker"].id)
            patient = session.get_one(Patient, number)
            messages.reply(session, patient, "See you soon", by=worker, now=self.now)
            session.flush()
            mine = LetterRow.patient_id == number
            session.execute(update(LetterRow).where(mine).values(made_at=self.now - EARLIER))
            seen = update(Address).where(Address.patient_id == number)
            session.execute(seen.values(seen_at=self.now - EARLIER, made_at=self.now - EARLIER))

    def writes_history(self) -> None:
        """Something to be sealed."""
        with db.write() as session:
            what = ("test", new_id())
            audit.record(session, by=audit.SYSTEM, did="looked", to=what, now=self.now)

    def deletes_the_account(self) -> None:
        """A letter goes to somebody who is not there any more."""
        chat, number = self.newcomer()
        self.robot.chat(int(chat), first_name="Sample").deactivates()
        with db.write() as session:
            address = session.scalar(select(Address).where(Address.patient_id == number))
            assert address is not None
            outbox.say(session, address, Letter("conversation/goodbye"), now=self.now)

    def cannot_be_read(self) -> None:
        """An update arrives in pieces."""
        self.in_pieces += 1
        body = f'{{"update_id": {self.in_pieces}, "message": {{"chat": {{"id": {FIRST}'
        inbox.store("patients", [body.encode()], next_offset=None, now=self.now)


# Each chain is walked from a room that stands still, by one act that is done until it is through.
ACTS: dict[tuple[str, ...], Callable[[Scene], Any]] = {
    ("updates fetched", "inbox not stored", "inbox stored", "offset not moved"): Scene.writes,
    # Its second and third try, and then it takes effect.
    ("work taken", "try counted", "retry not stored"): Scene.writes,
    ("message kept", "message screened"): Scene.writes,
    ("work not marked", "work not stored", "work stored"): Scene.writes,
    # One letter, whose every next sender dies a little later.
    ("letters claimed", "claim stored", "letter in hand", "letter under way"): Scene.writes,
    ("letter sent", "mark not stored", "mark stored"): Scene.writes,
    ("alert raised", "crisis answered"): Scene.cries,
    ("mail under way",): Scene.cries,
    ("form not stored", "form stored"): Scene.fills_in_a_form,
    ("alert taken", "desk act stored", "outcome recorded", "alert closed"): (
        Scene.works_at_the_desk
    ),
    ("failure written",): Scene.deletes_the_account,
    ("letter not buried",): Scene.cannot_be_read,
}
# These come due while the room is down, and are met by its first ticks.
TICKS: dict[tuple[str, ...], Callable[[Scene], Any]] = {
    ("climb not stored", "climb stored"): Scene.lets_an_alert_wait,
    ("check-ins planned",): lambda scene: scene.chooses_a_rhythm(filled=False),
    ("check-ins asked", "asking stored"): Scene.chooses_a_rhythm,
    ("outage told",): Scene.was_not_heard,
    ("silence chased",): lambda scene: scene.chooses_a_rhythm(asked=True),
    ("knock not stored", "knock stored"): Scene.leaves_the_page,
    ("audit sealed",): Scene.writes_history,
}
BY_WEBHOOK = {("webhook heard", "webhook kept"): Scene.writes}
REACHED_BY = [point for chains in (ACTS, TICKS, BY_WEBHOOK) for chain in chains for point in chain]
