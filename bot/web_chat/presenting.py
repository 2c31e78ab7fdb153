"""What was said becomes bubbles and buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy.orm import Session

from bot.turn import Kind
from waiting_room import library
from waiting_room.care import chat_log, conversations, hours
from waiting_room.care.chat_log import Said
from waiting_room.letters import Priority, leading_to
from waiting_room.models import Address, LetterRow, Message
from waiting_room.pages.calls import with_calls

ROOM, WORKER, YOU = "room", "worker", "you"
FROM_WORKER = "conversation/from-worker"
ABUSE = "crisis/abuse"
JOINING_PAGES = {"conversation/enter-pin", "conversation/wrong-pin"}
JOINING_PLACE = "welcome.pin"
MENU = "menu"

Buttons = Sequence[Sequence[dict[str, str]]]


@dataclass(frozen=True)
class Bubble:
    """One thing said, ready to be shown; `choices` only while they may be pressed."""

    id: str
    who: str
    when: str
    iso: str
    language: str
    body: Markup | str
    choices: Buttons = ()
    calls: bool = False


@dataclass(frozen=True)
class View:
    """The chat as it stands: the bubbles, the large keys, and where the newest answer begins."""

    bubbles: list[Bubble]
    keys: Buttons
    latest: str
    language: str
    version: str
    said: Sequence[Said]

    @property
    def open_choices(self) -> str:
        """Ids of the bubbles whose buttons may still be pressed."""
        return " ".join(bubble.id for bubble in self.bubbles if bubble.choices)

    def after(self, bubble_id: str) -> list[Bubble]:
        """The bubbles a page does not have yet; all of them when it is too far behind."""
        ids = [bubble.id for bubble in self.bubbles]
        return self.bubbles[ids.index(bubble_id) + 1 :] if bubble_id in ids else self.bubbles


@dataclass(frozen=True)
class Eye:
    """For whom something is shown: their chat, their clock, and where links lead."""

    session: Session
    address: Address
    now: datetime
    site: str

    @property
    def zone(self) -> str:
        """The person's own time zone."""
        patient = conversations.patient_of(self.session, self.address)
        return patient.time_zone if patient else "Europe/London"


def view(eye: Eye) -> View:
    """The chat of this person, from what was said there last."""
    # The version first: what is said in between is then fetched once more, and never missed.
    version = chat_log.version(eye.session, eye.address, now=eye.now)
    said = chat_log.last(eye.session, eye.address, now=eye.now)
    open_now = _open(eye.session, said)
    zone = eye.zone
    bubbles = [_bubble(eye, one, zone, one.id in open_now) for one in said if _has_words(one)]
    mine = [bubble.id for bubble in bubbles if bubble.who == YOU]
    newest = (mine or [bubble.id for bubble in bubbles])[-1:]
    language, keys = eye.address.language, _keys(eye.address, said)
    return View(bubbles, keys, "".join(newest), language, version, said)


def html(eye: Eye, letter: LetterRow) -> Markup:
    """The exact words of a letter; nothing in its values can become markup."""
    values = leading_to(eye.site, letter.values or {})
    page = library.by_digest(eye.session, letter.digest)
    return with_calls(library.to_html(page, values))


def _bubble(eye: Eye, said: Said, zone: str, is_open: bool) -> Bubble:
    at, _ = chat_log.moment(said)
    here = hours.local(at, zone)
    language = eye.address.language
    when = library.say_moment(here, hours.local(eye.now, zone), language)
    if isinstance(said, Message):
        return Bubble(said.id, YOU, when, here.isoformat(), "", said.text)
    who = WORKER if said.page == FROM_WORKER else ROOM
    spoken = "" if said.language == language else said.language
    choices = _inline(said) if is_open else ()
    body, calls = html(eye, said), _calls(said)
    return Bubble(said.id, who, when, here.isoformat(), spoken, body, choices, calls)


def _has_words(said: Said) -> bool:
    """Joining is over: neither the numbers nor the asking for them is shown again."""
    if isinstance(said, LetterRow):
        return said.page not in JOINING_PAGES
    return bool(said.text) and said.kind != Kind.START and said.place != JOINING_PLACE


def _calls(letter: LetterRow) -> bool:
    """Whether the numbers stand under it as buttons: in a crisis one tap must do. Not where
    somebody may look at this phone, and another line is the right one."""
    return letter.priority == Priority.CRISIS and letter.page != ABUSE


def _inline(letter: LetterRow) -> Buttons:
    offered = letter.choices or {"rows": [], "keys": ""}
    return [] if offered["keys"] else list(offered["rows"])


def _open(session: Session, said: Sequence[Said]) -> set[str]:
    """Letters whose buttons stand: answers to the last thing said, and what came by itself and
    was not pressed yet, such as an offer. What got no answer closes nothing."""
    told = {one.made_at for one in said if isinstance(one, LetterRow)}
    heard = [chat_log.moment(one) for one in said if isinstance(one, Message) and one.at in told]
    answered = {at for at, _ in heard}
    letters = [one for one in said if isinstance(one, LetterRow) and _inline(one)]
    newest = [one for one in letters if not heard or chat_log.moment(one) > heard[-1]]
    alone = [one for one in letters if one.made_at not in answered]
    pressed = chat_log.pressed(session, alone)
    return {one.id for one in newest} | {one.id for one in alone} - pressed


def _keys(address: Address, said: Sequence[Said]) -> Buttons:
    letters = [one for one in said if isinstance(one, LetterRow)]
    rows = [one.choices["rows"] for one in letters if (one.choices or {}).get("keys")]
    menu = {"label": library.label(MENU, address.language), "token": "", "url": ""}
    return rows[-1] if rows else [[menu]]
