"""What a room must pass before anybody relies on it: looked at in full, said in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import and_, func, or_, select, text
from sqlalchemy.orm import Session

from waiting_room import audit, crypto, db, keyring
from waiting_room.care import alerts
from waiting_room.models import Alert, Base, Patient
from waiting_room.models.alert import DRILL
from waiting_room.models.base import Sealed

OPENS, ERASED, BAD, EMPTY = "opens", "erased", "bad", "empty"


@dataclass
class Health:
    """What was found in a room."""

    sealed: int = 0
    forgotten: int = 0
    open_alerts: int = 0
    audited: int = 0
    troubles: list[str] = field(default_factory=list)


def examine() -> Health:
    """Look at everything in the database and the keyring that are open."""
    health = Health()
    with db.read() as session:
        health.troubles += _storage(session)
        health.troubles += filter(None, [audit.verify(session)])
        health.audited = audit.head(session)[0]
        _sealed_values(session, health)
        _alerts(session, health)
    return health


def _storage(session: Session) -> Iterator[str]:
    """PostgreSQL keeps its own promises; SQLite is asked whether it did."""
    if not db.current().is_sqlite:
        return
    for row in session.execute(text("PRAGMA integrity_check")):
        if row[0] != "ok":
            yield f"the database is damaged: {row[0]}"
    broken = session.execute(text("PRAGMA foreign_key_check")).all()
    if broken:
        yield f"{len(broken)} rows refer to rows that are not there, first in {broken[0][0]}"


def _sealed_values(session: Session, health: Health) -> None:
    """Every sealed value opens with its key, or its key was destroyed on purpose."""
    destroyed = keyring.current().destroyed()
    found = Counter(
        (_opens(row, name, destroyed), f"{kind.__tablename__}.{name}")
        for kind, names in _sealed_tables()
        for row in session.scalars(select(kind).execution_options(yield_per=500))
        for name in names
    )
    for (end, place), count in sorted(found.items()):
        health.sealed += count if end == OPENS else 0
        health.forgotten += count if end == ERASED else 0
        if end == BAD:
            health.troubles.append(f"{count} values of {place} do not open")


def _sealed_tables() -> Iterator[tuple[type[Base], list[str]]]:
    for mapper in Base.registry.mappers:
        names = [name for name, kind in vars(mapper.class_).items() if isinstance(kind, Sealed)]
        if names:
            yield mapper.class_, names


def _opens(row: Base, name: str, destroyed: set[bytes]) -> str:
    sealed = getattr(row, f"{name}_sealed")
    if sealed is None:
        return EMPTY
    if crypto.key_id_of(sealed) in destroyed:
        return ERASED
    try:
        return BAD if getattr(row, name) is None else OPENS
    except crypto.CannotOpen:
        return BAD


def _alerts(session: Session, health: Health) -> None:
    """While an alert is open it has a next moment; once it is closed it has none, and somebody."""
    is_open = Alert.state.in_(alerts.OPEN)
    lost = and_(is_open, Alert.due_at.is_(None))
    by_nobody = and_(Alert.closed_by.is_(None), Alert.kind != DRILL)
    half_closed = and_(Alert.state == alerts.CLOSED, or_(Alert.due_at.is_not(None), by_nobody))
    back = and_(Patient.erased_at.is_not(None), Patient.phone_sealed.is_not(None))
    count = select(func.count())
    health.open_alerts = session.scalar(count.select_from(Alert).where(is_open)) or 0
    for kind, wrong, words in (
        (Alert, lost, "open alerts have no next step"),
        (Alert, half_closed, "closed alerts have a next step, or were closed by nobody"),
        (Patient, back, "erased people still have fields"),
    ):
        if found := session.scalar(count.select_from(kind).where(wrong)):
            health.troubles.append(f"{found} {words}")
