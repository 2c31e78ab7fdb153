"""What every desk page about people is given beside its own facts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from starlette.requests import Request

from waiting_room.care import alerts, people
from waiting_room.models import Provider
from waiting_room.web.desk import timeline, wording
from waiting_room.web.desk.moments import Moments


def around(request: Request, *, now: datetime) -> dict[str, Any]:
    """What every page about people needs: words, times, safe names, the ribbon on sample data."""
    provider: Provider = request.state.provider
    known: dict[str, Any] = {
        "say": wording,
        "runs": timeline.runs,
        "when": Moments(now, provider.time_zone),
        "me": request.state.staff,
        "name_of": people.shown,
        "default_nation": provider.nation,
        "outcomes": alerts.OUTCOMES,
        "close_reasons": alerts.CLOSE_REASONS,
    }
    # The ribbon of the whole site stays as it is; sample data under a real site show it too.
    return known | ({"sample": True} if provider.is_sample else {})
