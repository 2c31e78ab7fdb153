"""Yes or no to each of five uses, one screen each. "No" to everything is the human route."""

from __future__ import annotations

from bot.screens import home, rhythm
from bot.turn import Scene, Turn, say
from waiting_room import library
from waiting_room.care import alerts, consent, endings, providers, referrals, rhythms
from waiting_room.care.colours import Colour
from waiting_room.letters import Choice, Letter

PLACE = "consent"


def first(scene: Scene) -> Turn:
    """The first question that has no answer yet."""
    return _next(scene)


def show(scene: Scene) -> Turn:
    """All five again: choices may be changed at any time."""
    return _ask(scene, consent.PURPOSES[0], again=True)


def answer(scene: Scene) -> Turn:
    """`<purpose>:<yes|no>`, with `:again` when the person looks through their choices."""
    purpose, _, rest = scene.argument.partition(":")
    said, _, again = rest.partition(":")
    # These keys work before somebody is in, so the value may come from anybody's hand.
    if scene.patient is None or purpose not in consent.PURPOSES:
        return say(Letter("conversation/stranger"))
    was_yes = consent.allows(scene.session, scene.person.id, purpose)
    if purpose == consent.CONTACT and said != "yes":
        endings.refuse_contact(scene.session, scene.address, now=scene.now)
    else:
        consent.answer(scene.session, scene.address, purpose, yes=said == "yes", now=scene.now)
    if not again:
        return _next(scene)
    later = consent.PURPOSES[consent.PURPOSES.index(purpose) + 1 :]
    turn = _ask(scene, later[0], again=True) if later else _changed(scene)
    if purpose != consent.CONTACT or was_yes == (said == "yes"):
        return turn
    return Turn((_contact_changed(scene, yes=said == "yes"), *turn.letters), turn.place)


def hear(scene: Scene) -> Turn:
    """Typed words here: "yes" and "no" count, anything else shows the question again."""
    purpose = (scene.address.carried or {}).get("purpose") or consent.PURPOSES[0]
    # In every language we have: a person may answer in their own before they found the setting.
    said = library.all_labels().get(library.normalise_label(scene.heard.text))
    if said in {"yes", "no"}:
        scene.argument = f"{purpose}:{said}"
        return answer(scene)
    return _ask(scene, purpose)


def _contact_changed(scene: Scene, *, yes: bool) -> Letter:
    """Their word is obeyed at once, and they are told so."""
    if yes:
        rhythms.resume(scene.session, scene.person, now=scene.now)
        return Letter("conversation/resumed")
    _call_a_person(scene)
    return rhythm.no_contact()


def _next(scene: Scene) -> Turn:
    answers = consent.current(scene.session, scene.person.id)
    open_ones = [p for p in consent.PURPOSES if answers[p] == consent.NOT_ASKED]
    return _ask(scene, open_ones[0]) if open_ones else _done(scene)


def _ask(scene: Scene, purpose: str, *, again: bool = False) -> Turn:
    tail = ":again" if again else ""
    choices = (
        (
            Choice("yes", f"consent.answer:{purpose}:yes{tail}"),
            Choice("no", f"consent.answer:{purpose}:no{tail}"),
        ),
        (Choice("help_now", "help_now.show"), *((Choice("menu", "home.show"),) if again else ())),
    )
    values = {"provider": providers.here(scene.session).name}
    letter = Letter(consent.page_for(purpose), values, choices, keys="answers")
    # Looking through old choices must not bar the menu, so the place changes only on the way in.
    return say(letter, place=home.PLACE) if again else say(letter, place=PLACE, purpose=purpose)


def _done(scene: Scene) -> Turn:
    referral = referrals.open_one(scene.session, scene.person.id)
    if referral is not None and referral.state in (referrals.RECEIVED, referrals.INVITED):
        by = scene.person.id
        referrals.accept(scene.session, referral, by=by, now=scene.now)
    thanks = Letter("conversation/consent-done")
    # Whoever said no to messages is not asked how often they want them.
    if consent.allows(scene.session, scene.person.id, consent.CONTACT):
        return rhythm.ask_first(thanks)
    return _human_route(scene, thanks)


def _human_route(scene: Scene, thanks: Letter) -> Turn:
    """They said no to messages: a person phones or writes instead."""
    _call_a_person(scene)
    phone = {"provider_phone": providers.here(scene.session).phone}
    letter = Letter("conversation/no-contact", phone, home.keys(), keys="menu")
    return say(thanks, letter, place=home.PLACE)


def _call_a_person(scene: Scene) -> None:
    cause = alerts.Cause(Colour.GREEN, "said no to messages", scene.person.id)
    alerts.raise_(scene.session, cause, now=scene.now)


def _changed(scene: Scene) -> Turn:
    choices = home.keys()
    return say(Letter("conversation/consent-done", {}, choices, keys="menu"), place=home.PLACE)
