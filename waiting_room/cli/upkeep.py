"""Commands that keep the room: keys, the audit chain, generated pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from waiting_room import audit, clock, db, keyring, settings
from waiting_room.cli.telling import AsJson, err, tell, told_plainly
from waiting_room.errors import BadInput
from waiting_room.opening import opened
from waiting_room.reports import states as state_tables

key = typer.Typer(help="The master key.", no_args_is_help=True)
audit_log = typer.Typer(help="The audit trail.", no_args_is_help=True)
STATES_PAGE = Path("docs/states.md")


@key.command("rotate")
@told_plainly
def rotate(as_json: AsJson = False) -> None:
    """Make a new master key and wrap every data key with it, while the room serves."""
    chosen = settings.load()
    with opened(chosen):
        key_id, done = keyring.rotate(keyring.current(), chosen.key_path)
        with db.write() as session:
            to = ("master key", key_id)
            audit.record(session, by=audit.SYSTEM, did="rotated the key", to=to, now=clock.now())
    sheet = keyring.sheet_of(chosen.key_path)
    words = f"{done} keys wrapped by master key {key_id}; print {sheet}"
    tell({"key_id": key_id, "wrapped": done}, words, as_json=as_json)


@audit_log.command("verify")
@told_plainly
def verify(
    anchor: Annotated[str, typer.Option(help="A head noted outside: <place>:<link>.")] = "",
    as_json: AsJson = False,
) -> None:
    """Check the whole audit chain; names the first bad row and exits 1 if there is one."""
    place, _, link = anchor.partition(":")
    if anchor and not (place.isdigit() and link):
        raise BadInput("anchor", "--anchor: write <place>:<link>, as it was noted")
    with opened(settings.load()):
        # What was written a moment ago is part of the question, so it is chained first.
        with db.write(alone="seal_audit") as session:
            while audit.seal(session, now=clock.now()):
                pass
        with db.read() as session:
            trouble = audit.verify(session, anchor=(int(place), link) if anchor else None)
            head = audit.head(session)
    facts = {"ok": not trouble, "trouble": trouble, "head": f"{head[0]}:{head[1]}"}
    tell(facts, trouble or f"the chain of {head[0]} rows is whole", as_json=as_json)
    if trouble:
        raise typer.Exit(1)


def states(
    check: Annotated[bool, typer.Option("--check", help="Compare with docs/states.md.")] = False,
) -> None:
    """Print every table of states as Markdown."""
    page = state_tables.page()
    if not check:
        print(page, end="")
    elif not STATES_PAGE.exists() or STATES_PAGE.read_text("utf-8") != page:
        err.print("docs/states.md is not current: run `make states`")
        raise typer.Exit(1)
