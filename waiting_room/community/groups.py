"""Befriending groups: which are open near somebody, and when they meet next."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from waiting_room.models import Group

PROPOSED, GATHERING, OPEN, FULL, CLOSED = "proposed", "gathering", "open", "full", "closed"
LISTED = (OPEN, FULL)
MOVES = {
    PROPOSED: frozenset({GATHERING, CLOSED}),
    GATHERING: frozenset({OPEN, CLOSED}),
    OPEN: frozenset({FULL, CLOSED}),
    FULL: frozenset({OPEN, CLOSED}),
}


def near(session: Session, area: str, *, now: datetime, limit: int = 10) -> list[Group]:
    """Groups of this area and groups that meet online, the next to meet first."""
    # Without an area we do not know what is near, so everything is shown rather than nothing.
    here = or_(Group.area == area, Group.area == "") if area else Group.id.is_not(None)
    query = select(Group).where(Group.state.in_(LISTED), here, Group.next_at > now)
    return list(session.scalars(query.order_by(Group.next_at).limit(limit)))


def one(session: Session, group_id: str) -> Group | None:
    """One listed group, or None when it has closed."""
    query = select(Group).where(Group.id == group_id, Group.state.in_(LISTED))
    return session.scalar(query)


def roll_on(session: Session, *, now: datetime) -> int:
    """Groups that have met are listed with their next time; returns how many moved."""
    past = select(Group).where(Group.state.in_(LISTED), Group.next_at <= now)
    rows = session.scalars(past).all()
    for group in rows:
        # "Every 0 days", typed by a slip, would be a division by zero for every group.
        step = timedelta(days=max(group.every_days, 1))
        group.next_at += step * ((now - group.next_at) // step + 1)
    return len(rows)
