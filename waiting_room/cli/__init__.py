"""`waiting-room …`: every command of the room."""

from __future__ import annotations

import typer

from waiting_room.cli import copies, people, running, upkeep, words
from waiting_room.cli.telling import told_plainly

app = typer.Typer(
    name="waiting-room",
    help="A virtual waiting room for social prescribing.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("serve")(told_plainly(running.serve))
app.command("demo")(told_plainly(running.demo))
app.command("clock")(told_plainly(running.show_clock))
app.command("erase")(told_plainly(people.erase))
app.command("backup")(told_plainly(copies.backup))
app.command("restore")(told_plainly(copies.restore))
app.command("danger")(told_plainly(words.danger))
app.command("states", hidden=True)(told_plainly(upkeep.states))
app.add_typer(people.staff, name="staff")
app.add_typer(people.referral, name="referral")
app.add_typer(words.content, name="content")
app.add_typer(upkeep.key, name="key")
app.add_typer(upkeep.audit_log, name="audit")
