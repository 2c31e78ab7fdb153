"""Words of their own, answered with the pages and help lines that may fit."""

from __future__ import annotations

from collections.abc import Sequence

from bot import answering
from bot.screens import help_lines, home, talk
from bot.turn import Scene, Turn
from waiting_room import library
from waiting_room.care import readers
from waiting_room.letters import Choice, Letter, Rows, one_each

# Typed here, words that fit nothing are told how to search; elsewhere, who reads them.
PLACE = "self_care"
PAGES, LINES = 4, 2
FOUND, WITH_LINES = "conversation/found", "conversation/found-lines"
NOTHING = "conversation/nothing-found"
# Looked through for lines of the person's nation.
MOST = 20


def hear(scene: Scene) -> Turn:
    """The pages that answer these words, as buttons, and the numbers of lines that do. At the menu,
    words of somebody for whom a person is called go to that person."""
    if scene.address.place != PLACE and talk.is_awaited(scene):
        return talk.hear(scene)
    found = library.find(scene.heard.text, scene.address.language, most=MOST)
    pages = [page for page in found if page.folder == "self-care"][:PAGES]
    lines = help_lines.worded(scene, found, most=LINES)
    if lines:
        letter = Letter(WITH_LINES, {"lines": lines}, _choices(pages))
    elif pages:
        letter = Letter(FOUND, {}, _choices(pages))
    elif scene.address.place == PLACE:
        readers.found_nothing(scene.session, scene.person.id, scene.heard.text, now=scene.now)
        letter = Letter(NOTHING, choices=home.keys(), keys="menu")
    else:
        letter = Letter(home.NOT_UNDERSTOOD, choices=home.keys(), keys="menu")
    # Five lines in a row are one thing to find: they get one answer, not five.
    alike = (WITH_LINES, FOUND, NOTHING, home.NOT_UNDERSTOOD)
    return Turn(answering.calmly(scene, letter, alike=alike))


def _choices(pages: Sequence[library.Page]) -> Rows:
    names = [(page.key.partition("/")[2], page.title) for page in pages]
    read = [Choice("", f"self_care.read:{name}", text=title) for name, title in names]
    return one_each(*read, Choice("talk", "talk.show"))
