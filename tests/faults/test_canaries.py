"""Outside the sealed fields nothing says who is a patient, and no secret is logged (P17, P18; F30).

Personal values go in by every door of a live room that logs all it can; then they are looked for
in its log, mails, staff messages, unasked pushes, figures and the raw bytes of its files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import httpx2
import pytest
from sqlalchemy import select

from tests.bot.web_chat.site import Visitor
from tests.conftest import WEDNESDAY, close_room
from tests.fakes.bot_api import BotApi, Telephone
from tests.fakes.bot_api.sent import Sent
from tests.fakes.smtp import Mail, MailServer
from tests.faults import canaries
from tests.faults.canaries import VALUES
from tests.journeys import live
from tests.journeys.live import LiveRoom
from tests.web.conftest import Browser
from waiting_room import clock, db
from waiting_room.care import referrals
from waiting_room.care import staff as team_verbs
from waiting_room.models import Patient, Staff

pytestmark = pytest.mark.faults
PUSH = "You have a message"
YES_TO_ALL = ("I am 18 or over", "Continue", *["Yes"] * 5, "Every week")


class Story:
    """One room, a patient with a phone, one with a browser, a worker, and what must not show."""

    def __init__(self, folder: Path, api: BotApi, mail: MailServer) -> None:
        self.room = LiveRoom(folder / "data", api, mail)
        self.room.log = folder / "serve.log"
        self.team = live.furnish(self.room, WEDNESDAY)
        self.robot = api.bot(live.PATIENTS_TOKEN)
        self.values = dict(VALUES)
        self.pushed: list[str] = []
        self.clients: list[httpx2.Client] = []

    def phone(self) -> Telephone:
        person = {"first_name": VALUES["Telegram first name"]}
        person["last_name"] = VALUES["Telegram last name"]
        person["username"] = VALUES["Telegram user name"]
        return self.robot.chat(int(VALUES["Telegram chat"]), **person)

    def browser(self, *, follow: bool) -> Any:
        client = httpx2.Client(base_url=self.room.url, follow_redirects=follow, timeout=30)
        self.clients.append(client)
        return client

    def plant(self, what: str, value: str) -> str:
        """Something made by the room itself that is as secret as a name."""
        self.values[what] = value
        return value

    def places(self) -> dict[str, bytes]:
        """Everywhere a value must not be found."""
        figures = urlopen(f"{self.room.url}/metrics", timeout=5).read()
        staff = "\n".join(str(sent.json) for sent in self.sam.messages)
        return canaries.files_of(self.room.folder) | {
            "the log": self.room.log.read_bytes(),
            "mails": b"\n".join(_without_recipient(mail) for mail in self.room.mail.mails),
            "staff messages": staff.encode(),
            "pushes": "\n".join(self.pushed).encode(),
            "figures": figures,
        }

    def play(self) -> None:
        """Everything that can be said, by every door."""
        self.sam = live.link_staff(self.room, self.team["worker"], 500_001)
        self.refer_by_form()
        self.join_by_telegram()
        self.sit_down_at_the_desk()
        self.join_by_web_chat()
        self.be_pushed()
        self.talk()
        self.knock()
        self.fail()

    def refer_by_form(self) -> None:
        """A referrer fills in the public form."""
        form = Visitor(self.browser(follow=True))
        form.get("/refer")
        day, month, year = VALUES["birth date, as written"].split("/")
        typed = {
            "name": VALUES["name"], "birth_date-day": day, "birth_date-month": month,
            "birth_date-year": year, "phone": VALUES["phone"], "email": VALUES["e-mail"],
            "nhs_number": VALUES["NHS number"], "reason": VALUES["reason"],
            "risks": VALUES["risks"], "referrer": VALUES["referrer"], "source": "gp",
            "reach": f"{VALUES['how to reach them']}, {VALUES['postcode']}",
            "safe_to_message": "yes", "agreed": "yes", "needs": "loneliness",
        }  # fmt: skip
        form.post("/refer", **typed)
        assert "/refer/done/" in str(form.answer.url), form.page  # type: ignore[union-attr]
        form.get("/refer")
        form.post("/refer", **typed | {"role": VALUES["wrong form"], "name": VALUES["wrong form"]})
        assert form.status == 422

    def join_by_telegram(self) -> None:
        """Somebody referred by command opens the link."""
        issued = self.room.command(
            "referral", "add", "--name", VALUES["name, by command"], "--birth-date", "1958-03-27",
            "--agreed", "--reason", VALUES["reason, by command"], "--referrer", VALUES["referrer"],
        )  # fmt: skip
        self.alex = self.phone()
        self.alex.says(f"/start {self.plant('link', issued['token'])}")
        self.alex.wait_for("7 numbers")
        self.alex.says(self.plant("PIN", issued["pin"]))
        for label in YES_TO_ALL:
            self.alex.wait_for(partial(offers, label))
            self.alex.presses(label)
        self.alex.wait_for("You are in")

    def sit_down_at_the_desk(self) -> None:
        """The worker gets both patients, looks for one, writes a note and invites them."""
        self.desk = Browser(self.browser(follow=False))
        with db.write() as session:
            sam = session.get_one(Staff, self.team["worker"].id)
            self.patients = {str(p.name): p.id for p in session.scalars(select(Patient))}
            for patient in session.scalars(select(Patient)):
                referrals.assign(session, patient, sam, by="test", now=self.room.now())
            token = team_verbs.one_time_sign_in(session, sam, wall=clock.wall())
        assert self.desk.send(f"/desk/link/{self.plant('sign-in link', token)}").status_code == 303
        self.plant("session", self.desk.client.cookies["desk"])
        self.desk.known_token = ""
        for words in ("Quillfeather", VALUES["search"], VALUES["NHS number, with spaces"]):
            assert self.desk.send("/desk/find", query=words).status_code == 200
        self.write("Zéphyrine", "note", note=VALUES["worker's note"])
        page = self.desk.get(f"/desk/patients/{self.patients[VALUES['name']]}").text
        assert VALUES["reason"] in page and VALUES["worker's note"] in page

    def write(self, name: str, act: str, **fields: str) -> str:
        """One act of the worker on a person's page; gives the page that answers."""
        patient = next(known for whole, known in self.patients.items() if name in whole)
        answer = self.desk.send(f"/desk/patients/{patient}/{act}", **fields)
        assert answer.status_code in (200, 303), answer.text
        return str(answer.text)

    def join_by_web_chat(self) -> None:
        """The invitation is printed; the person types its numbers, and wrong words before."""
        sheet = self.write("Zéphyrine", "invite")
        link = re.search(r"/chat/([\w-]{43})", sheet)
        pin = re.search(r'desk-pin">([\d ]+)<', sheet)
        assert link and pin, sheet
        self.plant("web link", link[1])
        self.zoe = Visitor(self.browser(follow=True))
        self.zoe.get(f"/chat/{link[1]}")
        self.zoe.post(f"/chat/{link[1]}", pin=VALUES["words for numbers"])
        digits = pin[1].replace(" ", "")
        self.zoe.get(f"/chat/{link[1]}")
        self.zoe.post(f"/chat/{link[1]}", pin=self.plant("web PIN", digits))
        self.plant("web token", self.zoe.token)
        for label in YES_TO_ALL:
            self.zoe.press(label)
        self.zoe.say(VALUES["words in the web chat"])

    def be_pushed(self) -> None:
        """The worker's reply and a check-in, at hours of their own: held until Show is pressed."""
        seen = len(self.alex.messages)
        self.room.jump(minutes=5)
        # Every process looks at the clock twice a second.
        seen_by_all = clock.monotonic() + 1
        self.room.wait(lambda: clock.monotonic() > seen_by_all)
        self.write("Balthazar", "reply", text=VALUES["worker's reply"])
        self.alex.wait_for(PUSH, ever=True)
        self.room.jump(days=7, hours=1)
        self.alex.wait_for(lambda sent: len(self.alex.messages) > seen + 1, timeout=15)
        self.pushed = [sent.text for sent in self.alex.messages[seen:]]
        assert set(self.pushed) == {PUSH}
        self.alex.presses("Show")
        self.alex.wait_for(VALUES["worker's reply"])
        self.alex.wait_for("How are you today?")

    def talk(self) -> None:
        """Everything a patient can say."""
        alex = self.alex
        alex.presses("Not great")
        alex.wait_for("sorry to hear that")
        alex.presses("Say more")
        alex.wait_for("Do you want to say more?")
        alex.says(VALUES["check-in's comment"])
        alex.wait_for("Thank you")
        alex.presses("Talk to my worker")
        alex.wait_for(1)
        number = alex.says(VALUES["words"])
        alex.wait_for(1)
        alex.edits(number, VALUES["edited words"])
        alex.sends_photo(VALUES["photo's caption"])
        alex.wait_for(1)
        alex.sends("voice", caption=VALUES["voice note's caption"])
        alex.wait_for(1)
        alex.says(f"I want to kill myself {VALUES['words in danger']}")
        alex.wait_for("116 123")
        self.stranger(7_100_000_001)
        self.room.mail.wait_for(lambda mail: "RED" in mail.text)
        self.sam.wait_for("RED")

    def stranger(self, number: int) -> None:
        """Somebody nobody knows, in danger: their alert goes out by every channel."""
        chat = self.robot.chat(number)
        chat.says(f"I will end my life {VALUES['words of a stranger']}")
        chat.wait_for("116 123")

    def knock(self) -> None:
        """The worker writes to somebody whose page is closed."""
        self.write("Zéphyrine", "reply", text=VALUES["worker's reply"])
        self.room.jump(hours=1)
        self.room.mail.wait_for(lambda mail: mail.subject == PUSH)

    def fail(self) -> None:
        """A wrong password, updates that make no sense, forms of nobody's making."""
        stranger = Browser(self.browser(follow=False))
        typed = {"email": VALUES["sign-in"], "password": VALUES["password"]}
        assert stranger.send("/desk/sign-in", **typed).status_code == 422
        words = VALUES["poisoned update"]
        alex = {"id": self.alex.id, "type": "private", "first_name": "Wilhelmina"}
        for broken in ({"text": words}, {"text": {"a": words}, "chat": alex}):
            self.alex.raw({"message": {"message_id": 9, "from": alex, **broken}})
        alex_says = {"chat": alex, "text": words, "message_id": words}
        self.alex.raw({"edited_message": alex_says})
        self.room.wait(lambda: b"an update failed" in self.room.log.read_bytes())
        web = self.browser(follow=False)
        for path in (f"/desk/patients/{words}", f"/chat/{words}", f"/{words}", f"/refer/{words}"):
            assert web.get(path).status_code in (303, 404)
        assert web.post("/refer", content=words.encode()).status_code == 403
        assert web.post(f"/telegram/{words}", content=words.encode()).status_code == 404


