"""Commands that copy the room and put it back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from waiting_room import clock, settings
from waiting_room.backups.take import take
from waiting_room.cli.telling import AsJson, err, tell
from waiting_room.errors import BadInput, StorageRefused
from waiting_room.opening import opened
from waiting_room.restoring import putting_back, unpacking
from waiting_room.restoring.putting_back import Restored
from waiting_room.restoring.unpacking import Copy

GAP = """
What was said after {made} is lost: messages, answers, alerts and how they ended, and who said stop.
Erasures are kept. Telegram does not send again what it delivered. {held} letters are held back and
leave only when somebody sends them; {climbing} alerts were open and call again once you serve.
Before you serve: switch off again whoever left since. Everybody signs in anew."""


def backup(
    to: Annotated[Path | None, typer.Option(help="A folder; else the one in the settings.")] = None,
    as_json: AsJson = False,
) -> None:
    """Copy the room into a folder while it serves: the data and its keys, in two sealed files."""
    chosen = settings.load()
    folder = to or chosen.backup_folder
    if folder is None:
        raise BadInput("to", "--to: name a folder, or set WAITING_ROOM_BACKUP_FOLDER")
    with opened(chosen):
        done = take(folder, wall=clock.wall())
    words = f"{done.rows} rows in {done.size / 1e6:.1f} MB: {done.data} and {done.keys.name}"
    facts = {"data": done.data, "keys": done.keys, "rows": done.rows, "bytes": done.size}
    tell(facts, words, as_json=as_json)


def restore(
    file: Annotated[Path, typer.Argument(help="A data-….backup.", show_default=False)],
    keys: Annotated[Path | None, typer.Option(help="Its keys; else the newest beside it.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Only try it, elsewhere.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of a room.")] = False,
    moving: Annotated[
        bool, typer.Option("--moving", help="The room was stopped first: nothing is lost.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put the room back from a copy, into the database of the settings, whichever kind it is."""
    chosen, copy = settings.load(), unpacking.find(file, keys)
    try:
        if verify:
            done = putting_back.verify(copy, chosen)
        else:
            done = putting_back.restore(copy, chosen, replace=replace, moving=moving)
    except OSError as trouble:
        raise StorageRefused(f"{trouble.filename or 'storage'}: {trouble.strerror}") from trouble
    gap = GAP.format(made=f"{copy.made:%d %B %Y, %H:%M} UTC", **vars(done.owed))
    words = _words(copy, done) + ("" if verify or moving else gap)
    if done.aside:
        words += f"\nThe room that was there lies in {done.aside}: delete it when all is well."
    tell(_facts(copy, done), words, as_json=as_json)
    if done.health.troubles:
        err.print("waiting-room: " + "; ".join(done.health.troubles), markup=False)
        raise typer.Exit(1)


def _words(copy: Copy, done: Restored) -> str:
    health = done.health
    found = "with trouble" if health.troubles else "and everything is in order"
    return (
        f"{copy.data.name} is {_age(copy)} old. It holds {done.rows} rows, {found}.\n"
        f"{health.sealed} sealed values open; {health.forgotten} of erased people do not.\n"
        f"{health.audited} acts are chained in the audit trail. Open alerts: {health.open_alerts}."
    )


def _age(copy: Copy) -> str:
    age = clock.wall() - copy.made
    if age < timedelta(hours=2):
        return f"{age.total_seconds() / 60:.0f} minutes"
    return f"{age.total_seconds() / 3600:.0f} hours" if age.days < 2 else f"{age.days} days"


def _facts(copy: Copy, done: Restored) -> dict[str, Any]:
    health = vars(done.health) | {"ok": not done.health.troubles}
    return {"made": copy.made.isoformat(), "rows": done.rows, **health, **vars(done.owed)}
