"""How often shall we ask how you are? The person chooses, and changes it when they like."""

from __future__ import annotations

from bot.screens import home
from bot.turn import Scene, Turn, say
from waiting_room.care import check_ins, consent, rhythms
from waiting_room.letters import Choice, Letter, one_each

FIRST = "rhythm.first"


def ask_first(*before: Letter) -> Turn:
    """The last question on the way in."""
    return say(*before, _question("first"), place=FIRST)


def ask_again(scene: Scene) -> Turn:
    """The same question on the way in, for somebody who wrote something else."""
    return ask_first()


def show(scene: Scene) -> Turn:
    """The same question, from the settings."""
    return say(question() if _may_write(scene) else no_contact())


def first(scene: Scene) -> Turn:
    """The rhythm they chose; then they are in."""
    _choose(scene)
    arrived = home.arrive(scene)
    return Turn((*arrived.letters, *_honest(scene)), arrived.place)


def choose(scene: Scene) -> Turn:
    """Another rhythm from now on."""
    # Pressed on an old key after a "No": that is no new yes.
    if not _may_write(scene):
        return say(no_contact())
    _choose(scene)
    changed = Letter("conversation/rhythm-changed", {}, home.keys(), keys="menu")
    return say(changed, *_honest(scene))


def question() -> Letter:
    """How often shall we ask? For somebody who is in."""
    return _question("choose")


def no_contact() -> Letter:
    """They said no to messages, so nothing is asked; and how to start again."""
    return Letter("conversation/no-check-ins", {}, one_each(Choice("resume", "stopping.resume")))


def _may_write(scene: Scene) -> bool:
    return consent.allows(scene.session, scene.person.id, consent.CONTACT)


def _honest(scene: Scene) -> tuple[Letter, ...]:
    """Whoever asks for check-ins that we will not send is told so, in words that betray nothing."""
    if scene.argument not in rhythms.RHYTHMS or scene.person.safe_to_message:
        return ()
    return (Letter("conversation/not-first"),)


def _choose(scene: Scene) -> None:
    if scene.argument in rhythms.RHYTHMS:
        rhythms.choose(scene.session, scene.person, scene.argument, now=scene.now)
    # "Not now" ends a rhythm that runs; with none there is nothing to end, and no row is made for
    # it.
    elif check_ins.plan_of(scene.session, scene.person.id) is not None:
        rhythms.end(scene.session, scene.person.id, why="not now", now=scene.now)


def _question(verb: str) -> Letter:
    offered = (*rhythms.RHYTHMS, "not_now")
    choices = one_each(*(Choice(name, f"rhythm.{verb}:{name}") for name in offered))
    if verb == "choose":
        # On the way in this is the last question; later one may just go back.
        choices += one_each(Choice("menu", "home.show"))
    return Letter("conversation/choose-rhythm", {}, choices, keys="answers")
