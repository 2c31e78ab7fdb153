"""What the desk says about copies of the room: where none are made, and which time was lost."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import Request
from sqlalchemy.orm import Session

from waiting_room import beats, clock, keyring, permissions
from waiting_room.care import aftermath
from waiting_room.models import Staff
from waiting_room.web.deps import settings_of
from waiting_room.web.desk.moments import Moments

LATE_AFTER = timedelta(hours=24)
NO_FOLDER = (
    "No copies are made of this room. If its machine is lost, everything is lost. "
    "An administrator sets WAITING_ROOM_BACKUP_FOLDER."
)
NEVER = "No copy of this room was made yet. An administrator looks at the log."
LATE = "The last copy of this room is from {at}. An administrator looks at the log."
FAILED = "The last try to copy this room failed. The newest copy is from {at}."
LOST = (
    "This room was restored from a copy. What was said from {since} until {until} is lost, also "
    "who said stop, and does not come again. Phone whoever may have written in that time."
)


def words(request: Request, session: Session, staff: Staff, *, now: datetime) -> dict[str, str]:
    """Lines for the top of the day's list; "" where there is nothing to say."""
    when = Moments(now, request.state.provider.time_zone)
    lost = aftermath.lost_time(session)
    said = {"lost": "", "copies": "", "held": ""}
    held = len(aftermath.held_for(session, staff, now=now))
    if held:
        said["held"] = f"{held} letter{'' if held == 1 else 's'} to look through"
    if lost:
        said["lost"] = LOST.format(since=when.at(lost[0]), until=when.at(lost[1]))
    # Only those who can see to it; in a demo there is nothing to lose.
    if permissions.can(staff, "look after staff") and not keyring.current().sample:
        has_folder = settings_of(request).backup_folder is not None
        said["copies"] = _about_copies(beats.all_of(session), when, has_folder=has_folder)
    return said


def _about_copies(known: dict[str, datetime], when: Moments, *, has_folder: bool) -> str:
    last, failed = known.get(beats.BACKUP), known.get(beats.BACKUP_FAILED)
    if last is None:
        return NEVER if has_folder or failed else NO_FOLDER
    if failed and failed > last:
        return FAILED.format(at=when.at(last))
    # Copies are kept on wall time, wherever care time stands.
    return LATE.format(at=when.at(last)) if clock.wall() - last > LATE_AFTER else ""
