"""What is asked of the database that reads a large table from end to end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event

from waiting_room import db

# What grows with people and years. Staff, leases, beats and words stay as few as they are.
LARGE = "patient|search_hash|share|referral|consent|address|message|letter|check_in|check_in_plan"
SCANS = re.compile(rf"^SCAN (?:{LARGE}|alert|alert_event|inbox|audit|note|button|invitation)\b")


@contextmanager
def scans() -> Iterator[list[str]]:
    """What is asked meanwhile and reads a large table from end to end."""
    found: list[str] = []

    def look(connection: Connection, _c: Any, words: str, given: Any, _x: Any, many: bool) -> None:
        values = given[0] if many else given
        if words.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")):
            plain = connection.connection.cursor()
            plan = plain.execute(f"EXPLAIN QUERY PLAN {words}", values).fetchall()
            found.extend(f"{step[3]}: {words}" for step in plan if SCANS.match(step[3]))

    engines = (db.current().reading, db.current().writing)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", look)
    yield found
    for engine in engines:
        event.remove(engine, "before_cursor_execute", look)
