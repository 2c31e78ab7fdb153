"""Before any dialogue: words of danger bring help lines to the person and a person to them."""

from __future__ import annotations

from bot import answering
from bot.turn import Kind, Scene, Turn, say
from waiting_room.care import alerts, danger, duty, messages, providers, screening
from waiting_room.care.colours import Colour
from waiting_room.kill_points import reached
from waiting_room.letters import Choice, Letter, Priority, one_each

CARDS = {Colour.RED: "crisis/now", Colour.AMBER: "conversation/screening-help"}
# A stranger is promised no person: nobody knows who they are or where.
STRANGERS_CARD = "crisis/now-stranger"
# Somebody else may read this phone: a card of its own, without words that could give them away.
CARDS_BY_KIND = {"abuse": "crisis/abuse"}


def screened(scene: Scene) -> bool:
    """Screen what was said; True when it raised somebody, and the person has been answered."""
    hit = screening.screen(scene.heard.text)
    if hit is None:
        return False
    # Meant for a worker even without their yes to sharing: a person at risk must be read.
    messages.for_worker(scene.message)
    alert = alerts.raise_(scene.session, _cause(scene, hit), now=scene.now)
    reached("alert raised")
    # A new dict each time: the database is told of a changed value, not of a changed inside.
    scene.message.details = scene.message.details | {"alert": alert.reference}
    if scene.heard.kind == Kind.EDIT:
        scene.message.details = scene.message.details | {"edited": True}
    answering.give(scene, Turn(answering.calmly(scene, _card(scene, hit))))
    reached("crisis answered")
    return True


def unheard_voice(scene: Scene) -> Turn:
    """A voice note nobody can screen: the lines at once, and a person to listen."""
    if scene.patient is None:
        # Nobody can be sent to a stranger, so nobody is promised.
        lines = Letter("conversation/stranger", priority=Priority.CRISIS)
        return say(lines, Letter("conversation/text-only"))
    cause = _cause(scene, danger.Hit(Colour.AMBER, "unheard voice note", "", ""))
    alerts.raise_(scene.session, cause, now=scene.now)
    return say(*answering.calmly(scene, Letter("conversation/voice", priority=Priority.CRISIS)))


def _cause(scene: Scene, hit: danger.Hit) -> alerts.Cause:
    stranger = scene.patient is None
    # Danger words of somebody we do not know go to the provider as AMBER: nobody can be sent.
    return alerts.Cause(
        Colour.AMBER if stranger else hit.colour,
        "unknown person" if stranger else hit.kind,
        patient_id=None if stranger else scene.person.id,
        address_id=scene.address.id,
        what="message",
        what_id=scene.message.id,
    )


def _card(scene: Scene, hit: danger.Hit) -> Letter:
    session, now = scene.session, scene.now
    if scene.patient is None:
        page = STRANGERS_CARD
    else:
        page = CARDS_BY_KIND.get(hit.kind, CARDS.get(hit.colour, CARDS[Colour.AMBER]))
    values = {
        "when_read": duty.when_read(session, hit.colour, now=now),
        "provider": providers.here(session).name,
    }
    choices = one_each(Choice("help_lines", "help_lines.show"))
    return Letter(page, values, choices, priority=Priority.CRISIS)
