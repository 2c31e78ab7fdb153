"""Where I am: who sent me, since when, who holds it, what comes next, an honest range."""

from __future__ import annotations

from bot.screens import home
from bot.turn import Scene, Turn, say
from waiting_room import library
from waiting_room.care import referrals
from waiting_room.letters import Letter


def show(scene: Scene) -> Turn:
    """The story of this wait. Without a range we say that we do not know yet."""
    wait = referrals.wait_of(scene.session, scene.person, now=scene.now)
    if wait is None:
        return say(Letter("conversation/no-wait", choices=home.keys(), keys="menu"))
    language = scene.address.language
    step = "next_with_worker" if wait.has_worker else "next_without_worker"
    values = {
        "referred_by": library.phrase(f"from_{wait.source}", language),
        "referred_on": wait.referred_on,
        "waiting_since": wait.waiting_since,
        "holder": wait.holder,
        "next_step": library.phrase(step, language),
        "range": wait.range,
    }
    # A range nobody measured would be believed, and broken.
    page = "conversation/my-wait" if wait.range else "conversation/my-wait-no-range"
    return say(Letter(page, values))
