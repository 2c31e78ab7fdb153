"""What stands around every page of the desk: the menu, who is signed in, the provider's name."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from starlette.requests import Request

from waiting_room import clock, permissions
from waiting_room.care import hours
from waiting_room.models import Provider, Staff
from waiting_room.web import demo
from waiting_room.web.desk import alive

# Words, address, and the act (permissions.ACTS) it needs; "" is for everybody.
MENU: tuple[tuple[str, str, str], ...] = (
    ("Today", "/desk", "see patients"),
    ("Find", "/desk/find", "see patients"),
    ("New referral", "/desk/referrals/new", "refer"),
    ("Words", "/desk/words", "edit words"),
    ("Staff", "/desk/staff", "look after staff"),
    ("Settings", "/desk/first-run", "set up"),
    ("My account", "/desk/me", ""),
)


def desk_context(request: Request) -> dict[str, object]:
    """The frame of a desk page. It asks nothing of the database: error pages have it too."""
    staff: Staff | None = getattr(request.state, "staff", None)
    provider: Provider | None = getattr(request.state, "provider", None)
    zone = provider.time_zone if provider else "Europe/London"
    context: dict[str, object] = {
        "layout": "layouts/desk.html",
        "staff": True,
        "home_url": "/desk",
        "when": partial(_when, zone=zone),
    }
    if provider is not None and provider.name:
        context["service"] = provider.name
    if staff is None:
        return context
    is_ready = provider is not None and provider.ready_at is not None
    return (
        context
        | demo.bar(request, zone)
        | {
            "user": staff.name,
            "alive": alive.look(request),
            "sign_out_url": "/desk/sign-out",
            "nav_items": _items(staff, request.url.path) if is_ready else [],
        }
    )


def _when(moment: datetime, *, zone: str) -> str:
    """For templates: `{{ when(alert.raised_at) }}` gives "5pm today" where the provider is."""
    return hours.in_words(moment, now=clock.now(), zone=zone)


def _items(staff: Staff, path: str) -> list[dict[str, Any]]:
    shown = [(text, href) for text, href, act in MENU if not act or permissions.can(staff, act)]
    # The longest address that begins the path is where we are; /desk begins all and is one page.
    inside = [href for _, href in shown if path == href or path.startswith(f"{href}/")]
    here = (
        path if path == "/desk" else max((h for h in inside if h != "/desk"), key=len, default="")
    )
    return [{"text": text, "href": href, "current": href == here} for text, href in shown]
