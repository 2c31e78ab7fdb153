"""Self-care pages: the ones for the person's needs first."""

from __future__ import annotations

from bot.screens import finding
from bot.turn import Scene, Turn, say
from waiting_room import library
from waiting_room.care import readers, referrals
from waiting_room.errors import NotFound
from waiting_room.letters import Choice, Letter, one_each

# As many as a phone shows without scrolling far; the others are one press away.
SHOWN = 8
MORE = "self_care.show"


def show(scene: Scene) -> Turn:
    """Some of the pages, those for this person's needs first; the argument says from where on."""
    referral = referrals.open_one(scene.session, scene.person.id)
    needs = set(referral.needs) if referral is not None else set()
    pages = library.pages_in("self-care", scene.address.language)
    pages.sort(key=lambda page: (needs.isdisjoint(page.meta.get("needs") or ()), page.title))
    first = int(scene.argument) if scene.argument.isdecimal() else 0
    some = pages[first : first + SHOWN]
    choices = [Choice("", f"self_care.read:{_name(page)}", text=page.title) for page in some]
    if pages[first + SHOWN :]:
        choices.append(Choice("more", f"self_care.show:{first + SHOWN}"))
    # Said again at once it would count as a key that was pressed twice; the next part is another.
    part = {"first": str(first)} if first else {}
    return say(Letter("conversation/self-care", part, one_each(*choices)), place=finding.PLACE)


def read(scene: Scene) -> Turn:
    """One page, and the way back to the list."""
    key = f"self-care/{scene.argument}"
    try:
        library.page(key, scene.address.language)
    # An editor may have renamed the page since the key was shown.
    except NotFound:
        return show(scene)
    asked = (
        Choice("helped", f"self_care.helped:{scene.argument}:yes"),
        Choice("not_helped", f"self_care.helped:{scene.argument}:no"),
    )
    return say(Letter(key, {}, one_each(*asked, Choice("more", "self_care.show"))))


def helped(scene: Scene) -> Turn:
    """Whether a page helped: editors learn how many said so, and never who."""
    name, _, said = scene.argument.partition(":")
    # A key made by hand, or a page that has gone since, counts nothing.
    if any(_name(page) == name for page in library.pages_in("self-care")):
        page, yes = f"self-care/{name}", said == "yes"
        readers.answered(scene.session, scene.person.id, page, helped=yes, now=scene.now)
    if said == "yes":
        return say(Letter("conversation/page-helped", {}, one_each(Choice("more", MORE))))
    more = one_each(Choice("more", MORE), Choice("talk", "talk.show"))
    return say(Letter("conversation/page-not-helped", {}, more))


def _name(page: library.Page) -> str:
    return page.key.partition("/")[2]
