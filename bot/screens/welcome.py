"""Coming in: the link, the PIN, 18 or over, and one plain notice.

Until the PIN is right nothing personal is shown, and every bad link looks the same.
"""

from __future__ import annotations

from unicodedata import decimal

from bot.screens import consent, home
from bot.turn import Scene, Turn, say
from waiting_room.care import alerts, invitations, providers
from waiting_room.care.colours import Colour
from waiting_room.errors import NotFound
from waiting_room.letters import Choice, Letter, one_each

PIN, AGE, NOTICE = "welcome.pin", "welcome.age", "welcome.notice"
UNDER_18 = "welcome.under_18"


def open_link(scene: Scene) -> Turn:
    """A joining link, or a bare /start. Opening it uses nothing up."""
    token = scene.heard.start
    if scene.patient is not None:
        return say(Letter("conversation/already-set-up"), home.menu()) if _is_in(scene) else Turn()
    if not token:
        return say(Letter("conversation/stranger"))
    try:
        invitation = invitations.find(scene.session, token, now=scene.now)
    except NotFound:
        _tell_about_used_link(scene, token)
        return say(Letter("conversation/bad-link"), place="")
    return say(Letter("conversation/enter-pin"), place=PIN, invitation=invitation.id)


def hear_pin(scene: Scene) -> Turn:
    """The 7 numbers. Five tries, then the link is dead and the case worker knows."""
    # Numbers of any script: a phone may type ١ for 1.
    pin = "".join(str(decimal(c)) for c in scene.heard.text if c.isdecimal())
    if len(pin) != invitations.PIN_DIGITS:
        # "I cannot find them" is no wrong PIN: it must not cost a try.
        return say(Letter("conversation/enter-pin"))
    invitation_id = (scene.address.carried or {}).get("invitation", "")
    try:
        invitations.join(scene.session, invitation_id, pin, scene.address, now=scene.now)
    except NotFound:
        return say(Letter("conversation/bad-link"), place="")
    except invitations.WrongPin as wrong:
        return _wrong_pin(scene, invitation_id, wrong.tries_left)
    return ask_age(scene)


def ask_age(scene: Scene) -> Turn:
    """This room is for adults."""
    choices = one_each(Choice("i_am_18", "welcome.age:yes"), Choice("under_18", "welcome.age:no"))
    return say(Letter("conversation/age-check", {}, choices, keys="answers"), place=AGE)


def age(scene: Scene) -> Turn:
    """18 or over goes on; under 18 is told kindly where help is, and a worker is told."""
    if scene.patient is None:
        return say(Letter("conversation/stranger"))
    if scene.argument == "yes":
        return show_notice(scene)
    cause = alerts.Cause(Colour.GREEN, "says they are under 18", scene.person.id)
    alerts.raise_(scene.session, cause, now=scene.now)
    return turned_away(scene)


def turned_away(scene: Scene) -> Turn:
    """What somebody under 18 is told, however often they write."""
    return say(Letter("conversation/under-18"), place=UNDER_18)


def show_notice(scene: Scene) -> Turn:
    """One plain screen before any question: who, what it costs, no emergency service."""
    provider = providers.here(scene.session)
    values = {"provider": provider.name, "contact": provider.contact}
    choices = one_each(
        Choice("continue", "welcome.notice_read"), Choice("privacy", "my_data.privacy")
    )
    return say(Letter("conversation/notice", values, choices, keys="answers"), place=NOTICE)


def notice_read(scene: Scene) -> Turn:
    """On to the five questions."""
    if scene.patient is None:
        return say(Letter("conversation/stranger"))
    return consent.first(scene)


def _is_in(scene: Scene) -> bool:
    return not scene.address.place.startswith(("welcome.", "consent"))


def _wrong_pin(scene: Scene, invitation_id: str, tries_left: int) -> Turn:
    if tries_left > 0:
        # The try was counted in the row: a new chat with the same link has no fresh five.
        carried = {"invitation": invitation_id}
        letter = Letter("conversation/wrong-pin", {"tries_left": str(tries_left)})
        return Turn((letter,), PIN, carried)
    patient_id = invitations.patient_of(scene.session, invitation_id)
    # Somebody may be guessing, or the numbers were written down wrong: either way a person phones.
    cause = alerts.Cause(Colour.GREEN, "wrong PIN 5 times", patient_id)
    alerts.raise_(scene.session, cause, now=scene.now)
    return say(Letter("conversation/pin-locked"), place="")


def _tell_about_used_link(scene: Scene, token: str) -> None:
    """Somebody else opened a link that has an owner: the owner's worker should know."""
    used = invitations.find_used(scene.session, token)
    if used is not None and used.used_by != scene.address.id:
        cause = alerts.Cause(Colour.GREEN, "used link opened elsewhere", used.patient_id)
        alerts.raise_(scene.session, cause, now=scene.now)
