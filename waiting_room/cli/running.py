"""Commands that run the room."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from waiting_room import clock, db, keyring, settings
from waiting_room import serve as serving
from waiting_room.cli import sample
from waiting_room.cli.telling import AsJson, out, tell
from waiting_room.errors import BadInput, Refused, StartRefused
from waiting_room.opening import opened

DEMO_DOORS = """
  This is a demo with sample people. Nothing here is real.

  The desk         {desk}
                   (signs you in once, as {name}; the link works for 30 minutes)
  A patient's chat {chat}
                   (the 7 numbers it asks for: {pin})
  The referrer     {refer}

  Jump ahead in time from the bar at the top of the desk, and see silence noticed.
  Mails are written into {data}/mails. Stop with Ctrl+C. Everything is kept under {data}.
"""


def serve(
    only: Annotated[
        list[str] | None, typer.Option(help="Some roles of web, bot, scheduler and delivery.")
    ] = None,
) -> None:
    """Serve the room until told to stop."""
    roles = {role for some in only or () for role in some.split(",")}
    if roles - set(serving.ROLES):
        raise BadInput("only", f"--only: choose of {', '.join(serving.ROLES)}")
    serving.run(settings.load(), only=roles)


def demo() -> None:
    """Serve a room full of sample people; needs no account and no setting."""
    chosen = settings.load(env="demo")
    if settings.load().env == "production":
        raise StartRefused("WAITING_ROOM_ENV is production: the demo does not run there")
    with opened(chosen):
        with db.read() as session:
            sample.start_the_day(session)
        now, wall = clock.now(), clock.wall()
        with db.write() as session:
            sample.fill(session, now=now)
            doors = sample.doors(session, now=now, wall=wall)
    address = chosen.address
    words = DEMO_DOORS.format(
        desk=f"{address}/desk/link/{doors.sign_in}",
        name=doors.name,
        chat=f"{address}/chat/{doors.chat}",
        pin=doors.pin,
        refer=f"{address}/refer",
        data=chosen.data,
    )
    out.print(words, markup=False)
    serving.run(chosen)


def show_clock(
    jump: Annotated[str, typer.Option(help="Demo only: jump ahead, such as 2d or 3h.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show care time beside the wall's, or move the demo's clock."""
    chosen = settings.load()
    with opened(chosen):
        if jump and not keyring.current().sample:
            raise Refused("only a demo can jump in time")
        if jump:
            serving.Jump(chosen)(_hours(jump))
        facts = {"care": clock.now(), "wall": clock.wall(), "ahead": clock.offset()}
    words = f"care time {facts['care']:%Y-%m-%d %H:%M} UTC, the wall {facts['wall']:%Y-%m-%d %H:%M}"
    tell(facts, words, as_json=as_json)


def _hours(words: str) -> int:
    number, unit = words[:-1], words[-1:]
    # Every tick runs for each step on the way: a jump of years would never come back.
    if not number.isdigit() or unit not in {"h", "d"} or int(number) > 400:
        raise BadInput("jump", "--jump: write 3h or 2d")
    return int(
        timedelta(**{"hours" if unit == "h" else "days": int(number)}).total_seconds() / 3600
    )
