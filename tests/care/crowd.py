"""Rows of many patients at once, written by the database itself: only their number matters."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from waiting_room.care import providers

# One row of history for each patient in every big table: nearly all of it is settled.
ROWS = {
    "patient": "(id, nation, area, time_zone, language, lock_screen_words, organisation_id, "
    "is_sample, made_at) SELECT {id}, 'england', '', 'UTC', 'en', {no}, :ours, {no}, :then",
    "address": "(id, chat_hash, channel, patient_id, language, place, made_at, dead_why) "
    "SELECT {id}, 'c' || n, 'telegram', {id}, 'en', '', :then, ''",
    "message": "(id, chat_hash, address_id, patient_id, kind, channel_message_id, told_at, at, "
    "place, is_for_worker, details) SELECT {id}, 'c' || n, {id}, {id}, "
    "CASE WHEN n % 50 = 0 THEN 'voice' ELSE 'text' END, '1', :then, :then, '', {no}, '{{}}'",
    "inbox": "(id, chat_hash, bot, update_id, state, tries, received_at, due_at, done_at) "
    "SELECT {id}, 'c' || n, 'patients', n, 'done', 0, :then, :then, :then",
    "alert": "(id, reference, colour, kind, state, patient_id, rung, rounds, ladder, raised_at, "
    "outcome, reason, due_at, closed_by) SELECT {id}, 'R' || n, 'amber', 'silence', "
    "CASE WHEN n % 100 = 0 THEN 'notifying' ELSE 'closed' END, {id}, 0, 0, '[]', :then, '', '', "
    "CASE WHEN n % 100 = 0 THEN :soon END, (SELECT min(id) FROM staff)",
    "alert_event": '(id, alert_id, verb, rung, "by", cause_kind, cause_id, details, at) '
    "SELECT {id}, {id}, 'raised', 0, 'system', 'message', {id}, '{{}}', :then",
    "letter": "(id, owner, address_id, patient_id, alert_id, channel, page, digest, language, "
    "priority, state, why, made_at, due_at, tries, fence, channel_message_id) SELECT {id}, "
    "{id}, {id}, {id}, {id}, 'telegram', 'crisis/now', 'x', 'en', n % 3, 'sent', '', :then, "
    ":then, 1, 1, ''",
    "check_in_plan": "(id, patient_id, page, every_days, starts_on, hour, minute) "
    "SELECT {id}, {id}, 'check-ins/weekly', 7, '2026-01-01', 10, 0",
    "check_in": "(id, patient_id, plan_id, local_date, slot, state, why, due_at) "
    "SELECT {id}, {id}, {id}, '2026-01-01', '10:00', "
    "CASE WHEN n % 3 = 0 THEN 'planned' ELSE 'answered' END, '', :soon",
    "audit": '(id, "by", did, to_kind, to_id, at, place, link) '
    "SELECT {id}, 'x', 'read', 'patient', {id}, :then, n + 1000000, 'x'",
}


def fill(session: Session, many: int, *, now: datetime) -> None:
    """So many patients, each with a row in every big table, and one in a hundred with an alert."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    numbers = (
        "WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < :many) "
    )
    padded = "printf('%012d', n)" if is_sqlite else "lpad(n::text, 12, '0')"
    known = {"id": f"('00000000-0000-7000-8000-' || {padded})", "no": "0" if is_sqlite else "false"}
    values: dict[str, Any] = {"many": many, "ours": providers.here(session).organisation_id}
    values |= {"then": _wire(now - timedelta(days=30), is_sqlite=is_sqlite)}
    values |= {"soon": _wire(now + timedelta(hours=1), is_sqlite=is_sqlite)}
    if not is_sqlite:
        session.execute(text("SET LOCAL statement_timeout = 0"))
    for table, columns in ROWS.items():
        into, _, what = columns.partition(" SELECT ")
        made = f"INSERT INTO {table} {into} {numbers} SELECT {what} FROM count"
        used = {name: value for name, value in values.items() if f":{name}" in made}
        session.execute(text(made.format(**known)), used)
    if not is_sqlite:
        # PostgreSQL does so by itself in a while; SQLite never does.
        session.execute(text("ANALYZE"))


def _wire(at: datetime, *, is_sqlite: bool) -> Any:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f") if is_sqlite else at
