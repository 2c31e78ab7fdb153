"""Commands about people: staff, referrals, being forgotten."""

from __future__ import annotations

from typing import Annotated

import typer

from waiting_room import audit, clock, db, settings
from waiting_room.care import erasure, intake, invitations, referrals
from waiting_room.care import staff as team
from waiting_room.cli.telling import AsJson, tell, told_plainly
from waiting_room.errors import NotFound
from waiting_room.models.staff import ADMINISTRATOR
from waiting_room.opening import opened

staff = typer.Typer(help="People who help: add one, or let one in again.", no_args_is_help=True)
referral = typer.Typer(help="Referrals by command.", no_args_is_help=True)
COMMAND = "command line"


@staff.command("add")
@told_plainly
def add(
    email: str,
    name: Annotated[str, typer.Option(help="Full name, as colleagues and patients see it.")],
    role: Annotated[
        str, typer.Option(help="administrator, coordinator, worker or editor.")
    ] = ADMINISTRATOR,
    as_json: AsJson = False,
) -> None:
    """Add a staff member; prints the one-time link where they choose password and code."""
    chosen = settings.load()
    with opened(chosen), db.write() as session:
        now, wall = clock.now(), clock.wall()
        person = team.add(session, name=name, email=email, role=role, by=COMMAND, now=now)
        token = team.welcome_link(session, person, wall=wall)
    _tell_link(chosen.address, person.id, token, as_json=as_json)


@staff.command("reset")
@told_plainly
def reset(email: str, as_json: AsJson = False) -> None:
    """A lost password or code: signs the person out everywhere and prints a new one-time link."""
    chosen = settings.load()
    with opened(chosen), db.write() as session:
        person = team.by_email(session, email)
        if person is None:
            raise NotFound("there is no staff member with this e-mail")
        now, wall = clock.now(), clock.wall()
        token = team.reset(session, person, by=COMMAND, now=now, wall=wall)
    _tell_link(chosen.address, person.id, token, as_json=as_json)


@referral.command("add")
@told_plainly
def refer(
    name: Annotated[str, typer.Option(prompt=True)],
    birth_date: Annotated[str, typer.Option(prompt=True, help="Such as 1958-03-27.")],
    reason: Annotated[str, typer.Option(prompt=True)],
    referrer: Annotated[str, typer.Option(prompt=True, help="Who refers, and how to reach them.")],
    source: Annotated[str, typer.Option(help=", ".join(intake.SOURCES))] = "other",
    phone: str = "",
    email: str = "",
    nhs_number: str = "",
    area: Annotated[str, typer.Option(help="First half of the postcode.")] = "",
    risks: Annotated[str, typer.Option(help='Left out: "no known risks".')] = "",
    agreed: Annotated[bool, typer.Option(help="The person agreed to be referred.")] = False,
    by_post: Annotated[bool, typer.Option(help="The link lives 21 days, not 72 hours.")] = False,
    as_json: AsJson = False,
) -> None:
    """Refer somebody and invite them: prints the link and the PIN. Pass them on apart."""
    given: dict[str, object] = {
        "name": name, "birth_date": birth_date, "reason": reason, "referrer": referrer,
        "source": source, "phone": phone, "email": email, "nhs_number": nhs_number, "area": area,
        "risks": risks, "no_known_risks": not risks, "agreed": agreed,
    }  # fmt: skip
    chosen = settings.load()
    with opened(chosen), db.write() as session:
        now = clock.now()
        checked = intake.check(given, today=now.date())
        row = referrals.receive(session, checked, by=COMMAND, now=now)
        issued = invitations.invite(session, row, by=COMMAND, now=now, by_post=by_post)
    link, telegram = chosen.joining_link(issued.token), chosen.telegram_link(issued.token)
    facts = {"reference": row.reference, "link": link, "pin": issued.pin, "token": issued.token}
    facts["telegram"] = telegram
    also = f"or by Telegram {telegram}\n" if telegram else ""
    words = f"reference {row.reference}\nlink {link}\n{also}PIN  {issued.pin}"
    words += "  (pass it on another way)"
    tell(facts, words, as_json=as_json)


def erase(
    patient_id: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget a person: their words, their fields, and the key that could read them."""
    if not yes:
        typer.confirm("This cannot be undone. Erase this person?", abort=True)
    with opened(settings.load()):
        now = clock.now()
        with db.write() as session:
            erasure.erase(session, patient_id, by=audit.SYSTEM, now=now)
        with db.write() as session:
            erasure.finish(session, now=now)
    tell(
        {"erased": patient_id}, "erased; no copy of the data can be read any more", as_json=as_json
    )


def _tell_link(address: str, staff_id: str, token: str, *, as_json: bool) -> None:
    link = f"{address}/desk/welcome/{token}"
    words = f"{link}\nworks once, for 24 hours: choose a password and a code there"
    tell({"staff_id": staff_id, "link": link}, words, as_json=as_json)