def offers(label: str, sent: Sent) -> bool:
    """Whether a message came with this button or key."""
    return label in sent.labels + sent.keys


def _without_recipient(mail: Mail) -> bytes:
    """A mail as it came, but for the line that says who it is for: that is how it arrives."""
    return re.sub(rb"(?m)^To: .*$", b"", mail.raw)


@pytest.fixture
def story(demo_room: Path, tmp_path: Path, api: BotApi, mail: MailServer) -> Iterator[Story]:
    live.copy_founded(demo_room, tmp_path / "data")
    story = Story(tmp_path, api, mail)
    story.room.start()
    yield story
    for client in story.clients:
        client.close()
    story.room.stop()
    close_room()


def test_nothing_personal_and_no_secret_shows(story: Story, mail: MailServer) -> None:
    room = story.room
    closed = live.free_port()
    story.play()
    planted = story.values
    assert len(planted) >= 40
    assert canaries.scan(planted, story.places()) == []

    # Once more, with every secret there is, and everything outside broken.
    room.stop()
    room.extra = {name: url.format(port=closed) for name, url in canaries.SECRETS.items()}
    room.start()
    story.stranger(7_100_000_002)
    room.wait(lambda: b"did not leave" in room.log.read_bytes())
    room.kill()
    log = {"the log": room.log.read_bytes()}
    assert canaries.scan(planted, log | canaries.files_of(room.folder)) == []
    assert canaries.scan(canaries.secrets_of(room.folder), log) == []


def test_the_scan_finds_what_is_planted(tmp_path: Path) -> None:
    """A control: each value, in each spelling, in the middle of other bytes."""
    for number, (what, value) in enumerate(VALUES.items()):
        for spelling, written in canaries.spellings(value):
            place = tmp_path / f"{number}-{spelling}"
            place.write_bytes(b"\x00before" + written + b"after\xff")
            found = canaries.scan({what: value}, canaries.files_of(tmp_path))
            assert any(f"{place.name} (" in hit for hit in found), (what, spelling)
            place.unlink()
