"""The tables of states as a page: docs/states.md is printed from the code that obeys them."""

from __future__ import annotations

from waiting_room import outbox
from waiting_room.care import alerts, check_ins, consent, referrals
from waiting_room.care.states import Moves
from waiting_room.community import groups
from waiting_room.editing import drafts

HEAD = """# States

Printed from the tables in the code by `make states`; do not edit. A thing is moved only along its
table, by the one function of its file.
"""
TABLES: dict[str, tuple[str, Moves]] = {
    "Referral": ("waiting_room/care/referrals.py", referrals.MOVES),
    "Consent (for each purpose)": ("waiting_room/care/consent.py", consent.MOVES),
    "Check-in": ("waiting_room/care/check_ins.py", check_ins.MOVES),
    "Alert": ("waiting_room/care/alerts.py", alerts.MOVES),
    "Letter": ("waiting_room/outbox.py", outbox.MOVES),
    "Group": ("waiting_room/community/groups.py", groups.MOVES),
    "Draft of a page": ("waiting_room/editing/drafts.py", drafts.MOVES),
}


def page() -> str:
    """The whole page, ending in one line break."""
    return HEAD + "".join(_section(*each) for each in TABLES.items())


def _section(noun: str, table: tuple[str, Moves]) -> str:
    file, moves = table
    lines = [f"\n## {noun}\n", f"`{file}`\n", "```mermaid", "stateDiagram-v2"]
    for state, after in moves.items():
        lines += [f"    {_name(state)} --> {_name(new)}" for new in sorted(after)]
    ends = sorted({new for after in moves.values() for new in after} - set(moves))
    lines += [f"    {_name(end)} --> [*]" for end in ends]
    return "\n".join([*lines, "```\n"])


def _name(state: str) -> str:
    # A hyphen ends a word in the diagram's language.
    return state.replace("-", "_")
