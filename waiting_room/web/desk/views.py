"""Every look at a record is written down."""

from __future__ import annotations

from datetime import datetime

import structlog

from waiting_room import audit, db
from waiting_room.errors import StorageRefused
from waiting_room.models import Staff

log = structlog.get_logger(__name__)


def note(staff: Staff, kind: str, record_id: str, *, now: datetime) -> None:
    """This person looked at this record. A full disk must not hide somebody in danger from their
    worker: then the log keeps what the audit could not."""
    try:
        with db.write() as session:
            audit.record(session, by=staff.id, did="viewed", to=(kind, record_id), now=now)
    except StorageRefused:
        log.warning("view not audited", by=staff.id, kind=kind, record=record_id)
